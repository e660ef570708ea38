"""Both kinds of recordings.dev/v1alpha1: what the operator reads, and the status and slices it writes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ..core.approval import State
from ..core.bucket_settings import Risk
from ..core.desired import Backend
from ..core.facts import Obstacle
from ..core.ledger import Metadata, Origin, Precision
from .fields import Count, Day, Days, Packed, Read, Text, Time, Word, Written
from .spec import Named, Spec

MAX_DELETED_LISTED = 250
"""Items of `status.deletedRecordings`; the API server refuses a status with more."""

MAX_EXPIRY_DAYS = 42
"""Items of `byExpiryDay`: 40 days, today, and one more for a clock that differs."""

MAX_PATHS = 32
"""Items of `drift` and of `managed`: the settings of a bucket, its tags, and the writer key."""

RecordingSid = Annotated[str, Text(r"^RE[0-9a-f]{32}$", "sid is RE and 32 hexadecimal digits", 34)]
SliceDay = Annotated[
    str, Text(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|settled)$", "day is a day such as 2026-01-31, or settled", 10)
]
ConditionName = Annotated[str, Text(r"^[A-Za-z][A-Za-z0-9]*$", "is one word of letters and digits", 316)]
ConditionReason = Annotated[str, Text(r"^[A-Za-z][A-Za-z0-9]*$", "is one word of letters and digits", 1024)]
Sentence = Annotated[str, Field(max_length=1024)]
Path = Annotated[str, Field(max_length=256)]
Value = Annotated[str, Field(max_length=512)]
PlanId = Annotated[str, Text(r"^p[0-9a-f]{11}$", "is p and 11 hexadecimal digits", 12)]
Digest = Annotated[str, Text(r"^[0-9a-f]{16}$", "is 16 hexadecimal digits", 16)]


class BackendStatus(Written):
    """Where recordings shall live, and where new ones land."""

    desired: Annotated[Backend, Field(strict=False)]
    observed: Literal["Twilio", "S3", "Other", "Unknown"]
    since: Time | None = None


class Condition(Written):
    """The shape of metav1.Condition."""

    type: ConditionName
    status: Literal["True", "False", "Unknown"]
    observed_generation: Count | None = None
    last_transition_time: Time
    reason: ConditionReason
    message: Sentence


class PlannedAction(Written):
    """One step of a plan. `class` is a word of Python's."""

    type: Word
    target: Annotated[str, Field(max_length=512)]
    summary: Sentence
    class_: Annotated[Risk, Field(strict=False, alias="class")]
    want: Value
    have: Value


class SkippedPart(Written):
    """Something wanted that the plan leaves out."""

    path: Path
    reason: Annotated[Obstacle, Field(strict=False)]
    message: Sentence


class PlanStatus(Written):
    """What the operator would do next, and whether it may."""

    id: PlanId | None = None
    state: Literal["Applied", "Pending", "Blocked"] | None = None
    summary: Sentence
    actions: Annotated[list[PlannedAction], Field(max_length=16)] | None = None
    skipped: Annotated[list[SkippedPart], Field(max_length=16)] | None = None
    created_at: Time | None = None


class Difference(Written):
    """One thing that is not as wanted."""

    path: Path
    want: Value
    have: Value


class Managed(Written):
    """One thing the operator keeps as it is wanted."""

    path: Path
    digest: Digest
    state: Annotated[State, Field(strict=False)]


class LastSweep(Written):
    """When the counts were taken."""

    finished_at: Time


class RecordingCounts(Written):
    """Recordings by place and state."""

    total: Count | None = None
    twilio: Count | None = None
    s3: Count | None = None
    elsewhere: Count | None = None
    absent: Count | None = None
    in_progress: Count | None = None
    missing: Count | None = None
    doubtful: Annotated[int, Field(ge=1, json_schema_extra={"format": "int64"})] | None = None
    endpoint: Annotated[str, Field(max_length=512)] | None = None
    last_sweep: LastSweep | None = None


class DeletedRecording(Written):
    """One entry of the ledger, as people read it."""

    sid: RecordingSid
    date_created: Time | None = None
    deleted_at: Time
    deleted_at_precision: Annotated[Precision, Field(strict=False)]
    origin: Annotated[Origin, Field(strict=False)]
    metadata: Annotated[Metadata, Field(strict=False)]
    expires_at: Time


class OriginCounts(Written):
    """Deleted recordings by origin."""

    twilio: Count
    s3: Count


class ExpiryDayCount(Written):
    """Deleted recordings of one day of expiry."""

    day: Day
    count: Count


class DeletedRecordingsSummary(Written):
    """The whole ledger in numbers."""

    total: Count
    listed: Count
    truncated: bool
    oldest_expiry: Time | None = None
    newest_deletion: Time | None = None
    by_origin: OriginCounts | None = None
    by_expiry_day: Annotated[list[ExpiryDayCount], Field(max_length=MAX_EXPIRY_DAYS)] | None = None


class Status(Written):
    """All that is observed."""

    observed_generation: Annotated[int, Field(ge=-1, json_schema_extra={"format": "int64"})] | None = None
    last_handled_reconcile_at: Annotated[str, Field(max_length=256)] | None = None
    backend: BackendStatus | None = None
    conditions: Annotated[list[Condition], Field(max_length=16)] | None = None
    plan: PlanStatus | None = None
    last_approved_plan: PlanId | None = None
    drift: Annotated[list[Difference], Field(max_length=MAX_PATHS)] | None = None
    managed: Annotated[list[Managed], Field(max_length=MAX_PATHS)] | None = None
    recordings: RecordingCounts | None = None
    deleted_recordings: Annotated[list[DeletedRecording], Field(max_length=MAX_DELETED_LISTED)] | None = None
    deleted_recordings_summary: DeletedRecordingsSummary | None = None


class RecordingStorage(Read):
    """A RecordingStorage as read from the API server. Its status is read apart: a damaged one stops nothing."""

    metadata: Named
    spec: Spec


class DeletedRecordingSlice(Written):
    """A part of the ledger as stored; its fields are those of core.ledger.Slice."""

    api_version: str
    kind: str
    metadata: dict[str, Any]
    day: SliceDay
    metadata_days: Days
    count: Annotated[int, Field(ge=1, json_schema_extra={"format": "int64"})]
    from_twilio: Count
    from_s3: Count
    oldest_deletion: Time
    newest_deletion: Time
    data: Packed
