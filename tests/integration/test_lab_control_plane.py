from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from lab.control_plane import OPERATOR, ControlPlane
from lab.waiting import until
from tests.integration.operator_site import COLLECTED_WITHIN

pytestmark = pytest.mark.own_control_plane

ACCOUNT = "AC" + "0" * 32


def storage(name: str) -> dict[str, object]:
    twilio = {"accountSid": ACCOUNT, "credentialsSecretRef": {"name": "twilio"}}
    return {
        "apiVersion": "recordings.dev/v1alpha1",
        "kind": "RecordingStorage",
        "metadata": {"name": name},
        "spec": {"backend": "Twilio", "twilio": twilio},
    }


def create(api: client.ApiClient, namespace: str, name: str) -> Any:
    return client.CustomObjectsApi(api).create_namespaced_custom_object(
        "recordings.dev", "v1alpha1", namespace, "recordingstorages", storage(name)
    )


def config_map(name: str, owners: list[client.V1OwnerReference] | None = None) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, owner_references=owners), data={"key": "value"})


def found(api: client.ApiClient, namespace: str, name: str) -> list[client.V1ConfigMap]:
    selector = f"metadata.name={name}"
    return client.CoreV1Api(api).list_namespaced_config_map(namespace, field_selector=selector).items


def test_objects_survive_a_restart_of_the_api_server_at_the_same_address(
    control_plane: ControlPlane, api: client.ApiClient, namespace: str
) -> None:
    made = client.CoreV1Api(api).create_namespaced_config_map(namespace, config_map("kept"))
    url = control_plane.url

    control_plane.restart_api_server()

    (kept,) = found(api, namespace, "kept")
    assert (kept.metadata, kept.data) == (made.metadata, made.data)
    assert control_plane.url == url


def test_a_stopped_api_server_refuses_connections_until_it_is_started(
    control_plane: ControlPlane, api: client.ApiClient
) -> None:
    core = client.CoreV1Api(api)
    control_plane.stop_api_server()
    try:
        with pytest.raises(Exception, match="refused"):
            core.list_namespace(_request_timeout=1)
    finally:
        control_plane.start_api_server()
    assert core.list_namespace().items


def test_the_operator_reads_what_it_reconciles_and_cannot_create_it(
    api: client.ApiClient, operator_api: client.ApiClient, namespace: str
) -> None:
    create(api, namespace, "one")
    objects = client.CustomObjectsApi(operator_api)
    listed: Any = objects.list_cluster_custom_object("recordings.dev", "v1alpha1", "recordingstorages")
    assert "one" in [item["metadata"]["name"] for item in listed["items"]]

    with pytest.raises(client.ApiException) as refused:
        create(operator_api, namespace, "two")
    assert refused.value.status == 403


def test_the_operator_cannot_list_secrets(operator_api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(operator_api)
    with pytest.raises(client.ApiException) as refused:
        core.list_namespaced_secret(namespace)
    assert refused.value.status == 403
    assert OPERATOR in str(refused.value.body)


def test_the_garbage_collector_takes_children_of_our_kinds(api: client.ApiClient, namespace: str) -> None:
    uid = create(api, namespace, "owner")["metadata"]["uid"]
    owner = client.V1OwnerReference(
        api_version="recordings.dev/v1alpha1", kind="RecordingStorage", name="owner", uid=uid
    )
    client.CoreV1Api(api).create_namespaced_config_map(namespace, config_map("child", [owner]))

    client.CustomObjectsApi(api).delete_namespaced_custom_object(
        "recordings.dev", "v1alpha1", namespace, "recordingstorages", "owner"
    )

    until(lambda: not found(api, namespace, "child"), COLLECTED_WITHIN, what="the child gone")


def test_credentials_are_readable_by_their_owner_alone(control_plane: ControlPlane) -> None:
    for path in (control_plane.admin_kubeconfig, control_plane.operator_kubeconfig):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_start_that_fails_says_why_and_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "etcd").write_text("no folder")
    with pytest.raises(RuntimeError, match=r"etcd ended with code 1\n(?s:.*)not a directory"):
        ControlPlane.start(tmp_path)
