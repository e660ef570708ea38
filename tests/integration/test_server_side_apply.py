"""Several hands on one resource: what Git applies, what people add, and what the operator writes never fight."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from lab.control_plane import ControlPlane
from lab.toolchain import run_kubectl
from recording_storage_operator.api import names
from tests.builders import storage
from tests.integration.operator_site import Customer, Site, is_ready, site_fixtures, status

operator_site, site = site_fixtures()

Object = dict[str, Any]
OPERATOR = "recording-storage-operator"


class Cluster:
    """kubectl in one namespace, as people and GitOps tools call it."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane = plane
        self._namespace = namespace

    def kubectl(self, *words: str, stdin: str = "") -> str:
        return run_kubectl(self._plane.admin_kubeconfig, f"--namespace={self._namespace}", *words, stdin=stdin)

    def apply(self, manager: str, manifest: Mapping[str, Any], *options: str) -> Object:
        """Server-side apply; the object as it stands then. Raises RuntimeError with kubectl's words."""
        words = ("apply", "--server-side", f"--field-manager={manager}", "-o", "json", *options)
        applied: Object = json.loads(self.kubectl(*words, "-f", "-", stdin=yaml.safe_dump(dict(manifest))))
        return applied

    def read(self) -> Object:
        found: Object = json.loads(self.kubectl("get", "recst/acme", "-o", "json", "--show-managed-fields"))
        return found


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    return Cluster(control_plane, namespace)


def manifest(**spec: Any) -> Object:
    """What stands in Git."""
    made = storage("acme", **spec)
    del made["metadata"]["namespace"]
    return made


def part(spec: Mapping[str, Any] | None = None, annotations: Mapping[str, str] | None = None) -> Object:
    """The fields one more manager has an opinion on."""
    made: Object = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": {"name": "acme"}}
    if annotations:
        made["metadata"]["annotations"] = dict(annotations)
    return made | ({"spec": dict(spec)} if spec else {})


def tagged(**tags: str) -> Object:
    """A spec with these tags and nothing else of the bucket but what a schema demands."""
    return manifest(s3={"bucket": "acme-recordings", "region": "us-east-1", "tags": tags})


def owned(obj: Mapping[str, Any], manager: str) -> set[str]:
    """The paths of the fields a manager owns, such as `spec.suspend`."""
    entries = [entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager]
    return {path for entry in entries for path in _paths(entry["fieldsV1"])}


def _paths(fields: Mapping[str, Any], above: str = "") -> set[str]:
    found = set()
    for name, below in fields.items():
        path = f"{above}.{name.removeprefix('f:')}".lstrip(".") if name.startswith("f:") else above
        found |= {path} | _paths(below, path)
    return found - {""}


def without_version(obj: Mapping[str, Any]) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
    return {**obj, "metadata": metadata}


def test_applying_a_manifest_again_changes_nothing_though_defaults_were_filled_in(cluster: Cluster) -> None:
    """The first time it stores the default of `status`, which every reader has seen from the beginning."""
    first, again, last = (cluster.apply("gitops", manifest()) for _ in range(3))
    assert first["spec"]["approval"] == "Automatic"
    assert last["metadata"]["resourceVersion"] == again["metadata"]["resourceVersion"]
    assert without_version(again) == without_version(first)


def test_defaults_belong_to_nobody(cluster: Cluster) -> None:
    """So that whoever wants another value later conflicts with no one."""
    cluster.apply("gitops", manifest())
    assert "spec.approval" not in owned(cluster.read(), "gitops")

    cluster.apply("person", part({"approval": "Manual"}))

    assert cluster.read()["spec"]["approval"] == "Manual"


def test_the_manifest_in_git_leaves_alone_what_it_does_not_name(cluster: Cluster) -> None:
    cluster.apply("gitops", manifest())
    annotations = {names.APPROVED_PLAN: "p0123456789a"}
    cluster.apply("person", part({"suspend": True}, annotations))

    cluster.apply("gitops", manifest(sweepInterval="1h"))

    obj = cluster.read()
    assert (obj["spec"]["suspend"], obj["spec"]["sweepInterval"]) == (True, "1h")
    assert obj["metadata"]["annotations"] == annotations


def test_what_a_manager_no_longer_names_goes_back_to_its_default(cluster: Cluster) -> None:
    cluster.apply("gitops", manifest())
    cluster.apply("person", part({"suspend": True}, {names.APPROVED_PLAN: "p0123456789a"}))

    cluster.apply("person", part())

    obj = cluster.read()
    assert obj["spec"]["suspend"] is False
    assert names.APPROVED_PLAN not in obj["metadata"].get("annotations", {})
    assert obj["spec"]["backend"] == "S3"


def test_two_managers_of_one_field_are_told_of_each_other_until_one_is_given_it(cluster: Cluster) -> None:
    cluster.apply("gitops", manifest())
    cluster.apply("person", part({"suspend": True}))

    with pytest.raises(RuntimeError, match=r'conflict with "person".*\n?.*\.spec\.suspend'):
        cluster.apply("gitops", manifest(suspend=False))
    assert cluster.read()["spec"]["suspend"] is True

    cluster.apply("gitops", manifest(suspend=False), "--force-conflicts")
    obj = cluster.read()
    assert obj["spec"]["suspend"] is False
    assert "spec.suspend" not in owned(obj, "person")


def test_two_managers_that_want_the_same_value_share_the_field(cluster: Cluster) -> None:
    cluster.apply("gitops", manifest(approval="Manual"))
    cluster.apply("person", part({"approval": "Manual"}))

    cluster.apply("gitops", manifest())

    assert cluster.read()["spec"]["approval"] == "Manual"


def test_tags_of_two_managers_merge_key_by_key(cluster: Cluster) -> None:
    cluster.apply("gitops", tagged(team="telephony", stage="live"))
    cluster.apply("finance", part({"s3": {"tags": {"cost-center": "4711"}}}))
    assert cluster.read()["spec"]["s3"]["tags"] == {"team": "telephony", "stage": "live", "cost-center": "4711"}

    cluster.apply("gitops", tagged(team="support"))

    assert cluster.read()["spec"]["s3"]["tags"] == {"team": "support", "cost-center": "4711"}


def test_a_reference_to_a_secret_is_owned_as_a_whole(cluster: Cluster) -> None:
    cluster.apply("gitops", manifest())
    with pytest.raises(RuntimeError, match=r"\.spec\.twilio\.credentialsSecretRef"):
        cluster.apply("person", part({"twilio": {"credentialsSecretRef": {"name": "other"}}}))


def declared(customer: Customer, **spec: Any) -> Object:
    """The manifest of a customer whose Secrets are there; a part of its spec that is None is left out."""
    customer.make_secrets()
    made = copy.deepcopy(customer.tenant.storage(**spec))
    del made["metadata"]["namespace"]
    return made | {"spec": {name: value for name, value in made["spec"].items() if value is not None}}


def approved(wanted: Mapping[str, Any], plan_id: str) -> Object:
    """The same manifest after somebody has committed an approval."""
    made = copy.deepcopy(dict(wanted))
    made["metadata"]["annotations"] = {names.APPROVED_PLAN: plan_id}
    return made


def test_the_operator_owns_status_and_its_finalizer_and_nothing_that_git_may_want(
    site: Site, cluster: Cluster, namespace: str
) -> None:
    acme = site.customer(namespace)
    wanted = declared(acme, backend="Twilio", s3=None, deletionPolicy="Delete")
    cluster.apply("gitops", wanted)
    acme.until_ready()

    obj = cluster.read()
    fields = {path for path in owned(obj, OPERATOR) if not path.startswith("status")}
    assert fields == {"metadata", "metadata.finalizers"}
    writers = {entry["manager"] for entry in obj["metadata"]["managedFields"] if entry.get("subresource") == "status"}
    assert writers == {OPERATOR}


def test_applying_a_manifest_again_changes_nothing_after_the_operator_has_written(
    site: Site, cluster: Cluster, namespace: str
) -> None:
    acme = site.customer(namespace)
    wanted = declared(acme, backend="Twilio", s3=None, deletionPolicy="Delete")
    cluster.apply("gitops", wanted)
    before = acme.until_ready()

    after = cluster.apply("gitops", wanted)

    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert after["metadata"]["finalizers"] == [names.FINALIZER]


def test_a_plan_is_approved_by_a_commit_and_asked_for_once(site: Site, cluster: Cluster, namespace: str) -> None:
    acme = site.customer(namespace)
    wanted = declared(acme, approval="Manual")
    cluster.apply("gitops", wanted)
    plan_id = status(acme.until_reason("AwaitingApproval"))["plan"]["id"]

    cluster.apply("gitops", approved(wanted, plan_id))
    acme.wait(lambda obj: status(obj)["plan"]["state"] == "Applied", "the plan applied")
    assert acme.tenant.bucket in [one["Name"] for one in site.s3.client().list_buckets()["Buckets"]]

    cluster.apply("gitops", wanted)
    acme.sweep()
    obj = cluster.read()
    assert (status(obj)["plan"]["state"], status(obj)["lastApprovedPlan"]) == ("Applied", plan_id)


def test_a_person_approves_what_git_has_no_opinion_on_and_git_leaves_it(
    site: Site, cluster: Cluster, namespace: str
) -> None:
    acme = site.customer(namespace)
    wanted = declared(acme, approval="Manual")
    cluster.apply("gitops", wanted)
    plan_id = status(acme.until_reason("AwaitingApproval"))["plan"]["id"]

    cluster.kubectl("annotate", "recst/acme", f"{names.APPROVED_PLAN}={plan_id}", "--field-manager=person")
    cluster.apply("gitops", wanted)

    assert cluster.read()["metadata"]["annotations"] == {names.APPROVED_PLAN: plan_id}
    acme.wait(lambda obj: status(obj)["plan"]["state"] == "Applied", "the plan applied")


def test_a_person_suspends_what_git_keeps_on_applying(site: Site, cluster: Cluster, namespace: str) -> None:
    acme = site.customer(namespace)
    wanted = declared(acme, backend="Twilio", s3=None)
    cluster.apply("gitops", wanted)
    acme.until_ready()

    cluster.apply("person", part({"suspend": True}))
    acme.until_reason("Suspended")
    cluster.apply("gitops", wanted)
    assert cluster.read()["spec"]["suspend"] is True

    cluster.apply("person", part())
    assert is_ready(acme.until_ready())
