"""A control plane for a benchmark, and people who work with many resources at once."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lab.control_plane import ControlPlane
from recording_storage_operator.core.work import Key
from recording_storage_operator.kinds import STORAGES
from recording_storage_operator.kube.connect import MERGE_PATCH, Call, Connection, load_configuration

NAMESPACE = "bench"
PEER_NAMESPACE = "bench-peer"

HANDS = 4
"""Requests at a time. More would only wait in the API server."""

T = TypeVar("T")
Object = dict[str, Any]


class Cluster:
    """A running control plane with our definitions and rights; made by `cluster`."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.folder = folder
        login = {"KUBECONFIG": str(plane.admin_kubeconfig)}
        self._connection = Connection(lambda: load_configuration(HANDS, login), lambda _method, _code: None)
        for namespace in (NAMESPACE, PEER_NAMESPACE):
            self._post("/api/v1/namespaces", {"metadata": {"name": namespace}})

    def create_secrets(self, secrets: Iterable[Object]) -> None:
        """Create Secrets, as fast as the API server takes them."""
        at_once(partial(self._post, f"/api/v1/namespaces/{NAMESPACE}/secrets"), secrets)

    def create(self, storages: Iterable[Object], namespace: str = NAMESPACE) -> None:
        """Create resources, as fast as the API server takes them."""
        at_once(partial(self._post, STORAGES.collection(namespace)), storages)

    def patch(self, name: str, body: Object) -> None:
        self._patch(STORAGES.item(Key(NAMESPACE, name)), body)

    def patch_status(self, name: str, status: Object) -> None:
        self._patch(STORAGES.item(Key(NAMESPACE, name), "status"), {"status": status})

    def get(self, name: str) -> Object:
        found: Object = self._connection.send(Call("GET", STORAGES.item(Key(NAMESPACE, name)), "read"))
        return found

    def delete(self, name: str) -> None:
        """Remove a resource; with `deletionPolicy: Retain` none carries a finalizer."""
        self._connection.send(Call("DELETE", STORAGES.item(Key(NAMESPACE, name)), "delete", absent=name))

    def storages(self, namespace: str = NAMESPACE) -> list[Object]:
        """All resources, from the API server's cache."""
        call = Call("GET", STORAGES.collection(namespace), "list", query={"resourceVersion": "0"})
        items: list[Object] = self._connection.send(call)["items"]
        return items

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def _post(self, path: str, body: Object) -> None:
        self._connection.send(Call("POST", path, f"create in {path}", body=body))

    def _patch(self, path: str, body: Object) -> None:
        self._connection.send(Call("PATCH", path, f"change {path}", body=body, media_type=MERGE_PATCH))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Stops and forgets everything at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        ControlPlane.start(Path(folder) / "control-plane") as plane,
    ):
        plane.install()
        with closing(Cluster(plane, Path(folder))) as made:
            yield made


def at_once(act: Callable[[T], object], things: Iterable[T]) -> None:
    """Act on each, a few at a time. Raises the first error."""
    with ThreadPoolExecutor(HANDS) as pool:
        for _ in pool.map(act, things):
            pass


def is_ready(obj: Object) -> bool:
    """Whether the status of the latest generation says Ready."""
    status = obj.get("status", {})
    current = status.get("observedGeneration") == obj["metadata"]["generation"]
    ready = (one["status"] for one in status.get("conditions", ()) if one["type"] == "Ready")
    return current and next(ready, "") == "True"
