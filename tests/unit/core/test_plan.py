"""What separates the observed from the desired, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta

from recording_storage_operator.core.approval import Memory
from recording_storage_operator.core.desired import Approval, Desired
from recording_storage_operator.core.effects import Kind
from recording_storage_operator.core.ledger import SETTLED, pack
from recording_storage_operator.core.plan import (
    ExpireEntries,
    Observed,
    Plan,
    RecordDeletions,
    Reschedule,
    WithdrawDeletions,
    plan,
)
from recording_storage_operator.core.sweeps import Sweep
from tests.builders import NOON, ledger_entry
from tests.unit.core.worlds import S3, TWILIO, observed, readings


def planned(seen: Observed, now: datetime = NOON, desired: Desired = S3) -> Plan:
    return plan(desired, seen, Memory(), "", now)


def test_nothing_to_do_gives_an_empty_plan() -> None:
    assert planned(observed()).is_empty


def test_a_missing_bucket_is_made_before_it_is_set_up() -> None:
    first, *rest = planned(observed(bucket=None, settings={})).decision.due
    assert first.kind is Kind.CREATE_BUCKET
    assert {one.kind for one in rest} == {Kind.CHANGE_SETTING}


def test_a_bucket_that_is_only_watched_is_left_alone() -> None:
    assert planned(observed(bucket=None, settings={}), desired=TWILIO).is_empty


def test_the_ledger_waits_for_nobody() -> None:
    slices = (pack("one", "2026-04-10", 40, [ledger_entry(1)]),)
    manual = replace(S3, approval=Approval.MANUAL)
    todo = planned(observed(ledger=slices, settings=readings({})), NOON + timedelta(days=40), manual)
    assert todo.actions == (ExpireEntries("one"),)
    assert todo.decision.waiting
    assert not todo.decision.due
    assert not todo.is_empty


def test_a_plan_that_only_waits_has_nothing_to_apply_now() -> None:
    assert planned(observed(settings=readings({})), desired=replace(S3, approval=Approval.MANUAL)).is_empty


def test_entries_expire_at_their_second_and_not_before() -> None:
    slices = (pack("one", "2026-04-10", 40, [ledger_entry(1)]),)
    expiry = NOON + timedelta(days=40)
    assert planned(observed(ledger=slices), expiry - timedelta(seconds=1)).actions == ()
    assert planned(observed(ledger=slices), expiry).actions == (ExpireEntries("one"),)


def test_settled_slices_expire_by_no_clock() -> None:
    slices = (pack("one", SETTLED, 40, [ledger_entry(1)]),)
    assert planned(observed(ledger=slices), NOON + timedelta(days=400)).actions == ()


def test_slices_kept_for_another_number_of_days_are_moved_before_they_expire() -> None:
    slices = (pack("one", "2026-03-11", 10, [ledger_entry(1)]),)
    assert planned(observed(ledger=slices), NOON + timedelta(days=20)).actions == (Reschedule("one", 40),)


def test_what_is_recorded_comes_before_what_is_taken_out() -> None:
    sweep = Sweep(NOON, NOON, found={"2026-04-10": 2}, withdrawn={"2026-04-09": 1})
    actions = planned(observed(sweep=sweep)).actions
    assert actions == (RecordDeletions("2026-04-10", 2), WithdrawDeletions("2026-04-09", 1))
