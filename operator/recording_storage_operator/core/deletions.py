"""Whether a recording's audio is gone: decided per SID, by a table, from evidence of both places.

Only what was seen counts. A listing that lacks a recording proves nothing by itself: pages get truncated, records
slip between pages, a bucket name can point at another server. So absence has to be confirmed one by one first, and
what stays unconfirmed is undecided, never gone. `absent` recordings never had audio, and a recording whose copy is
in the bucket was moved, not deleted.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .ledger import Entry, Metadata, Origin, Precision
from .recordings import ABSENT, COMPLETED, DELETED, Place, parse_rfc2822

ALERTS_KEPT = timedelta(days=29)
"""Twilio keeps alerts for 30 days: of an older recording it can no longer tell whether its upload failed."""

UPLOAD_GRACE = timedelta(days=1)
"""How long after its end a recording that was never seen in the bucket may be on its way there.

Twilio does not document how long it tries. Too long a grace shows a deletion late; too short a one shows one that was
none.
"""

PLAUSIBLE_LOSS = 5
"""So many objects may vanish without a delete marker before the share of them is looked at."""

PLAUSIBLE_SHARE = 0.1

_UNFINISHED = frozenset({"in-progress", "paused", "stopped", "processing", "queued"})
_WITHOUT_AUDIO = frozenset({ABSENT, "failed"})


class State(StrEnum):
    """What a recording counts as."""

    AT_TWILIO = "twilio"
    IN_BUCKET = "s3"
    ELSEWHERE = "elsewhere"
    """External, in a bucket this resource does not watch: its deletion could not be seen."""
    IN_PROGRESS = "inProgress"
    ABSENT = "absent"
    MISSING = "missing"
    """Twilio reported that it could not write this one to the bucket (alerts 16111, 16112): it never was there."""
    UNTRACED = "untraced"
    """Not in the bucket, without a marker, and so old that Twilio no longer tells whether it ever was there."""
    DELETED = "deleted"
    UNDECIDED = "undecided"
    """Not in the bucket, and not confirmed yet."""
    UNKNOWN = "unknown"
    """Neither place knows it (any more)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a sweep saw of one SID. Times are UTC; `status` None means that Twilio does not list it."""

    sid: str
    status: str | None = None
    place: Place = Place.UNKNOWN
    date_created: str = ""
    seconds: int = 0
    in_bucket: bool = False
    hidden_since: datetime | None = None
    """The time of the delete marker that hides its object in a versioned bucket."""
    deletion_event: datetime | None = None
    upload_failed: bool = False
    seen_in_bucket: bool = False
    """An earlier sweep saw its object."""
    confirmed_not_in_bucket: bool = False
    """S3 answered 404 for its very key."""
    confirmed_not_at_twilio: bool = False
    """Twilio answered 404 for its very SID, soft-deleted ones included."""

    @property
    def created_at(self) -> datetime | None:
        """When recording began; None where that is not known."""
        return parse_rfc2822(self.date_created)

    @property
    def ended_at(self) -> datetime | None:
        """Creation plus length: an upload starts after it."""
        created = self.created_at
        return created + timedelta(seconds=self.seconds) if created else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a SID counts as, and the entry its deletion deserves."""

    state: State
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger remembers of a SID: its entry, or the one that expired (`settled`)."""

    entry: Entry | None = None
    settled: Entry | None = None


def judge(evidence: Evidence, now: datetime, horizon: datetime) -> Verdict:
    """The table. `now` is the time given to a deletion nobody timed; one up to `horizon` is over."""
    state = _not_a_question_of_deletion(evidence)
    if state:
        return Verdict(state)
    if evidence.status is None:
        return _not_listed(evidence, horizon)
    if evidence.place is Place.WATCHED_BUCKET:
        return _gone_from_bucket(evidence, now)
    return _deleted_at_twilio(evidence, now)


def needs_twilio(evidence: Evidence, memory: Memory, horizon: datetime) -> bool:
    """Whether Twilio must be asked for this very SID before its absence from the list may mean anything.

    Not of a deletion that is over: a bucket keeps its old delete markers for ever, and each would be a request a sweep.
    """
    if evidence.status is not None or evidence.confirmed_not_at_twilio:
        return False
    if memory.entry:
        return memory.entry.metadata is Metadata.ACCESSIBLE
    return not evidence.in_bucket and (memory.settled is not None or _hidden_after(evidence, horizon))


def needs_bucket(evidence: Evidence, memory: Memory, now: datetime) -> bool:
    """Whether S3 must be asked for this very key before its absence from the listing may mean anything."""
    return (
        memory == Memory()
        and evidence.status in (COMPLETED, DELETED)
        and evidence.place is Place.WATCHED_BUCKET
        and not evidence.in_bucket
        and not evidence.hidden_since
        and (evidence.status == DELETED or not _may_never_have_arrived(evidence, now))
        and not evidence.confirmed_not_in_bucket
        and not _may_be_on_its_way(evidence, now)
    )


def revise(memory: Memory, verdict: Verdict, evidence: Evidence, horizon: datetime) -> Entry | None:
    """The entry the ledger should hold, given what it remembers; None for no entry.

    Deletions up to `horizon` (now less the days metadata is kept) are over and not listed again.

    An entry once made stays until it expires: Twilio cannot bring audio back, so a list that shows a deleted
    recording as completed is stale. Only an object seen in the bucket again takes its entry away. One that expired is
    listed anew where metadata is kept for more days than before.
    """
    if verdict.state is State.IN_BUCKET:
        return None
    if _recent(memory.settled, horizon):
        memory = Memory(memory.settled)
    if memory.entry is None:
        fresh = memory.settled is None or _came_later(verdict.entry, memory.settled)
        return verdict.entry if fresh and _recent(verdict.entry, horizon) else None
    entry = _better_timed(memory.entry, verdict.entry)
    return replace(entry, metadata=_metadata(evidence, memory.entry.metadata))


def still_shown(verdict: Verdict, evidence: Evidence, horizon: datetime) -> bool:
    """Whether a deletion whose entry expired would be found again, so that it has to stay remembered.

    What times it may go before Twilio's list forgets the recording: its event after 30 days, a delete marker with a
    lifecycle rule. Then, and after a restart, an old deletion would look like one of today, or like a loss. So as long
    as Twilio lists it, only its object in the bucket ends that.
    """
    if verdict.state is State.IN_BUCKET:
        return False
    if verdict.state in (State.UNDECIDED, State.UNKNOWN):
        return not evidence.confirmed_not_at_twilio
    return evidence.status is not None or _recent(verdict.entry, horizon)


def over_already(memory: Memory, verdict: Verdict, evidence: Evidence, now: datetime, horizon: datetime) -> bool:
    """Whether a deletion was over before it was first seen, and is yet to be remembered as settled.

    Once Twilio's feed forgets its time, it would look like a deletion of that day. So it would once a lifecycle rule
    has removed its delete marker, as long as Twilio lists it as one that must be in the bucket.
    """
    if verdict.entry is None or _recent(verdict.entry, horizon) or memory != Memory():
        return False
    by_marker = evidence.hidden_since is not None
    return not by_marker or (evidence.status is not None and not _may_never_have_arrived(evidence, now))


def is_awaited(evidence: Evidence, state: State) -> bool:
    """Whether Twilio has put it into the bucket and it is not seen there: it may be on its way, or in another one."""
    return evidence.status == COMPLETED and state in (State.IN_PROGRESS, State.UNDECIDED)


def only_absent(evidence: Evidence, precision: Precision) -> bool:
    """Whether nothing but a missing object says that the last copy is gone.

    A marker says it, and Twilio's status where there never was a copy in the bucket.
    """
    if evidence.status != DELETED:
        return precision is Precision.OBSERVED
    never_arrived = evidence.upload_failed and not evidence.seen_in_bucket
    return evidence.place is Place.WATCHED_BUCKET and not evidence.hidden_since and not never_arrived


def implausible(lost: int, seen: int) -> bool:
    """Whether so many objects missing from a bucket at once smell of a wrong bucket rather than of deletions.

    `lost` are those without a delete marker, whose only sign is that they are not there; `seen` those that are.
    """
    return lost > max(PLAUSIBLE_LOSS, PLAUSIBLE_SHARE * (lost + seen))


def _not_a_question_of_deletion(evidence: Evidence) -> State | None:
    if evidence.in_bucket:
        return State.IN_BUCKET
    if evidence.status in _UNFINISHED:
        return State.IN_PROGRESS
    if evidence.status in _WITHOUT_AUDIO:
        return State.ABSENT
    if evidence.status and evidence.place is Place.OTHER_BUCKET:
        return State.ELSEWHERE
    at_twilio = evidence.status not in (None, DELETED) and evidence.place is not Place.WATCHED_BUCKET
    return State.AT_TWILIO if at_twilio else None


def _hidden_after(evidence: Evidence, horizon: datetime) -> bool:
    return evidence.hidden_since is not None and evidence.hidden_since > horizon


def _not_listed(evidence: Evidence, horizon: datetime) -> Verdict:
    if evidence.hidden_since is None or not _hidden_after(evidence, horizon):
        return Verdict(State.UNKNOWN)
    if not evidence.confirmed_not_at_twilio:
        return Verdict(State.UNDECIDED)
    return Verdict(State.DELETED, _entry(evidence, evidence.hidden_since, Precision.EXACT, Origin.S3))


def _gone_from_bucket(evidence: Evidence, now: datetime) -> Verdict:
    if evidence.hidden_since:
        return Verdict(State.DELETED, _entry(evidence, evidence.hidden_since, Precision.EXACT, Origin.S3))
    if _may_never_have_arrived(evidence, now):
        if evidence.status != DELETED:
            return Verdict(State.MISSING if evidence.upload_failed else State.UNTRACED)
        # A listing that lacks it does not say that it never arrived.
        return _deleted_at_twilio(evidence, now) if evidence.confirmed_not_in_bucket else Verdict(State.UNDECIDED)
    if _may_be_on_its_way(evidence, now):
        return Verdict(State.IN_PROGRESS)
    if not evidence.confirmed_not_in_bucket:
        return Verdict(State.UNDECIDED)
    return Verdict(State.DELETED, _entry(evidence, now, Precision.OBSERVED, Origin.S3))


def _deleted_at_twilio(evidence: Evidence, now: datetime) -> Verdict:
    """The audio is gone when its last copy is: a copy in the bucket may have outlived the one at Twilio."""
    event, marker = evidence.deletion_event, evidence.hidden_since
    if marker and (event is None or marker > event):
        return Verdict(State.DELETED, _entry(evidence, marker, Precision.EXACT, Origin.S3))
    if event:
        return Verdict(State.DELETED, _entry(evidence, event, Precision.EXACT, Origin.TWILIO))
    return Verdict(State.DELETED, _entry(evidence, now, Precision.OBSERVED, Origin.TWILIO))


def _entry(evidence: Evidence, deleted_at: datetime, precision: Precision, origin: Origin) -> Entry:
    return Entry(
        sid=evidence.sid,
        date_created=evidence.created_at,
        deleted_at=_whole_seconds(deleted_at),
        precision=precision,
        origin=origin,
        metadata=Metadata.ACCESSIBLE if evidence.status is not None else Metadata.MISSING,
    )


def _whole_seconds(moment: datetime) -> datetime:
    """Rounded up: an entry must not expire a fraction of a second early."""
    floor = moment.replace(microsecond=0)
    return floor if floor == moment else floor + timedelta(seconds=1)


def _recent(entry: Entry | None, horizon: datetime) -> bool:
    return entry is not None and entry.deleted_at > horizon


def _came_later(fresh: Entry | None, settled: Entry) -> bool:
    """Whether it is another deletion than the one that is over: restored in S3 and deleted again."""
    return fresh is not None and fresh.precision is Precision.EXACT and fresh.deleted_at > settled.deleted_at


def _better_timed(known: Entry, fresh: Entry | None) -> Entry:
    """An exact time beats an observed one; of two exact ones the later, because early pruning is the worse mistake.

    An earlier deletion at Twilio does not time that of the last copy, which was in the bucket.
    """
    if fresh is None or fresh.precision is Precision.OBSERVED:
        return known
    if known.origin is Origin.S3 and fresh.origin is Origin.TWILIO and fresh.deleted_at < known.deleted_at:
        return known
    if known.precision is Precision.OBSERVED or fresh.deleted_at > known.deleted_at:
        return fresh
    return known


def _metadata(evidence: Evidence, before: Metadata) -> Metadata:
    if evidence.status is not None:
        return Metadata.ACCESSIBLE
    if before is Metadata.ACCESSIBLE and evidence.confirmed_not_at_twilio:
        return Metadata.PURGED
    return before


def _may_never_have_arrived(evidence: Evidence, now: datetime) -> bool:
    """Absence without a marker is a deletion only of what was seen there, or what Twilio would know to have failed."""
    ended = evidence.ended_at
    forgotten = ended is None or now >= ended + ALERTS_KEPT
    return not evidence.seen_in_bucket and (evidence.upload_failed or forgotten)


def _may_be_on_its_way(evidence: Evidence, now: datetime) -> bool:
    if evidence.status == DELETED or evidence.seen_in_bucket:
        return False
    ended = evidence.ended_at
    return ended is not None and now < ended + UPLOAD_GRACE
