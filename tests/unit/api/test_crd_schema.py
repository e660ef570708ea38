"""What the API server and kubectl need of a CRD, whatever it is about."""

import pytest

from tests.unit.api.crds import OF_THE_SERVER, SLICES, STORAGES, Schema, load, walk

BOTH = pytest.mark.parametrize("crd", [STORAGES, SLICES], ids=["recordingstorages", "deletedrecordingslices"])


@BOTH
def test_every_field_is_described_in_a_sentence(crd: Schema) -> None:
    described = {path: node.get("description", "") for path, node in walk(crd) if path != "metadata"}
    assert len(described) > 8
    assert [path for path, text in described.items() if not (text[:1].isupper() and text.endswith("."))] == []


@BOTH
def test_every_string_list_and_map_is_bounded(crd: Schema) -> None:
    """CEL rules are refused where the API server cannot bound their cost, and etcd takes 1.5 MiB an object."""
    loose = [
        path
        for path, node in walk(crd)
        if (node["type"] == "string" and not {"maxLength", "enum"} & set(node) and node.get("format") != "date-time")
        or (node["type"] == "array" and "maxItems" not in node)
        or ("additionalProperties" in node and "maxProperties" not in node)
    ]
    assert loose == sorted(OF_THE_SERVER - {"metadata"})


@BOTH
def test_lists_say_how_writers_share_them(crd: Schema) -> None:
    kinds = {path: node["x-kubernetes-list-type"] for path, node in walk(crd) if node["type"] == "array"}
    shared = {path for path, kind in kinds.items() if kind == "map"}
    assert shared <= {"status.conditions"}


def test_conditions_are_keyed_by_their_type() -> None:
    conditions = STORAGES["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_columns_tell_the_state_at_a_glance() -> None:
    (version,) = load("recordingstorages")["spec"]["versions"]
    columns = [(column["name"], column["jsonPath"]) for column in version["additionalPrinterColumns"]]
    assert columns == [
        ("Backend", ".spec.backend"),
        ("Observed", ".status.backend.observed"),
        ("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        ("Reason", '.status.conditions[?(@.type=="Ready")].reason'),
        ("Plan", ".status.plan.state"),
        ("Recordings", ".status.recordings.total"),
        ("Deleted", ".status.deletedRecordingsSummary.total"),
        ("Age", ".metadata.creationTimestamp"),
    ]
    assert version["subresources"] == {"status": {}}


def test_resources_of_one_account_or_bucket_can_be_selected() -> None:
    (version,) = load("recordingstorages")["spec"]["versions"]
    fields = [field["jsonPath"].lstrip(".") for field in version["selectableFields"]]
    assert fields == ["spec.twilio.accountSid", "spec.s3.bucket"]
    assert {dict(walk(STORAGES))[path]["type"] for path in fields} == {"string"}


def test_slices_have_no_status_of_their_own() -> None:
    (version,) = load("deletedrecordingslices")["spec"]["versions"]
    assert "subresources" not in version
    assert not {"spec", "status"} & set(SLICES["properties"])
