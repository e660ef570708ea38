"""plan(desired, observed, now) -> Plan: what has to be done, as a pure function of what was read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .desired import Backend, Desired
from .facts import AccountFacts, BucketFacts
from .ledger import SETTLED, Slice
from .sweeps import Sweep


class Side(StrEnum):
    """Where new recordings are seen to land. Other is a bucket that is not the resource's."""

    TWILIO = "Twilio"
    S3 = "S3"
    OTHER = "Other"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Newest:
    """The side of the newest recording, since when it is known to be so, and the bucket of an external one."""

    side: Side
    since: datetime | None = None
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything one pass read. `sweep` is the latest finished one, None before the first."""

    account: AccountFacts
    newest: Newest
    bucket: BucketFacts | None
    ledger: tuple[Slice, ...]
    sweep: Sweep | None


@dataclass(frozen=True, slots=True)
class CreateBucket:
    """The wanted bucket does not exist."""

    name: str


@dataclass(frozen=True, slots=True)
class EnableVersioning:
    """Without versions a deletion in S3 leaves no trace and no way back."""

    name: str


@dataclass(frozen=True, slots=True)
class RecordDeletions:
    """Put newly found, or better known, deletions into the slices of a day."""

    day: str
    count: int


@dataclass(frozen=True, slots=True)
class WithdrawDeletions:
    """Take entries out of the slices of a day: restored in S3, kept under another day now, or settled for good."""

    day: str
    count: int


@dataclass(frozen=True, slots=True)
class ExpireEntries:
    """Twilio has purged the metadata of some or all entries of this slice."""

    name: str


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Keep a slice's entries for another number of days, as `retention.metadataDays` now says."""

    name: str
    metadata_days: int


Action = CreateBucket | EnableVersioning | RecordDeletions | WithdrawDeletions | ExpireEntries | Reschedule


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in the order they are safe in: what is recorded comes before what is taken out."""

    actions: tuple[Action, ...] = ()


def plan(desired: Desired, observed: Observed, now: datetime) -> Plan:
    """What separates the observed from the desired."""
    return Plan((*_bucket_actions(desired, observed), *_ledger_actions(desired, observed, now)))


def _bucket_actions(desired: Desired, observed: Observed) -> list[Action]:
    """A bucket that merely stays watched (backend Twilio) is neither made nor changed."""
    if desired.backend is not Backend.S3 or desired.s3 is None:
        return []
    if observed.bucket is None:
        return [CreateBucket(desired.s3.name), EnableVersioning(desired.s3.name)]
    return [] if observed.bucket.versioned else [EnableVersioning(desired.s3.name)]


def _ledger_actions(desired: Desired, observed: Observed, now: datetime) -> list[Action]:
    listed = [part for part in observed.ledger if part.day != SETTLED]
    rescheduled = [
        Reschedule(part.name, desired.metadata_days) for part in listed if part.metadata_days != desired.metadata_days
    ]
    expiring = [
        ExpireEntries(part.name)
        for part in listed
        if part.metadata_days == desired.metadata_days and part.first_expiry <= now
    ]
    sweep = observed.sweep
    recorded = [RecordDeletions(day, count) for day, count in sorted(sweep.found.items())] if sweep else []
    withdrawn = [WithdrawDeletions(day, count) for day, count in sorted(sweep.withdrawn.items())] if sweep else []
    return [*rescheduled, *recorded, *withdrawn, *expiring]


def describe(action: Action) -> str:
    """An action in a sentence for people."""
    match action:
        case CreateBucket(name):
            return f"create bucket {name}"
        case EnableVersioning(name):
            return f"turn on versioning of bucket {name}"
        case RecordDeletions(day, count):
            return _recording(day, count)
        case WithdrawDeletions(day, count):
            return f"take {count} entr{'ies' if count != 1 else 'y'} out of the slices of {day}"
        case ExpireEntries(name):
            return f"drop the expired entries of slice {name}"
        case Reschedule(name, days):
            return f"keep the entries of slice {name} for {days} days"


def _recording(day: str, count: int) -> str:
    plural = "s" if count != 1 else ""
    if day == SETTLED:
        return f"remember {count} deletion{plural} whose metadata is out of its time already"
    return f"list {count} deleted recording{plural} until {day}"
