"""The table that decides whether a recording's audio is gone, row by row."""

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from recording_storage_operator.core.deletions import (
    UPLOAD_GRACE,
    Evidence,
    Memory,
    State,
    implausible,
    judge,
    needs_bucket,
    needs_twilio,
    revise,
    still_shown,
)
from recording_storage_operator.core.ledger import Metadata, Origin, Precision
from recording_storage_operator.core.recordings import Place
from tests.builders import NOON, ledger_entry, recording_sid

SID = recording_sid(0)
NOW = NOON + timedelta(days=2)
HORIZON = NOW - timedelta(days=40)
MARKED = NOON + timedelta(hours=3)
EVENT = NOON + timedelta(hours=2)


def evidence(status: str | None = "completed", place: Place = Place.WATCHED_BUCKET, **fields: object) -> Evidence:
    values = {"date_created": format_datetime(NOON), "seconds": 10} if status else {}
    return Evidence(SID, status=status, place=place if status else Place.UNKNOWN, **values | fields)  # type: ignore[arg-type]  # keywords of a test


STATES = {
    "at Twilio": (evidence(place=Place.TWILIO), State.AT_TWILIO),
    "at Twilio, its copy in S3 deleted": (evidence(place=Place.TWILIO, hidden_since=MARKED), State.AT_TWILIO),
    "in the bucket": (evidence(in_bucket=True), State.IN_BUCKET),
    "moved: deleted at Twilio, a copy in the bucket": (
        evidence("deleted", Place.TWILIO, in_bucket=True, deletion_event=EVENT),
        State.IN_BUCKET,
    ),
    "in the bucket, unknown to Twilio": (evidence(None, in_bucket=True), State.IN_BUCKET),
    "in another bucket": (evidence(place=Place.OTHER_BUCKET), State.ELSEWHERE),
    "deleted at Twilio, audio in another bucket": (evidence("deleted", Place.OTHER_BUCKET), State.ELSEWHERE),
    "being made": (evidence("in-progress"), State.IN_PROGRESS),
    "being processed": (evidence("processing", Place.TWILIO), State.IN_PROGRESS),
    "absent never had audio": (evidence("absent"), State.ABSENT),
    "failed never had audio": (evidence("failed", Place.TWILIO), State.ABSENT),
    "a status nobody knows yet": (evidence("brand-new", Place.TWILIO), State.AT_TWILIO),
    "Twilio could not write it": (evidence(upload_failed=True), State.MISSING),
    "not there, and too old for Twilio to know": (
        evidence(date_created=format_datetime(NOON - timedelta(days=40)), confirmed_not_in_bucket=True),
        State.UNTRACED,
    ),
    "not there, old, but seen there before": (
        evidence(
            date_created=format_datetime(NOON - timedelta(days=40)),
            confirmed_not_in_bucket=True,
            seen_in_bucket=True,
        ),
        State.DELETED,
    ),
    "not in the listing, not asked for": (evidence(), State.UNDECIDED),
    "not in the listing, 404 for its key": (evidence(confirmed_not_in_bucket=True), State.DELETED),
    "delete marker": (evidence(hidden_since=MARKED), State.DELETED),
    "deleted at Twilio": (evidence("deleted", Place.TWILIO), State.DELETED),
    "delete marker, Twilio not asked": (evidence(None, hidden_since=MARKED), State.UNDECIDED),
    "delete marker, unknown to Twilio": (
        evidence(None, hidden_since=MARKED, confirmed_not_at_twilio=True),
        State.DELETED,
    ),
    "nowhere": (evidence(None), State.UNKNOWN),
}


@pytest.mark.parametrize(("seen", "state"), STATES.values(), ids=STATES)
def test_a_sid_counts_as(seen: Evidence, state: State) -> None:
    verdict = judge(seen, NOW, HORIZON)
    assert verdict.state is state
    assert (verdict.entry is not None) is (state is State.DELETED)


ENTRIES = {
    "the marker times a deletion in S3": (
        evidence(hidden_since=MARKED),
        (MARKED, Precision.EXACT, Origin.S3, Metadata.ACCESSIBLE),
    ),
    "the event times a deletion at Twilio": (
        evidence("deleted", Place.TWILIO, deletion_event=EVENT),
        (EVENT, Precision.EXACT, Origin.TWILIO, Metadata.ACCESSIBLE),
    ),
    "nothing timed it": (
        evidence("deleted", Place.TWILIO),
        (NOW, Precision.OBSERVED, Origin.TWILIO, Metadata.ACCESSIBLE),
    ),
    "absence is timed by its observation": (
        evidence(confirmed_not_in_bucket=True),
        (NOW, Precision.OBSERVED, Origin.S3, Metadata.ACCESSIBLE),
    ),
    "the last copy to go decides": (
        evidence("deleted", Place.TWILIO, deletion_event=EVENT, hidden_since=MARKED),
        (MARKED, Precision.EXACT, Origin.S3, Metadata.ACCESSIBLE),
    ),
    "an earlier marker does not": (
        evidence("deleted", Place.TWILIO, deletion_event=MARKED, hidden_since=EVENT),
        (MARKED, Precision.EXACT, Origin.TWILIO, Metadata.ACCESSIBLE),
    ),
    "no metadata any more": (
        evidence(None, hidden_since=MARKED, confirmed_not_at_twilio=True),
        (MARKED, Precision.EXACT, Origin.S3, Metadata.MISSING),
    ),
    "fractions of a second count up": (
        evidence(hidden_since=MARKED + timedelta(milliseconds=1)),
        (MARKED + timedelta(seconds=1), Precision.EXACT, Origin.S3, Metadata.ACCESSIBLE),
    ),
}


@pytest.mark.parametrize(("seen", "wanted"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_says(seen: Evidence, wanted: tuple[datetime, Precision, Origin, Metadata]) -> None:
    entry = judge(seen, NOW, HORIZON).entry
    assert entry is not None
    assert (entry.deleted_at, entry.precision, entry.origin, entry.metadata) == wanted


def test_an_upload_may_be_on_its_way_for_a_day_after_the_recording_ended() -> None:
    seen = evidence(confirmed_not_in_bucket=True, seconds=3600)
    end = NOON + timedelta(hours=1)
    assert judge(seen, end + UPLOAD_GRACE - timedelta(seconds=1), HORIZON).state is State.IN_PROGRESS
    assert judge(seen, end + UPLOAD_GRACE, HORIZON).state is State.DELETED


def test_what_was_seen_in_the_bucket_is_not_on_its_way_there() -> None:
    arrived = evidence(confirmed_not_in_bucket=True, seen_in_bucket=True)
    assert judge(arrived, NOON + timedelta(minutes=5), HORIZON).state is State.DELETED
    assert needs_bucket(evidence(seen_in_bucket=True), Memory(), NOON + timedelta(minutes=5))


QUESTIONS = {
    "listed": (evidence(), Memory(), False, True),
    "listed and there": (evidence(in_bucket=True), Memory(), False, False),
    "already in the ledger": (evidence(), Memory(ledger_entry()), False, False),
    "already settled": (evidence(), Memory(settled=ledger_entry()), False, False),
    "never written": (evidence(upload_failed=True), Memory(), False, False),
    "not listed, marker": (evidence(None, hidden_since=MARKED), Memory(), True, False),
    "not listed, ledger says accessible": (evidence(None), Memory(ledger_entry()), True, False),
    "not listed, ledger says purged": (evidence(None), Memory(ledger_entry(metadata=Metadata.PURGED)), False, False),
    "not listed, settled": (evidence(None), Memory(settled=ledger_entry()), True, False),
    "answered 404": (evidence(None, hidden_since=MARKED, confirmed_not_at_twilio=True), Memory(), False, False),
}


@pytest.mark.parametrize(("seen", "memory", "twilio", "bucket"), QUESTIONS.values(), ids=QUESTIONS)
def test_absence_is_asked_about_one_by_one(seen: Evidence, memory: Memory, twilio: bool, bucket: bool) -> None:
    assert needs_twilio(seen, memory, HORIZON) is twilio
    assert needs_bucket(seen, memory, NOW) is bucket


def test_an_entry_stays_when_a_stale_list_shows_its_recording_alive() -> None:
    known = ledger_entry()
    seen = evidence(place=Place.TWILIO)
    assert revise(Memory(known), judge(seen, NOW, HORIZON), seen, HORIZON) == known


def test_an_entry_goes_when_its_object_is_seen_again() -> None:
    seen = evidence(in_bucket=True)
    assert revise(Memory(ledger_entry(origin=Origin.S3)), judge(seen, NOW, HORIZON), seen, HORIZON) is None


def test_an_exact_time_replaces_an_observed_one_and_never_the_other_way() -> None:
    exact, observed = ledger_entry(deleted_at=EVENT), ledger_entry(deleted_at=NOW, precision=Precision.OBSERVED)
    timed = evidence("deleted", Place.TWILIO, deletion_event=EVENT)
    untimed = evidence("deleted", Place.TWILIO)
    assert revise(Memory(observed), judge(timed, NOW, HORIZON), timed, HORIZON) == exact
    assert revise(Memory(exact), judge(untimed, NOW, HORIZON), untimed, HORIZON) == exact


def test_of_two_exact_times_the_later_counts() -> None:
    later = evidence(hidden_since=MARKED)
    revised = revise(Memory(ledger_entry(deleted_at=EVENT)), judge(later, NOW, HORIZON), later, HORIZON)
    assert revised
    assert revised.deleted_at == MARKED
    earlier = evidence(hidden_since=EVENT)
    kept = revise(Memory(ledger_entry(deleted_at=MARKED)), judge(earlier, NOW, HORIZON), earlier, HORIZON)
    assert kept
    assert kept.deleted_at == MARKED


def test_metadata_is_purged_only_when_twilio_says_so() -> None:
    known = ledger_entry()
    unlisted = evidence(None)
    assert revise(Memory(known), judge(unlisted, NOW, HORIZON), unlisted, HORIZON) == known
    asked = replace(unlisted, confirmed_not_at_twilio=True)
    revised = revise(Memory(known), judge(asked, NOW, HORIZON), asked, HORIZON)
    assert revised == replace(known, metadata=Metadata.PURGED)


def test_a_deletion_that_is_over_is_not_listed_again() -> None:
    seen = evidence(hidden_since=HORIZON)
    assert revise(Memory(), judge(seen, NOW, HORIZON), seen, HORIZON) is None
    recent = evidence(hidden_since=HORIZON + timedelta(seconds=1))
    untimed = evidence(confirmed_not_in_bucket=True)
    assert revise(Memory(), judge(recent, NOW, HORIZON), recent, HORIZON) is not None
    settled = Memory(settled=ledger_entry(deleted_at=HORIZON))
    assert revise(settled, judge(untimed, NOW, HORIZON), untimed, HORIZON) is None


def test_a_settled_deletion_is_forgotten_once_nothing_shows_it() -> None:
    untimed = evidence("deleted", Place.TWILIO)
    assert still_shown(judge(untimed, NOW, HORIZON), untimed, HORIZON)
    timed = evidence("deleted", Place.TWILIO, deletion_event=HORIZON)
    assert still_shown(judge(timed, NOW, HORIZON), timed, HORIZON)
    marked = evidence("completed", Place.WATCHED_BUCKET, hidden_since=HORIZON)
    assert still_shown(judge(marked, NOW, HORIZON), marked, HORIZON)
    unlisted_and_marked = evidence(None, hidden_since=HORIZON, confirmed_not_at_twilio=True)
    assert not still_shown(judge(unlisted_and_marked, NOW, HORIZON), unlisted_and_marked, HORIZON)
    unlisted = evidence(None)
    assert still_shown(judge(unlisted, NOW, HORIZON), unlisted, HORIZON)
    purged = evidence(None, confirmed_not_at_twilio=True)
    assert not still_shown(judge(purged, NOW, HORIZON), purged, HORIZON)


@pytest.mark.parametrize(
    ("lost", "seen", "answer"), [(5, 0, False), (6, 0, True), (6, 100, False), (100, 900, False), (112, 1000, True)]
)
def test_a_loss_is_implausible(lost: int, seen: int, answer: bool) -> None:
    assert implausible(lost, seen) is answer
