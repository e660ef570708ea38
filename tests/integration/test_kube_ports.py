"""The adapters of Kubernetes on a real API server, under the shipped RBAC."""

import base64
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api, CustomObjectsApi

from lab.control_plane import ControlPlane
from lab.waiting import until
from recording_storage_operator.api import names
from recording_storage_operator.core.errors import Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from recording_storage_operator.engine.storages import GuardedStorages
from recording_storage_operator.kube.connect import Connection, load_configuration
from recording_storage_operator.kube.resources import Resource
from recording_storage_operator.kube.secrets import SecretReader
from recording_storage_operator.kube.slices import SliceKind, SliceStore
from recording_storage_operator.kube.storages import StorageClient
from tests.contract.test_kube_ports import (
    NAMESPACE,
    FindContract,
    LedgerContract,
    SecretsContract,
    StoragesContract,
    World,
    annotate,
    condition,
    manifest,
    part,
    read,
    stored_slices,
    uid,
    wanting,
)

STORAGE = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
SLICE = Resource(names.GROUP, names.VERSION, names.SLICE_PLURAL, names.SLICE_KIND)
SLICES = SliceKind(SLICE, STORAGE, names.STORAGE_LABEL, names.EXPIRES_ON_LABEL)
SERVED = (names.GROUP, names.VERSION)


class RealWorld:
    """The ports as the operator's user, and an administrator who uses the official client."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.requests: Counter[str] = Counter()
        environ = {"KUBECONFIG": str(plane.operator_kubeconfig)}
        self.connection = Connection(
            lambda: load_configuration(4, environ), lambda method, _: self.requests.update([method])
        )
        self.client = StorageClient(self.connection, STORAGE, page_size=2)
        self.storages = GuardedStorages(self.client, names.FINALIZER)
        self.secrets = SecretReader(self.connection)
        self._admin = ApiClient(load_configuration(4, {"KUBECONFIG": str(plane.admin_kubeconfig)}))
        self._objects: Any = CustomObjectsApi(self._admin)
        self._core: Any = CoreV1Api(self._admin)

    def ledger(self, key: Key, uid: str) -> SliceStore:
        return SliceStore(self.connection, SLICES, key, uid, page_size=2)

    def create(self, manifest: Mapping[str, Any]) -> Key:
        namespace = manifest["metadata"]["namespace"]
        made = self._objects.create_namespaced_custom_object(*SERVED, namespace, names.PLURAL, dict(manifest))
        return Key(namespace, made["metadata"]["name"])

    def edit(self, key: Key, change: Callable[[dict[str, Any]], None]) -> None:
        obj = read(self, key)
        change(obj)
        self._objects.replace_namespaced_custom_object(*SERVED, key.namespace, names.PLURAL, key.name, obj)

    def delete(self, key: Key) -> None:
        self._objects.delete_namespaced_custom_object(*SERVED, key.namespace, names.PLURAL, key.name)

    def read(self, key: Key) -> dict[str, Any] | None:
        try:
            obj: dict[str, Any] = self._objects.get_namespaced_custom_object(
                *SERVED, key.namespace, names.PLURAL, key.name
            )
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return obj

    def read_slice(self, key: Key) -> dict[str, Any]:
        obj: dict[str, Any] = self._objects.get_namespaced_custom_object(
            *SERVED, key.namespace, names.SLICE_PLURAL, key.name
        )
        return obj

    def put_secret(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.put_raw_secret(namespace, name, encoded)

    def put_raw_secret(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        with contextlib.suppress(ApiException):
            self._core.delete_namespaced_secret(name, namespace)
        self._core.create_namespaced_secret(namespace, {"metadata": {"name": name}, "data": dict(data)})

    def delete_secret(self, namespace: str, name: str) -> None:
        self._core.delete_namespaced_secret(name, namespace)

    def make_namespace(self, name: str) -> None:
        with contextlib.suppress(ApiException):
            self._core.create_namespace({"metadata": {"name": name}})

    def close(self) -> None:
        self.connection.close()
        self._admin.close()  # type: ignore[no-untyped-call]  # the client says it is typed; this is not


@pytest.fixture(scope="module")
def real(control_plane: ControlPlane) -> Iterator[RealWorld]:
    real = RealWorld(control_plane)
    real.make_namespace(NAMESPACE)
    yield real
    real.close()


@pytest.fixture
def world(real: RealWorld) -> World:
    return real


class TestRealStorages(StoragesContract):
    """As in the contract."""


class TestRealFind(FindContract):
    """As in the contract."""


class TestRealSecrets(SecretsContract):
    """As in the contract."""


class TestRealLedger(LedgerContract):
    """As in the contract."""


def test_a_list_comes_in_chunks_and_complete(real: RealWorld) -> None:
    keys = {real.create(manifest()) for _ in range(5)}
    pages = list(real.client.pages())
    assert all(0 < len(page) <= 2 for page in pages)
    assert keys <= {Key(obj["metadata"]["namespace"], obj["metadata"]["name"]) for page in pages for obj in page}


def test_a_list_can_be_kept_to_namespaces(real: RealWorld) -> None:
    real.make_namespace("elsewhere")
    obj = manifest("apart")
    obj["metadata"]["namespace"] = "elsewhere"
    key = real.create(obj)
    client = StorageClient(real.connection, STORAGE, namespaces=["elsewhere"])
    assert [obj["metadata"]["name"] for page in client.pages() for obj in page] == [key.name]


def test_writers_at_the_same_time_lose_nothing(real: RealWorld) -> None:
    """Another writer's condition, added between our read and our write, is in what we compute from."""
    key = real.create(manifest())
    theirs = condition("TheirsAlone")

    def ours(obj: Mapping[str, Any]) -> Mapping[str, Any]:
        old = obj.get("status", {}).get("conditions", [])
        if not old:
            rival.storages.write_status(key, uid(real, key), wanting({"conditions": [theirs]}))
        return {"conditions": [*old, condition("Ready")]}

    rival = RealWorld(real.plane)
    try:
        assert real.storages.write_status(key, uid(real, key), ours) is True
    finally:
        rival.close()
    assert [each["type"] for each in read(real, key)["status"]["conditions"]] == ["TheirsAlone", "Ready"]


def test_a_status_against_the_schema_is_refused_once_and_says_why(real: RealWorld) -> None:
    key = real.create(manifest())
    real.requests.clear()
    with pytest.raises(Terminal, match=r"status\.backend\.observed") as raised:
        real.storages.write_status(key, uid(real, key), wanting({"backend": {"desired": "S3", "observed": "Nowhere"}}))
    assert raised.value.reason is Reason.KUBERNETES_REFUSED
    assert real.requests == {"GET": 1, "PATCH": 1}


def test_a_slice_carries_its_owner_its_labels_and_its_day(real: RealWorld) -> None:
    key = real.create(manifest())
    real.ledger(key, uid(real, key)).write(part(f"{key.name}-x", entries=2))
    obj = real.read_slice(Key(NAMESPACE, f"{key.name}-x"))
    assert obj["metadata"]["labels"] == {names.STORAGE_LABEL: key.name, names.EXPIRES_ON_LABEL: "2026-04-10"}
    assert obj["metadata"]["ownerReferences"] == [
        {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "name": key.name,
            "uid": uid(real, key),
            "controller": True,
        }
    ]
    assert {name: obj[name] for name in ("day", "count", "fromTwilio", "fromS3", "oldestDeletion")} == {
        "day": "2026-04-10",
        "count": 2,
        "fromTwilio": 1,
        "fromS3": 1,
        "oldestDeletion": "2026-03-01T12:00:00Z",
    }


def test_slices_go_with_their_owner(real: RealWorld) -> None:
    """The cluster's garbage collector takes them; the operator need not."""
    key = real.create(manifest())
    ledger = real.ledger(key, uid(real, key))
    ledger.write(part(f"{key.name}-x", entries=1))
    real.delete(key)
    until(lambda: not stored_slices(ledger), timeout=60, what="slices collected")


def test_a_secret_value_that_is_no_text_counts_as_missing(real: RealWorld) -> None:
    real.put_raw_secret(NAMESPACE, "binary", {"blob": base64.b64encode(b"\xff\xfe").decode(), "text": "b2s="})
    secret = real.secrets.get(NAMESPACE, "binary")
    assert secret is not None
    assert secret.values == {"text": "ok"}


def test_what_the_operator_may_not_do_waits_for_a_person(real: RealWorld) -> None:
    forbidden = Resource("apps", "v1", "deployments", "Deployment")
    with pytest.raises(Wait, match="cannot list resource") as raised:
        list(StorageClient(real.connection, forbidden).pages())
    assert raised.value.reason is Reason.KUBERNETES_ACCESS_DENIED


def test_a_kind_the_server_does_not_serve_is_not_an_object_that_is_gone(real: RealWorld) -> None:
    key = real.create(manifest())
    environ = {"KUBECONFIG": str(real.plane.admin_kubeconfig)}
    connection = Connection(lambda: load_configuration(1, environ), lambda *_: None)
    unserved = StorageClient(connection, Resource(names.GROUP, "v9", names.PLURAL, names.KIND))
    try:
        with pytest.raises(Transient, match="CRDs installed"):
            unserved.get(key)
    finally:
        connection.close()


@pytest.mark.own_control_plane
def test_after_a_restart_of_the_server_reads_and_writes_go_on(real: RealWorld) -> None:
    """While it is away or starting an answer is an error, never an object that is gone."""
    key = real.create(manifest())
    object_uid = uid(real, key)
    real.plane.stop_api_server()
    with pytest.raises(Transient) as raised:
        real.storages.get(key)
    assert raised.value.reason is Reason.KUBERNETES_UNREACHABLE
    real.plane.start_api_server()

    def get() -> bool:
        try:
            assert real.storages.get(key) is not None, "an object that exists was reported gone"
        except Transient:
            return False
        return True

    until(get, timeout=60, what="reads after a restart")
    real.edit(key, annotate("example.com/after", "restart"))
    assert real.storages.write_status(key, object_uid, wanting({"observedGeneration": 1})) is True
    ledger = real.ledger(key, object_uid)
    ledger.write(part(f"{key.name}-x", entries=1))
    assert len(stored_slices(ledger)) == 1
