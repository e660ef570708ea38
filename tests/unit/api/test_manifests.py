import re
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.api import names
from recording_storage_operator.api.desired import to_desired
from recording_storage_operator.core.desired import Approval, Backend
from tests.unit.api.manifests import FOLDER, document, documents, samples

APP = "recording-storage-operator"
WORK_DIR = "/var/lib/recording-storage-operator"


def pod() -> dict[str, Any]:
    template: dict[str, Any] = document("base/deployment.yaml")["spec"]["template"]
    return template


def container() -> dict[str, Any]:
    (only,) = pod()["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def test_the_operator_may_do_this_and_nothing_else() -> None:
    role, binding = documents("base/rbac.yaml")
    granted = [
        (group, resource, sorted(rule["verbs"]))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    ]
    assert granted == [
        (names.GROUP, names.PLURAL, ["get", "list", "patch", "watch"]),
        (names.GROUP, f"{names.PLURAL}/status", ["approve", "get", "patch"]),
        (names.GROUP, names.SLICE_PLURAL, ["create", "delete", "get", "list", "update"]),
        ("", "secrets", ["get"]),
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [
        {
            "kind": "ServiceAccount",
            "name": document("base/serviceaccount.yaml")["metadata"]["name"],
            "namespace": document("base/namespace.yaml")["metadata"]["name"],
        }
    ]


def test_the_pod_has_no_rights_on_its_node() -> None:
    assert pod()["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod()["spec"])


def test_all_that_is_written_goes_to_a_bounded_volume() -> None:
    (volume,) = pod()["spec"]["volumes"]
    (mount,) = container()["volumeMounts"]
    environment = {variable["name"]: variable["value"] for variable in container()["env"]}
    assert mount == {"name": volume["name"], "mountPath": WORK_DIR}
    assert "sizeLimit" in volume["emptyDir"]
    assert environment["RECORDINGS_WORK_DIR"] == environment["TMPDIR"] == WORK_DIR


def test_two_operators_never_run_at_once() -> None:
    spec = document("base/deployment.yaml")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_probes_ask_the_metrics_port() -> None:
    assert container()["ports"] == [{"name": "metrics", "containerPort": 8080}]
    assert {"name": "RECORDINGS_METRICS_PORT", "value": "8080"} in container()["env"]
    probes = {name: container()[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {
        "startupProbe": {"path": "/healthz", "port": "metrics"},
        "livenessProbe": {"path": "/healthz", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }


def test_resources_are_asked_for_and_memory_is_bounded() -> None:
    assert {"cpu", "memory"} <= set(container()["resources"]["requests"])
    assert "memory" in container()["resources"]["limits"]


def test_the_network_is_open_for_metrics_names_and_https_only() -> None:
    spec = document("base/networkpolicy.yaml")["spec"]
    assert spec["podSelector"]["matchLabels"] == pod()["metadata"]["labels"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [port["port"] for rule in spec["ingress"] for port in rule["ports"]] == ["metrics"]
    assert sorted({port["port"] for rule in spec["egress"] for port in rule["ports"]}) == [53, 443, 6443]


def test_the_namespace_enforces_the_restricted_standard() -> None:
    labels = document("base/namespace.yaml")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_image_names_no_registry() -> None:
    assert container()["image"] == APP


@pytest.mark.parametrize("folder", [FOLDER / "base", FOLDER.parent / "crds"], ids=lambda folder: folder.name)
def test_every_file_of_a_folder_is_part_of_its_kustomization(folder: Path) -> None:
    listed = document(str(folder / "kustomization.yaml"))["resources"]
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {name for name in listed if not name.startswith("..")}


def test_samples_are_right_and_show_both_backends() -> None:
    storages = [obj for objects in samples().values() for obj in objects if obj["kind"] == names.KIND]
    assert {obj["apiVersion"] for obj in storages} == {names.API_VERSION}
    assert {to_desired(obj).backend for obj in storages} == set(Backend)


def test_samples_can_live_side_by_side() -> None:
    """Two resources of one account, or with one part of a bucket, would be in conflict."""
    storages = [to_desired(obj) for objects in samples().values() for obj in objects if obj["kind"] == names.KIND]
    accounts = [storage.twilio.account_sid for storage in storages]
    buckets = [storage.s3.url for storage in storages if storage.s3]
    assert (len(set(accounts)), len(set(buckets))) == (len(accounts), len(buckets))


def test_a_sample_waits_for_approval_and_has_a_writer_of_its_own() -> None:
    (waits,) = [
        desired
        for objects in samples().values()
        for obj in objects
        if obj["kind"] == names.KIND and (desired := to_desired(obj)).approval is Approval.MANUAL
    ]
    assert waits.s3 is not None
    assert waits.s3.writer_secret
    assert waits.s3.settings.tags


def test_a_deletion_is_warned_about_and_refused_only_in_the_foreground() -> None:
    warning, warned, refusal, refused = documents("base/admission.yaml")
    for policy, binding, actions in ((warning, warned, ["Warn"]), (refusal, refused, ["Deny"])):
        (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
        assert (rule["apiGroups"], rule["resources"], rule["operations"]) == ([names.GROUP], [names.PLURAL], ["DELETE"])
        assert policy["spec"]["failurePolicy"] == "Ignore"
        assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": actions}


def test_samples_name_secrets_that_are_among_them() -> None:
    objects = [obj for file in samples().values() for obj in file]
    there = {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in objects if obj["kind"] == "Secret"}
    wanted = {
        (obj["metadata"]["namespace"], ref["name"])
        for obj in objects
        if obj["kind"] == names.KIND
        for part in (obj["spec"]["twilio"], obj["spec"].get("s3", {}))
        for field in ("credentialsSecretRef", "writerCredentialsSecretRef")
        if (ref := part.get(field))
    }
    assert wanted == there


def test_samples_hold_placeholders_only() -> None:
    secrets = [obj for obj in samples()["secrets.example.yaml"] if obj["kind"] == "Secret"]
    values = [value for secret in secrets for value in secret["stringData"].values()]
    assert values
    assert [value for value in values if not re.search("REPLACE-ME", value)] == []
