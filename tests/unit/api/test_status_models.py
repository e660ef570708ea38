import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from recording_storage_operator.api.v1alpha1 import (
    MAX_DELETED_LISTED,
    MAX_EXPIRY_DAYS,
    MAX_PATHS,
    BackendStatus,
    DeletedRecording,
    DeletedRecordingSlice,
    DeletedRecordingsSummary,
    Difference,
    ExpiryDayCount,
    Managed,
    OriginCounts,
    PlannedAction,
    PlanStatus,
    RecordingCounts,
    SkippedPart,
    Status,
)
from recording_storage_operator.core.approval import State
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.desired import Backend
from recording_storage_operator.core.facts import Obstacle
from recording_storage_operator.core.ledger import Metadata, Origin, Precision
from tests.unit.api.crds import STORAGES, walk
from tests.unit.api.written import a_full_slice, a_full_status, as_object

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def entry(sid: str = "RE" + "0" * 32) -> DeletedRecording:
    return DeletedRecording(
        sid=sid,
        deleted_at=NOON,
        deleted_at_precision=Precision.OBSERVED,
        origin=Origin.TWILIO,
        metadata=Metadata.ACCESSIBLE,
        expires_at=NOON + timedelta(days=40),
    )


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Where something is in a document, as a CRD names it."""
    if path:
        yield path
    for name, child in value.items() if isinstance(value, dict) else ():
        yield from paths(child, f"{path}.{name}".lstrip("."))
    for child in value if isinstance(value, list) else ():
        yield from paths(child, f"{path}[]")


def test_a_status_is_written_with_the_names_of_the_api() -> None:
    status = Status(
        observed_generation=3,
        backend=BackendStatus(desired=Backend.S3, observed="Twilio", since=NOON),
        recordings=RecordingCounts(total=2, in_progress=0),
        deleted_recordings=[entry()],
    )
    assert status.as_json() == {
        "observedGeneration": 3,
        "backend": {"desired": "S3", "observed": "Twilio", "since": "2026-01-31T12:00:00Z"},
        "recordings": {"total": 2, "inProgress": 0},
        "deletedRecordings": [
            {
                "sid": "RE00000000000000000000000000000000",
                "deletedAt": "2026-01-31T12:00:00Z",
                "deletedAtPrecision": "Observed",
                "origin": "Twilio",
                "metadata": "Accessible",
                "expiresAt": "2026-03-12T12:00:00Z",
            }
        ],
    }


def test_a_written_status_is_read_back() -> None:
    summary = DeletedRecordingsSummary(
        total=1,
        listed=1,
        truncated=False,
        oldest_expiry=NOON,
        newest_deletion=NOON,
        by_origin=OriginCounts(twilio=1, s3=0),
        by_expiry_day=[ExpiryDayCount(day="2026-03-12", count=1)],
    )
    status = Status(deleted_recordings=[entry()], deleted_recordings_summary=summary)
    assert Status.model_validate(json.loads(json.dumps(status.as_json()))) == status


def test_a_plan_is_written_with_the_names_of_the_api() -> None:
    values = {"want": "Enabled", "have": "absent"}
    step = PlannedAction(type="ChangeSetting", target="versioning", summary="Turn it on.", class_=Risk.SAFE, **values)
    part = SkippedPart(path="objectOwnership", reason=Obstacle.UNSUPPORTED, message="This service has none.")
    status = Status(
        plan=PlanStatus(
            id="p0123456789a", state="Pending", summary="1 change.", actions=[step], skipped=[part], created_at=NOON
        ),
        last_approved_plan="pba987654321",
        drift=[Difference(path="versioning", want="Enabled", have="Suspended")],
        managed=[Managed(path="versioning", digest="0123456789abcdef", state=State.APPROVED)],
    )
    assert status.as_json() == {
        "plan": {
            "id": "p0123456789a",
            "state": "Pending",
            "summary": "1 change.",
            "actions": [
                {"type": "ChangeSetting", "target": "versioning", "summary": "Turn it on.", "class": "Safe"} | values,
            ],
            "skipped": [
                {"path": "objectOwnership", "reason": "Unsupported", "message": "This service has none."},
            ],
            "createdAt": "2026-01-31T12:00:00Z",
        },
        "lastApprovedPlan": "pba987654321",
        "drift": [{"path": "versioning", "want": "Enabled", "have": "Suspended"}],
        "managed": [{"path": "versioning", "digest": "0123456789abcdef", "state": "Approved"}],
    }
    assert Status.model_validate(status.as_json()) == status


@pytest.mark.parametrize("plan_id", ["0123456789AB", "0123456789a", "p0123456789ac"])
def test_a_plan_with_any_other_id_is_refused(plan_id: str) -> None:
    with pytest.raises(ValidationError, match=r"hexadecimal|Too long"):
        PlanStatus(id=plan_id, summary="1 change.")


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    berlin = timezone(timedelta(hours=1))
    backend = BackendStatus(
        desired=Backend.S3, observed="S3", since=datetime(2026, 1, 31, 13, 0, 0, 999_999, tzinfo=berlin)
    )
    assert backend.as_json()["since"] == "2026-01-31T12:00:00Z"


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="a time needs its offset"):
        BackendStatus(desired=Backend.S3, observed="S3", since=datetime(2026, 1, 31))  # noqa: DTZ001  what is refused


def test_more_than_the_api_server_takes_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValidationError, match="at most 250 items"):
        Status(deleted_recordings=[entry()] * (MAX_DELETED_LISTED + 1))
    with pytest.raises(ValidationError, match="at most 32 items"):
        Status(drift=[Difference(path="versioning", want="Enabled", have="Suspended")] * (MAX_PATHS + 1))
    with pytest.raises(ValidationError, match="at most 42 items"):
        DeletedRecordingsSummary(
            total=43,
            listed=0,
            truncated=True,
            by_expiry_day=[ExpiryDayCount(day="2026-03-12", count=1)] * (MAX_EXPIRY_DAYS + 1),
        )


def test_all_the_operator_writes_of_a_status_has_its_place_in_the_crd() -> None:
    """The API server drops what it does not know; the status would then differ from the wanted one for ever."""
    written = a_full_status()
    assert Status.model_validate(written).as_json() == written


def test_the_fullest_status_leaves_no_field_unused() -> None:
    """A field of the CRD that nobody writes would be a promise nobody keeps."""
    written = a_full_status()
    promised = {path for path, _ in walk(STORAGES["properties"]["status"])} - {""}
    assert promised - set(paths(written)) == set()


def test_a_full_status_stays_small() -> None:
    assert len(json.dumps(a_full_status())) < 50_000


def test_a_full_slice_fits_its_field() -> None:
    part = as_object(a_full_slice(), "line")
    read = DeletedRecordingSlice.model_validate(part)
    assert read.as_json() == part
    assert len(read.data) < 300_000


@pytest.mark.parametrize("data", ["not base64", "YQ", "YQ==\n"])
def test_a_slice_of_anything_but_base64_is_refused(data: str) -> None:
    with pytest.raises(ValidationError, match="is not base64"):
        DeletedRecordingSlice.model_validate(
            {
                "apiVersion": "recordings.dev/v1alpha1",
                "kind": "DeletedRecordingSlice",
                "metadata": {},
                "day": "settled",
                "metadataDays": 40,
                "count": 1,
                "fromTwilio": 1,
                "fromS3": 0,
                "oldestDeletion": "2026-01-31T12:00:00Z",
                "newestDeletion": "2026-01-31T12:00:00Z",
                "data": data,
            }
        )
