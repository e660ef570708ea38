import base64
import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from recording_storage_operator.api.v1alpha1 import (
    MAX_DELETED_LISTED,
    MAX_EXPIRY_DAYS,
    BackendStatus,
    DeletedRecording,
    DeletedRecordingSlice,
    DeletedRecordingsSummary,
    ExpiryDayCount,
    OriginCounts,
    RecordingCounts,
    Status,
)
from recording_storage_operator.core.desired import Backend
from recording_storage_operator.core.ledger import MAX_SLICE_ENTRIES, Entry, Metadata, Origin, Precision, pack

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
    with pytest.raises(ValidationError, match="at most 42 items"):
        DeletedRecordingsSummary(
            total=43,
            listed=0,
            truncated=True,
            by_expiry_day=[ExpiryDayCount(day="2026-03-12", count=1)] * (MAX_EXPIRY_DAYS + 1),
        )


def test_a_full_slice_fits_its_field() -> None:
    """Entries that pack badly: random SIDs, made at any time, deleted at any second of a day."""
    sids = random.Random(1)
    entries = [
        Entry(
            sid=f"RE{sids.getrandbits(128):032x}",
            date_created=NOON - timedelta(seconds=n * 7919 % 86_400_000),
            deleted_at=NOON + timedelta(seconds=n * 104_729 % 86_400),
            precision=Precision.EXACT if n % 2 else Precision.OBSERVED,
            origin=Origin.S3 if n % 3 else Origin.TWILIO,
            metadata=Metadata.ACCESSIBLE if n % 5 else Metadata.MISSING,
        )
        for n in range(MAX_SLICE_ENTRIES)
    ]
    part = pack("line-1", "2026-03-12", 40, entries)
    written = DeletedRecordingSlice(
        api_version="recordings.dev/v1alpha1",
        kind="DeletedRecordingSlice",
        metadata={"name": part.name},
        day=part.day,
        metadata_days=part.metadata_days,
        count=part.count,
        from_twilio=part.from_twilio,
        from_s3=part.from_s3,
        oldest_deletion=part.oldest_deletion,
        newest_deletion=part.newest_deletion,
        data=base64.b64encode(part.packed).decode(),
    )
    assert len(written.data) < 300_000


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
