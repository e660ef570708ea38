"""What the API server does with both kinds over their life."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from kubernetes import client

from lab.control_plane import ControlPlane
from lab.toolchain import kubectl, run_kubectl
from recording_storage_operator.api import names
from recording_storage_operator.api.v1alpha1 import MAX_DELETED_LISTED, MAX_EXPIRY_DAYS, MAX_PATHS
from tests.unit.api.crds import OF_THE_SERVER, ROOT, SLICES, STORAGES, Schema, walk
from tests.unit.api.written import a_full_slice, a_full_status, as_object

NAME = "support-line"
SID = "AC" + "0" * 32
Status: TypeAlias = dict[str, Any]
WriteStatus: TypeAlias = Callable[[Status], Status]


def read(answer: object) -> dict[str, Any]:
    """An object as the client hands it out, which types it as anything."""
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
def storage(api: client.ApiClient, namespace: str) -> dict[str, Any]:
    """A RecordingStorage in a namespace of its own."""
    spec = {"backend": "Twilio", "twilio": {"accountSid": SID, "credentialsSecretRef": {"name": "twilio"}}}
    body = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": NAME, "annotations": {"test/purpose": "api"}},
        "spec": spec,
    }
    custom = client.CustomObjectsApi(api)
    return read(custom.create_namespaced_custom_object(names.GROUP, names.VERSION, namespace, names.PLURAL, body))


@pytest.fixture
def write_status(api: client.ApiClient, namespace: str, storage: dict[str, Any]) -> WriteStatus:
    """Replaces the whole status and returns what is stored."""

    def write(status: Status) -> Status:
        stored = client.CustomObjectsApi(api).patch_namespaced_custom_object_status(
            names.GROUP, names.VERSION, namespace, names.PLURAL, NAME, {"status": status}
        )
        return dict(read(stored)["status"])

    return write


def refusal(call: Callable[[], object]) -> str:
    """The API server's sentence for something it calls invalid."""
    with pytest.raises(client.ApiException) as refused:
        call()
    assert refused.value.status == 422
    return str(json.loads(refused.value.body or "{}")["message"])


def patched(api: client.ApiClient, namespace: str, patch: dict[str, Any]) -> object:
    custom = client.CustomObjectsApi(api)
    return custom.patch_namespaced_custom_object(names.GROUP, names.VERSION, namespace, names.PLURAL, NAME, patch)


def test_the_account_cannot_be_changed(api: client.ApiClient, namespace: str, storage: dict[str, Any]) -> None:
    other = {"spec": {"twilio": {"accountSid": "AC" + "1" * 32}}}
    assert "accountSid cannot be changed" in refusal(lambda: patched(api, namespace, other))


def test_the_region_of_the_account_cannot_be_changed(
    api: client.ApiClient, namespace: str, storage: dict[str, Any]
) -> None:
    """Another region answers 404 for every recording of this one: they would look purged."""
    elsewhere = {"spec": {"twilio": {"region": "ie1", "edge": "dublin"}}}
    assert "region cannot be changed" in refusal(lambda: patched(api, namespace, elsewhere))
    patched(api, namespace, {"spec": {"twilio": {"region": "us1", "edge": "ashburn"}}})
    patched(api, namespace, {"spec": {"twilio": {"region": "us1", "edge": "dublin"}}})
    patched(api, namespace, {"spec": {"twilio": {"region": None, "edge": None}}})


def test_anything_but_the_account_can_be_changed(
    api: client.ApiClient, namespace: str, storage: dict[str, Any]
) -> None:
    s3 = {"bucket": "calls", "region": "eu-central-1"}
    patched(api, namespace, {"spec": {"backend": "S3", "s3": s3, "twilio": {"credentialsSecretRef": {"name": "new"}}}})
    patched(api, namespace, {"spec": {"s3": {"bucket": "other-calls"}}})
    patched(api, namespace, {"spec": {"backend": "Twilio", "s3": None}})


def test_the_bucket_cannot_be_taken_from_backend_s3(
    api: client.ApiClient, namespace: str, storage: dict[str, Any]
) -> None:
    patched(api, namespace, {"spec": {"backend": "S3", "s3": {"bucket": "calls", "region": "eu-central-1"}}})
    assert "backend S3 needs spec.s3" in refusal(lambda: patched(api, namespace, {"spec": {"s3": None}}))


def test_the_fullest_status_is_stored_as_it_was_written(write_status: WriteStatus) -> None:
    written = a_full_status()
    assert write_status(written) == written


def test_a_status_write_leaves_the_spec_alone(
    api: client.ApiClient, namespace: str, storage: dict[str, Any], write_status: WriteStatus
) -> None:
    write_status({"observedGeneration": 1})
    custom = client.CustomObjectsApi(api)
    stored = read(custom.get_namespaced_custom_object(names.GROUP, names.VERSION, namespace, names.PLURAL, NAME))
    assert stored["spec"] == storage["spec"]
    assert stored["metadata"]["generation"] == storage["metadata"]["generation"]


def test_more_deletions_than_the_status_may_list_are_refused(write_status: WriteStatus) -> None:
    entry = a_full_status()["deletedRecordings"][0]
    write_status({"deletedRecordings": [entry] * MAX_DELETED_LISTED})
    told = refusal(lambda: write_status({"deletedRecordings": [entry] * (MAX_DELETED_LISTED + 1)}))
    assert "status.deletedRecordings" in told
    assert "must have at most 250 items" in told


def test_more_days_than_there_can_be_are_refused(write_status: WriteStatus) -> None:
    summary = {"total": 1, "listed": 0, "truncated": True}
    days = [{"day": "2026-01-31", "count": 1}] * (MAX_EXPIRY_DAYS + 1)
    write_status({"deletedRecordingsSummary": summary | {"byExpiryDay": days[1:]}})
    told = refusal(lambda: write_status({"deletedRecordingsSummary": summary | {"byExpiryDay": days}}))
    assert "must have at most 42 items" in told


def test_more_than_can_differ_is_refused(write_status: WriteStatus) -> None:
    different = {"path": "versioning", "want": "Enabled", "have": "Suspended"}
    write_status({"drift": [different] * MAX_PATHS})
    assert "must have at most 32 items" in refusal(lambda: write_status({"drift": [different] * (MAX_PATHS + 1)}))


@pytest.mark.parametrize(
    "status",
    [
        {"plan": {"summary": "x", "id": "0123456789AB"}},
        {"plan": {"summary": "x", "state": "Done"}},
        {
            "plan": {
                "summary": "x",
                "actions": [{"type": "CreateBucket", "target": "calls", "summary": "x", "want": "x", "have": "y"}],
            }
        },
        {"plan": {"summary": "x", "skipped": [{"path": "policy", "reason": "Forgotten", "message": "x"}]}},
        {"lastApprovedPlan": "0123456789abc"},
        {"managed": [{"path": "versioning", "digest": "0123", "state": "Applied"}]},
        {"managed": [{"path": "versioning", "digest": "0123456789abcdef", "state": "Wanted"}]},
        {"drift": [{"path": "versioning", "want": "w" * 513, "have": ""}]},
    ],
)
def test_a_damaged_plan_is_refused(write_status: WriteStatus, status: Status) -> None:
    (field,) = status
    assert f"status.{field}" in refusal(lambda: write_status(status))


def test_resources_are_found_by_their_account_and_bucket(
    api: client.ApiClient, namespace: str, storage: dict[str, Any]
) -> None:
    patched(api, namespace, {"spec": {"s3": {"bucket": f"calls-{namespace}", "region": "eu-central-1"}}})
    custom = client.CustomObjectsApi(api)

    def found(selector: str) -> list[str]:
        answer = custom.list_namespaced_custom_object(
            names.GROUP, names.VERSION, namespace, names.PLURAL, field_selector=selector
        )
        return [item["metadata"]["name"] for item in read(answer)["items"]]

    assert found(f"spec.twilio.accountSid={SID}") == found(f"spec.s3.bucket=calls-{namespace}") == [NAME]
    assert found(f"spec.twilio.accountSid={SID[:-1]}1") == found("spec.s3.bucket=calls") == []


def test_a_condition_type_is_there_once(write_status: WriteStatus) -> None:
    condition = a_full_status()["conditions"][0]
    told = refusal(lambda: write_status({"conditions": [condition, condition]}))
    assert "Duplicate value" in told


def test_a_full_slice_is_stored_as_it_was_written(api: client.ApiClient, namespace: str) -> None:
    body = as_object(a_full_slice(), NAME)
    stored = client.CustomObjectsApi(api).create_namespaced_custom_object(
        names.GROUP, names.VERSION, namespace, names.SLICE_PLURAL, body
    )
    assert {key: value for key, value in read(stored).items() if key != "metadata"} == {
        key: value for key, value in body.items() if key != "metadata"
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", "no base64"),
        ("data", "A" * 300_004),
        ("day", "tomorrow"),
        ("count", 0),
        ("oldestDeletion", "yesterday"),
        ("metadataDays", 41),
    ],
)
def test_a_damaged_slice_is_refused(api: client.ApiClient, namespace: str, field: str, value: object) -> None:
    body = as_object(a_full_slice(), NAME) | {field: value}
    custom = client.CustomObjectsApi(api)
    told = refusal(
        lambda: custom.create_namespaced_custom_object(
            names.GROUP, names.VERSION, namespace, names.SLICE_PLURAL, body, dry_run="All"
        )
    )
    assert field in told


def test_columns_show_the_state(
    control_plane: ControlPlane, api: client.ApiClient, namespace: str, write_status: WriteStatus
) -> None:
    status = a_full_status()
    write_status(status)
    client.CustomObjectsApi(api).create_namespaced_custom_object(
        names.GROUP, names.VERSION, namespace, names.SLICE_PLURAL, as_object(a_full_slice(), NAME)
    )
    told = {
        short: run_kubectl(control_plane.admin_kubeconfig, "get", short, "-n", namespace).splitlines()
        for short in ("recst", "recdel")
    }
    head, row = (line.split() for line in told["recst"])
    assert head == ["NAME", "BACKEND", "OBSERVED", "READY", "PLAN", "RECORDINGS", "DELETED", "AGE"]
    assert row[1:7] == ["Twilio", "Other", "False", "Pending", str(status["recordings"]["total"]), "400"]
    assert told["recdel"][1].split()[:4] == ["line-full", NAME, "2026-03-12", "4000"]


@pytest.mark.parametrize(
    ("plural", "kind", "schema"),
    [(names.PLURAL, names.KIND, STORAGES), (names.SLICE_PLURAL, names.SLICE_KIND, SLICES)],
)
def test_every_field_is_explained_by_the_api_server(
    control_plane: ControlPlane, plural: str, kind: str, schema: Schema
) -> None:
    """From the document that kubectl explain reads."""
    path = f"/openapi/v3/apis/{names.GROUP}/{names.VERSION}"
    served = json.loads(run_kubectl(control_plane.admin_kubeconfig, "get", "--raw", path))["components"]["schemas"]
    (published,) = [found for name, found in served.items() if name.endswith(f".{kind}")]
    assert told_of(published) == told_of(schema)
    assert len(told_of(schema)) > 8


def told_of(schema: Schema) -> dict[str, str]:
    """The sentence of each of our fields."""
    return {path: node["description"] for path, node in walk(schema) if path.split(".")[0] not in OF_THE_SERVER}


def test_kubectl_explains_a_field(control_plane: ControlPlane) -> None:
    told = run_kubectl(control_plane.admin_kubeconfig, "explain", "recst.status.recordings.lastSweep.finishedAt")
    assert "so that an idle resource causes no writes." in " ".join(told.split())


def test_the_documented_ways_of_waiting_work(
    control_plane: ControlPlane, namespace: str, write_status: WriteStatus, tmp_path: Path
) -> None:
    (recipes,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "status.md").read_text(), flags=re.DOTALL)
    write_status(reached(a_full_status()))
    config = tmp_path / "kubeconfig"
    config.write_text(
        control_plane.admin_kubeconfig.read_text().replace("namespace: default", f"namespace: {namespace}")
    )
    path = f"{kubectl().parent}:{os.environ['PATH']}"
    environment = os.environ | {"KUBECONFIG": str(config), "PATH": path}
    done = subprocess.run(
        ["sh", "-eu"], input=recipes, env=environment, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("condition met") == recipes.count("kubectl wait")


def reached(status: Status) -> Status:
    """The status of a resource that is where it shall be."""
    conditions = [condition | {"status": "True", "observedGeneration": 1} for condition in status["conditions"]]
    backend = status["backend"] | {"observed": "S3"}
    return status | {"conditions": conditions, "backend": backend, "observedGeneration": 1}
