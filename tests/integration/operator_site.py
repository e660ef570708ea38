"""A whole operator on real servers for the tests of `test_operator_*`: what people do there, and what they see."""

import base64
import gzip
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api, CustomObjectsApi
from prometheus_client.parser import text_string_to_metric_families

from lab.control_plane import ControlPlane
from lab.operator_process import OperatorProcess
from lab.s3 import MotoServer
from lab.simulator import SimulatorControl
from lab.tenants import Tenant
from lab.toolchain import run_kubectl
from lab.waiting import until
from recording_storage_operator.api import names
from recording_storage_operator.core.ledger import SETTLED, Entry, read_line
from tests.integration.bucket_view import BucketView

SERVED = (names.GROUP, names.VERSION)
HANG = 3600.0
"""Seconds: longer than any test."""

COLLECTED_WITHIN = 75.0
"""Seconds: the cluster's garbage collector backs off for up to 30 after an API server was away."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """An operator under the shipped RBAC, and the world around it."""

    plane: ControlPlane
    api: ApiClient
    twilio: SimulatorControl
    s3: MotoServer
    operator: OperatorProcess
    sweeps: Path
    customers: list["Customer"] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Customers that are left at the end are removed, so that the next test has time and operator to itself."""
        try:
            yield
        finally:
            self.twilio.clear_faults()
            for customer in self.customers:
                customer.delete()
                customer.strip()
            for customer in self.customers:
                customer.until_gone()
            self.customers.clear()

    def customer(self, namespace: str, name: str = "acme", **fields: Any) -> "Customer":
        """A new account with a name for its bucket, not declared to the cluster yet; `fields` are the tenant's."""
        account = fields.get("account") or self.twilio.create_account(name)
        bucket = f"{name}-{account.account_sid[2:18]}"
        keys = (self.s3.endpoint, self.s3.access_key_id, self.s3.secret_access_key)
        customer = Customer(self, replace(Tenant(name, namespace, account, bucket, *keys), **fields))
        self.customers.append(customer)
        return customer

    def storages(self, namespace: str) -> dict[str, Object]:
        """All resources of a namespace by name, in one request."""
        objects: Any = CustomObjectsApi(self.api)
        listed = objects.list_namespaced_custom_object(*SERVED, namespace, names.PLURAL)["items"]
        return {obj["metadata"]["name"]: obj for obj in listed}

    def advance(self, seconds: float = 0, days: float = 0) -> datetime:
        """Move the time while no pass runs: one that sees it jump in between waits for the clocks to agree."""
        until(lambda: not self.busy(), what="an idle operator")
        return self.twilio.advance(days=days, seconds=seconds)

    def advance_until(self, holds: Callable[[], Any], what: str, seconds: float = 5, timeout: float = 30) -> Any:
        """Move the time in steps until something holds: for what is tried again after a while."""

        def probe() -> Any:
            found = holds()
            if not found:
                self.advance(seconds)
            return found

        return until(probe, timeout, every=0.2, what=what)

    def busy(self) -> float:
        """How many keys are worked on or wait for a worker."""
        return sum(self.metric("recordings_queue_keys", state=state) for state in ("working", "waiting"))

    def metric(self, name: str, /, **labels: str) -> float:
        """The sum of the operator's samples with this name and these labels."""
        families = text_string_to_metric_families(self.operator.metrics())
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def kubernetes_requests(self, **labels: str) -> float:
        """How many requests the operator has sent to the API server."""
        return self.metric("recordings_kubernetes_requests_total", **labels)

    def until_looked_at(self, since: float) -> None:
        """Wait until the operator has read a resource again after `since` GETs."""
        until(lambda: self.kubernetes_requests(method="GET") >= since + 2, what="the resource looked at")


@dataclass(frozen=True)
class Customer:
    """A tenant and its RecordingStorage."""

    site: Site
    tenant: Tenant
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def account_sid(self) -> str:
        return self.tenant.account.account_sid

    @property
    def _objects(self) -> Any:
        return CustomObjectsApi(self.site.api)

    @property
    def _path(self) -> tuple[str, ...]:
        return (*SERVED, self.tenant.namespace, names.PLURAL, self.tenant.name)

    def declare(self, **spec: Any) -> "Customer":
        """Create its Secrets and its resource: recordings stay at Twilio unless `spec` says otherwise."""
        self.make_secrets()
        return self.make_storage(**spec)

    def make_secrets(self) -> None:
        core: Any = CoreV1Api(self.site.api)
        for secret in self.tenant.secrets():
            core.create_namespaced_secret(self.tenant.namespace, secret)

    def make_storage(self, **spec: Any) -> "Customer":
        storage = self.tenant.storage(**{"backend": "Twilio", "s3": None} | spec)
        self._objects.create_namespaced_custom_object(*self._path[:-1], storage)
        return self

    def in_s3(self, **settings: Any) -> dict[str, Any]:
        """The part of a spec that puts recordings into the tenant's bucket; `settings` are of spec.s3."""
        return {"backend": "S3", "s3": self.tenant.storage()["spec"]["s3"] | settings}

    def switch(self, external: bool) -> None:
        """The Console's switch."""
        self.tenant.external_storage(self.site.twilio, external)

    @property
    def bucket(self) -> BucketView:
        return BucketView(self.site.s3.client(), self.tenant.bucket)

    def kubectl(self, verb: str, *words: str) -> str:
        """A verb on it, as its owner."""
        named = (f"--namespace={self.tenant.namespace}", verb, f"recst/{self.tenant.name}", *words)
        return run_kubectl(self.site.plane.admin_kubeconfig, *named)

    def approve(self, plan_id: str) -> None:
        self.kubectl("annotate", f"{names.APPROVED_PLAN}={plan_id}", "--overwrite")

    def read(self) -> Object:
        found: Object = self._objects.get_namespaced_custom_object(*self._path)
        return found

    def patch(self, body: Any) -> Object:
        """Merge-patch it as its owner."""
        patched: Object = self._objects.patch_namespaced_custom_object(*self._path, body)
        return patched

    def patch_status(self, body: Any) -> Object:
        """Merge-patch its status as some other controller."""
        patched: Object = self._objects.patch_namespaced_custom_object_status(*self._path, body)
        return patched

    def edit(self, **spec: Any) -> Object:
        return self.patch({"spec": spec})

    def set_secret(self, kind: str, **values: str) -> None:
        """Change values of the Secret for `twilio` or `s3`."""
        name = f"{self.tenant.name}-{kind}"
        CoreV1Api(self.site.api).patch_namespaced_secret(name, self.tenant.namespace, {"stringData": values})

    def request(self) -> str:
        """Ask for a pass with a sweep; returns the value of the annotation."""
        value = f"request-{next(self.numbers)}"
        self.patch({"metadata": {"annotations": {names.RECONCILE_REQUESTED_AT: value}}})
        return value

    def sweep(self, timeout: float = 30) -> Object:
        """Ask for a sweep and wait until it is worked in; returns the object then.

        A pass that looks at its clock before that has followed a jump finds Twilio's ahead: then it is asked for again.
        """
        asked = [self.request()]

        def handled(obj: Object) -> bool:
            if conditions(obj)["Ready"]["reason"] == "ClockSkew":
                asked.append(self.request())
            return bool(status(obj).get("lastHandledReconcileAt") == asked[-1])

        return self.wait(handled, "a requested sweep worked in", timeout)

    def wait(self, holds: Callable[[Object], Any], what: str, timeout: float = 30) -> Object:
        """The object as soon as something holds for it."""

        def probe() -> Object | None:
            obj = self.read()
            return obj if holds(obj) else None

        try:
            return until(probe, timeout, what=f"{self.tenant.name}: {what}")
        except TimeoutError as error:
            error.add_note(f"It says: {status(self.read()).get('conditions')}")
            error.add_note(self.site.operator.log_end())
            raise

    def until_ready(self, timeout: float = 30) -> Object:
        """The object once its latest generation is Ready."""
        return self.wait(is_ready, "Ready", timeout)

    def until_reason(self, reason: str, timeout: float = 30) -> Object:
        """The object once its latest generation is not Ready for this reason."""
        return self.wait(lambda obj: is_current(obj) and conditions(obj)["Ready"]["reason"] == reason, reason, timeout)

    def delete(self, **options: str) -> None:
        """Ask for its deletion; one that is gone is fine."""
        try:
            self._objects.delete_namespaced_custom_object(*self._path, **options)
        except ApiException as error:
            if error.status != 404:
                raise

    def strip(self) -> None:
        """Take its finalizers away, as a person with much power and little patience; one that is gone is fine."""
        try:
            self.patch({"metadata": {"finalizers": None}})
        except ApiException as error:
            if error.status != 404:
                raise

    def is_gone(self) -> bool:
        try:
            self.read()
        except ApiException as error:
            if error.status == 404:
                return True
            raise
        return False

    def until_gone(self, timeout: float = 30) -> None:
        until(self.is_gone, timeout, what=f"{self.tenant.name} gone")

    def record(self, count: int = 1, **fields: Any) -> list[str]:
        """New recordings; their SIDs."""
        return [row["sid"] for row in self.site.twilio.record(self.account_sid, count, **fields)]

    def erase(self, sids: list[str]) -> None:
        """Delete recordings at Twilio, as a person in the Console."""
        assert sorted(self.site.twilio.bulk_delete(self.account_sid, sids)) == sorted(sids)

    def erase_objects(self, sids: list[str]) -> None:
        """Delete recordings in the bucket, as a person with its key."""
        for sid in sids:
            self.site.s3.client().delete_object(Bucket=self.tenant.bucket, Key=self.tenant.key(sid))

    def slices(self) -> list[Object]:
        """The slices that carry its name, whoever owns them."""
        selector = f"{names.STORAGE_LABEL}={self.tenant.name}"
        answer = self._objects.list_namespaced_custom_object(
            *SERVED, self.tenant.namespace, names.SLICE_PLURAL, label_selector=selector
        )
        items: list[Object] = answer["items"]
        return items

    def ledger(self) -> list[Entry]:
        """The entries its slices list, in order of SID: one that is there twice shows twice."""
        found = [entry for part in self.slices() if part["day"] != SETTLED for entry in entries(part)]
        return sorted(found, key=lambda entry: entry.sid)

    def sweep_file(self, uid: str) -> Path:
        """Where the operator keeps the joins of its sweeps."""
        return self.site.sweeps / f"{uid}.sqlite"

    def fault(self, kind: str, path: str, **rule: Any) -> None:
        """A fault of Twilio's for this account alone, with `path` after the account's SID."""
        self.site.twilio.fault(kind, path=f"/Accounts/{self.account_sid}{path}", **rule)

    def until_fault_fired(self, times: int = 1) -> None:
        """Wait until a request of this account was hit."""

        def fired() -> bool:
            rules = [rule for rule in self.site.twilio.faults() if self.account_sid in rule["path"]]
            return bool(sum(rule["fired"] for rule in rules) >= times)

        until(fired, what=f"{self.tenant.name}: a fault")

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The operator's requests to Twilio for this account; `after` is the number of the last one known."""
        return self.site.twilio.requests(self.account_sid, after)

    def last_call(self) -> int:
        """The number of the last request to Twilio, 0 before the first."""
        return max((int(call["number"]) for call in self.calls()), default=0)


def site_fixtures(**settings: str) -> tuple[Any, Any]:
    """Fixtures for a module: its own operator with these environment variables, and the site each test gets of it."""

    @pytest.fixture(scope="module")
    def operator_site(
        control_plane: ControlPlane,
        api: ApiClient,
        simulator_control: SimulatorControl,
        moto: MotoServer,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Site]:
        workdir = tmp_path_factory.mktemp("operator")
        with start_operator(control_plane, simulator_control, moto, workdir, settings) as operator:
            yield Site(control_plane, api, simulator_control, moto, operator, workdir / "sweeps")

    @pytest.fixture
    def site(operator_site: Site) -> Iterator[Site]:
        with operator_site.serving():
            yield operator_site

    return operator_site, site


def start_operator(
    plane: ControlPlane, twilio: SimulatorControl, s3: MotoServer, workdir: Path, settings: Mapping[str, str]
) -> OperatorProcess:
    """An operator with the shipped rights, its files in `workdir`."""
    return OperatorProcess(plane.operator_kubeconfig, twilio.url, s3.endpoint, workdir, settings)


def tell(figures: str) -> None:
    """Figures for people, shown by `pytest -s`."""
    print(f"\n{figures}")


def status(obj: Mapping[str, Any]) -> Object:
    return dict(obj.get("status") or {})


def conditions(obj: Mapping[str, Any]) -> dict[str, Object]:
    """By type; none is there twice."""
    listed = status(obj).get("conditions", [])
    by_type = {one["type"]: one for one in listed}
    assert len(by_type) == len(listed)
    return by_type


def is_current(obj: Mapping[str, Any]) -> bool:
    """Whether the status is of the latest generation."""
    return bool(status(obj).get("observedGeneration") == obj["metadata"]["generation"] and conditions(obj))


def is_ready(obj: Mapping[str, Any]) -> bool:
    return is_current(obj) and bool(conditions(obj)["Ready"]["status"] == "True")


def total(obj: Mapping[str, Any]) -> int:
    """How many deleted recordings the status counts."""
    return int(status(obj).get("deletedRecordingsSummary", {}).get("total", 0))


def listed(obj: Mapping[str, Any]) -> list[str]:
    """The SIDs of the deleted recordings in status, in order of SID."""
    return sorted(entry["sid"] for entry in status(obj).get("deletedRecordings", []))


def entries(part: Mapping[str, Any]) -> list[Entry]:
    """What a stored slice holds."""
    found = [read_line(line) for line in gzip.decompress(base64.b64decode(part["data"])).splitlines()]
    assert len(found) == part["count"] == part["fromTwilio"] + part["fromS3"]
    return found


def sids(found: list[Entry]) -> list[str]:
    return [entry.sid for entry in found]


def moment(text: str) -> datetime:
    """A time of the Kubernetes API."""
    return datetime.fromisoformat(text)
