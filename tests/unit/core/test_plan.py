"""What separates the observed from the desired, and nothing else."""

from datetime import timedelta

import pytest

from recording_storage_operator.core.facts import BucketFacts
from recording_storage_operator.core.ledger import SETTLED, pack
from recording_storage_operator.core.plan import (
    Action,
    CreateBucket,
    EnableVersioning,
    ExpireEntries,
    Observed,
    RecordDeletions,
    Reschedule,
    WithdrawDeletions,
    describe,
    plan,
)
from recording_storage_operator.core.sweeps import Sweep
from tests.builders import BUCKET, NOON, ledger_entry
from tests.unit.core.test_status import S3, TWILIO, observed


def with_bucket(bucket: BucketFacts | None) -> Observed:
    seen = observed()
    return Observed(seen.account, seen.newest, bucket, seen.ledger, seen.sweep)


def test_nothing_to_do_gives_an_empty_plan() -> None:
    assert plan(S3, observed(), NOON).actions == ()


def test_a_missing_bucket_is_made_with_versions() -> None:
    assert plan(S3, with_bucket(None), NOON).actions == (CreateBucket(BUCKET), EnableVersioning(BUCKET))


def test_versions_are_turned_on() -> None:
    assert plan(S3, with_bucket(BucketFacts(BUCKET, "us-east-1", False)), NOON).actions == (EnableVersioning(BUCKET),)


def test_a_bucket_that_is_only_watched_is_left_alone() -> None:
    assert plan(TWILIO, with_bucket(None), NOON).actions == ()


def test_entries_expire_at_their_second_and_not_before() -> None:
    slices = (pack("one", "2026-04-10", 40, [ledger_entry(1)]),)
    expiry = NOON + timedelta(days=40)
    assert plan(S3, observed(ledger=slices), expiry - timedelta(seconds=1)).actions == ()
    assert plan(S3, observed(ledger=slices), expiry).actions == (ExpireEntries("one"),)


def test_settled_slices_expire_by_no_clock() -> None:
    slices = (pack("one", SETTLED, 40, [ledger_entry(1)]),)
    assert plan(S3, observed(ledger=slices), NOON + timedelta(days=400)).actions == ()


def test_slices_kept_for_another_number_of_days_are_moved_before_they_expire() -> None:
    slices = (pack("one", "2026-03-11", 10, [ledger_entry(1)]),)
    seen = observed(ledger=slices)
    assert plan(S3, seen, NOON + timedelta(days=20)).actions == (Reschedule("one", 40),)


def test_what_is_recorded_comes_before_what_is_taken_out() -> None:
    sweep = Sweep(NOON, NOON, found={"2026-04-10": 2}, withdrawn={"2026-04-09": 1})
    actions = plan(S3, observed(sweep=sweep), NOON).actions
    assert actions == (RecordDeletions("2026-04-10", 2), WithdrawDeletions("2026-04-09", 1))


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (CreateBucket("acme"), "create bucket acme"),
        (EnableVersioning("acme"), "turn on versioning of bucket acme"),
        (RecordDeletions("2026-04-10", 1), "list 1 deleted recording until 2026-04-10"),
        (RecordDeletions(SETTLED, 1), "remember 1 deletion whose metadata is out of its time already"),
        (WithdrawDeletions("2026-04-10", 2), "take 2 entries out of the slices of 2026-04-10"),
        (ExpireEntries("one"), "drop the expired entries of slice one"),
        (Reschedule("one", 30), "keep the entries of slice one for 30 days"),
    ],
)
def test_an_action_is_a_sentence(action: Action, sentence: str) -> None:
    assert describe(action) == sentence
