"""The shipped manifests on the real API server: admission, Pod Security and RBAC."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from kubernetes import client

from lab.control_plane import ControlPlane
from lab.toolchain import run_kubectl
from lab.waiting import until
from recording_storage_operator.api import names
from tests.unit.api.crds import ROOT
from tests.unit.api.manifests import document, samples

POLICY_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
USER = "recording-storage-operator"
OTHER = "team-a"


def built(control_plane: ControlPlane, folder: Path) -> str:
    """A kustomization as kubectl would apply it."""
    return run_kubectl(control_plane.admin_kubeconfig, "kustomize", folder)


def reviewed(kubeconfig: Path, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The API server's answer to a question about rights."""
    question = yaml.safe_dump({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
    answer = run_kubectl(kubeconfig, "create", "--validate=false", "-o", "yaml", "-f", "-", stdin=question)
    status: dict[str, Any] = yaml.safe_load(answer)["status"]
    return status


def may(control_plane: ControlPlane, user: str, namespace: str, verb: str, resource: str) -> bool:
    spec = {"user": user, "resourceAttributes": {"namespace": namespace, "verb": verb, **_named(resource)}}
    return bool(reviewed(control_plane.admin_kubeconfig, "SubjectAccessReview", spec).get("allowed"))


def _named(resource: str) -> dict[str, str]:
    group = "" if resource == "secrets" else names.GROUP
    return {"group": group, "resource": resource}


@pytest.mark.parametrize("folder", ["base", "namespaced"])
def test_every_object_is_taken(control_plane: ControlPlane, folder: str) -> None:
    """The namespace is there already; all else is tried without storing it."""
    objects = built(control_plane, ROOT / "manifests" / folder)
    told = run_kubectl(
        control_plane.admin_kubeconfig,
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-f",
        "-",
        stdin=objects,
    )
    assert len(told.splitlines()) == len(list(yaml.safe_load_all(objects)))


def test_samples_are_taken(control_plane: ControlPlane, namespace: str) -> None:
    for objects in samples().values():
        moved = [obj | {"metadata": obj["metadata"] | {"namespace": namespace}} for obj in objects]
        run_kubectl(
            control_plane.admin_kubeconfig,
            "create",
            "--validate=strict",
            "--dry-run=server",
            "-f",
            "-",
            stdin=yaml.safe_dump_all(moved),
        )


@pytest.fixture
def restricted(api: client.ApiClient, namespace: str) -> str:
    """A namespace with the labels of the shipped one."""
    labels = document("base/namespace.yaml")["metadata"]["labels"]
    client.CoreV1Api(api).patch_namespace(namespace, {"metadata": {"labels": labels}})
    return namespace


def try_pod(control_plane: ControlPlane, namespace: str, pod: dict[str, Any]) -> None:
    """Have a pod admitted without storing it. Raises RuntimeError with the API server's words."""
    kubeconfig = control_plane.admin_kubeconfig
    run_kubectl(kubeconfig, "create", "-n", namespace, "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(pod))


def shipped_pod() -> dict[str, Any]:
    template = document("base/deployment.yaml")["spec"]["template"]
    metadata = template["metadata"] | {"name": "operator"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_the_pod_is_admitted_under_the_restricted_standard(control_plane: ControlPlane, restricted: str) -> None:
    try_pod(control_plane, restricted, shipped_pod())


@pytest.mark.parametrize("field", ["allowPrivilegeEscalation", "capabilities"])
def test_the_pod_would_not_be_without_its_security_context(
    control_plane: ControlPlane, restricted: str, field: str
) -> None:
    """Shows that the standard is enforced here at all."""
    pod = shipped_pod()
    del pod["spec"]["containers"][0]["securityContext"][field]
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        try_pod(control_plane, restricted, pod)


def test_the_operators_user_has_exactly_the_shipped_rights(control_plane: ControlPlane) -> None:
    """Beside what every user may ask about themselves."""
    answer = reviewed(control_plane.operator_kubeconfig, "SelfSubjectRulesReview", {"namespace": "default"})
    ours = {
        (group, resource): sorted(rule["verbs"])
        for rule in answer["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if group not in {"authorization.k8s.io", "authentication.k8s.io"}
    }
    assert ours == {
        (names.GROUP, names.PLURAL): ["get", "list", "patch", "watch"],
        (names.GROUP, f"{names.PLURAL}/status"): ["approve", "get", "patch"],
        (names.GROUP, names.SLICE_PLURAL): ["create", "delete", "get", "list", "update"],
        ("", "secrets"): ["get"],
    }


def test_the_namespaced_operator_has_rights_in_its_namespace_only(
    control_plane: ControlPlane, api: client.ApiClient, tmp_path: Path
) -> None:
    """Moved to another namespace in the one place its comment names."""
    for folder in ("manifests", "crds"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    place = tmp_path / "manifests" / "namespaced" / "namespace.yaml"
    place.write_text(place.read_text().replace(f"namespace: {USER}", f"namespace: {OTHER}"))
    objects = list(yaml.safe_load_all(built(control_plane, tmp_path / "manifests" / "namespaced")))
    # The namespace is somebody's: others may run in it, so it is not theirs to label, nor to delete.
    of_a_cluster = {"CustomResourceDefinition"}
    assert {obj["kind"] for obj in objects if "namespace" not in obj["metadata"]} == of_a_cluster
    assert not {obj["kind"] for obj in objects} & {"ClusterRole", "ClusterRoleBinding", *POLICY_KINDS}
    wanted = [obj for obj in objects if obj["kind"] in {"Role", "RoleBinding"}]
    client.CoreV1Api(api).create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=OTHER)))
    run_kubectl(control_plane.admin_kubeconfig, "apply", "-f", "-", stdin=yaml.safe_dump_all(wanted))
    try:
        user = f"system:serviceaccount:{OTHER}:{USER}"
        asked = [("list", names.PLURAL), ("create", names.SLICE_PLURAL), ("get", "secrets")]
        assert [may(control_plane, user, OTHER, *right) for right in asked] == [True, True, True]
        assert [may(control_plane, user, "default", *right) for right in asked] == [False, False, False]
        assert not may(control_plane, user, OTHER, "list", "secrets")
    finally:
        client.CoreV1Api(api).delete_namespace(OTHER)


Storages: TypeAlias = Callable[..., None]


@pytest.fixture
def listing(api: client.ApiClient, namespace: str) -> Storages:
    """Makes a RecordingStorage whose status counts so many deleted recordings. `fields` go into its spec."""
    custom = client.CustomObjectsApi(api)
    place = (names.GROUP, names.VERSION, namespace, names.PLURAL)

    def make(name: str, total: int, **fields: Any) -> None:
        twilio = {"accountSid": "AC" + "0" * 32, "credentialsSecretRef": {"name": "t"}}
        spec = {"backend": "Twilio", "twilio": twilio, **fields}
        body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": {"name": name}, "spec": spec}
        custom.create_namespaced_custom_object(*place, body)
        summary = {"total": total, "listed": total, "truncated": False}
        status = {"status": {"deletedRecordingsSummary": summary}}
        custom.patch_namespaced_custom_object_status(*place, name, status)

    return make


def warned(api: client.ApiClient, namespace: str, name: str, dry_run: str | None = None) -> str:
    """Delete it, and return what the API server warns about."""
    custom = client.CustomObjectsApi(api)
    place = (names.GROUP, names.VERSION, namespace, names.PLURAL)
    _, status, headers = custom.delete_namespaced_custom_object_with_http_info(*place, name, dry_run=dry_run)
    assert status == 200
    return str(headers.get("Warning", ""))


def refused(api: client.ApiClient, namespace: str, name: str, propagation: str) -> str:
    """Try to delete it; returns what the API server says against it, empty where nothing."""
    custom = client.CustomObjectsApi(api)
    place = (names.GROUP, names.VERSION, namespace, names.PLURAL)
    try:
        custom.delete_namespaced_custom_object(*place, name, dry_run="All", propagation_policy=propagation)
    except client.ApiException as error:
        return str(error.body)
    return ""


def names_left(api: client.ApiClient, namespace: str) -> list[str]:
    custom = client.CustomObjectsApi(api)
    left: Any = custom.list_namespaced_custom_object(names.GROUP, names.VERSION, namespace, names.PLURAL)
    return [obj["metadata"]["name"] for obj in left["items"]]


def test_who_deletes_a_list_of_deleted_recordings_is_warned_and_who_deletes_none_is_not(
    control_plane: ControlPlane, api: client.ApiClient, namespace: str, listing: Storages
) -> None:
    """The API server takes a moment to heed a new policy; a deletion that is only tried shows when it does."""
    policy = ROOT / "manifests" / "base" / "admission.yaml"
    run_kubectl(control_plane.admin_kubeconfig, "apply", "--server-side", "-f", policy)
    listing("support-line", 400)
    listing("sales-line", 0)
    until(lambda: warned(api, namespace, "support-line", dry_run="All"), what="the policy heeded")
    assert warned(api, namespace, "sales-line") == ""
    assert names_left(api, namespace) == ["support-line"]
    told = warned(api, namespace, "support-line")
    assert "Deleted recordings listed by RecordingStorage support-line: 400." in told
    assert f"recordings deleted support-line -n {namespace} -o csv > support-line.csv" in told
    assert names_left(api, namespace) == []


def test_a_list_is_warned_about_in_a_deletion_of_all(
    control_plane: ControlPlane, api: client.ApiClient, namespace: str, listing: Storages
) -> None:
    policy = ROOT / "manifests" / "base" / "admission.yaml"
    run_kubectl(control_plane.admin_kubeconfig, "apply", "--server-side", "-f", policy)
    listing("support-line", 400)
    until(lambda: warned(api, namespace, "support-line", dry_run="All"), what="the policy heeded")
    custom = client.CustomObjectsApi(api)
    _, _, headers = custom.delete_collection_namespaced_custom_object_with_http_info(
        names.GROUP, names.VERSION, namespace, names.PLURAL
    )
    assert "support-line: 400." in headers.get("Warning", "")
    assert names_left(api, namespace) == []


def test_what_is_held_until_somebody_decides_is_not_deleted_in_the_foreground(
    control_plane: ControlPlane, api: client.ApiClient, namespace: str, listing: Storages
) -> None:
    """The collector would take its list at once, while it waits."""
    policy = ROOT / "manifests" / "base" / "admission.yaml"
    run_kubectl(control_plane.admin_kubeconfig, "apply", "--server-side", "-f", policy)
    bucket = {"bucket": "acme", "region": "eu-west-1", "credentialsSecretRef": {"name": "s"}}
    held = {"backend": "S3", "s3": bucket, "deletionPolicy": "Delete"}
    listing("held", 400, **held)
    listing("empty", 0, **held)
    listing("free", 400)
    told = until(lambda: refused(api, namespace, "held", "Foreground"), what="the policy heeded")
    assert "lists deleted recordings: 400." in told
    assert f"kubectl delete recst held -n {namespace} --cascade=background" in told
    assert refused(api, namespace, "held", "Background") == ""
    assert refused(api, namespace, "empty", "Foreground") == ""
    assert refused(api, namespace, "free", "Foreground") == ""
