"""plan(desired, observed, memory, approval, now) -> Plan: what has to be done, as a pure function of what was read.

Its two halves differ in who decides. The ledger is always kept, at once; what is done to the account and the bucket may
wait for a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from .approval import Decision, Memory, decide
from .desired import Desired
from .errors import ReconcileError
from .facts import AccountFacts, Aspect, BucketFacts, Reading
from .ledger import SETTLED, Slice
from .proposal import Content, propose
from .sweeps import Sweep
from .writer import WriterFacts


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
    """Everything one pass read. `sweep` is the latest finished one, None before the first.

    `settings` has the aspects that are looked at, none of a bucket that does not exist. `content` is looked at before
    a bucket is adopted. `guest_of` names the older resource that keeps the settings of a shared bucket. `unwritable`
    has, by path, why the server does not take a setting, learnt by trying. `writer_trouble` is why there is no `writer`
    though the spec names one.
    """

    account: AccountFacts
    newest: Newest
    bucket: BucketFacts | None
    ledger: tuple[Slice, ...]
    sweep: Sweep | None
    settings: Mapping[Aspect, Reading] = field(default_factory=dict)
    content: Content | None = None
    writer: WriterFacts | None = None
    guest_of: str = ""
    unwritable: Mapping[str, str] = field(default_factory=dict)
    writer_trouble: ReconcileError | None = None


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


Action = RecordDeletions | WithdrawDeletions | ExpireEntries | Reschedule


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions on the ledger in the order they are safe in (what is recorded comes before what is taken out), and what
    becomes of the effects on the account and the bucket.
    """

    actions: tuple[Action, ...]
    decision: Decision

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to apply now."""
        return not self.actions and not self.decision.due

    def without_expectations(self) -> "Plan":
        """Where the bucket was certainly not made: what was agreed to for it is forgotten, and agreed to again."""
        return replace(self, decision=replace(self.decision, memory=self.decision.memory.without_expectations()))


def plan(desired: Desired, observed: Observed, memory: Memory, approval: str, now: datetime) -> Plan:
    """What separates the observed from the desired."""
    proposal = propose(desired, observed, memory)
    return Plan(tuple(_ledger_actions(desired, observed, now)), decide(proposal, desired, memory, approval))


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
    # What was found under another number of days belongs to other days; it is found again.
    sweep = observed.sweep if observed.sweep and observed.sweep.metadata_days == desired.metadata_days else None
    recorded = [RecordDeletions(day, count) for day, count in sorted(sweep.found.items())] if sweep else []
    withdrawn = [WithdrawDeletions(day, count) for day, count in sorted(sweep.withdrawn.items())] if sweep else []
    return [*rescheduled, *recorded, *withdrawn, *expiring]
