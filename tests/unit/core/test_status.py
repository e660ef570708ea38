"""The status of a resource: bounded, honest about what a pass could not see, and silent where nothing changed."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from recording_storage_operator.core.deletions import State
from recording_storage_operator.core.desired import Backend, Bucket, Desired, TwilioAccount
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import AccountFacts, BucketFacts
from recording_storage_operator.core.ledger import SETTLED, Entry, Slice, expiry_day, pack
from recording_storage_operator.core.plan import Newest, Observed, Plan, RecordDeletions, Side
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.status import MAX_LISTED, Report, status_for
from recording_storage_operator.core.sweeps import Sweep
from recording_storage_operator.core.verdicts import Outcome
from tests.builders import ACCOUNT, BUCKET, NOON, ledger_entry

S3 = Desired(
    backend=Backend.S3,
    twilio=TwilioAccount(ACCOUNT, "twilio"),
    s3=Bucket(BUCKET, "us-east-1", prefix="voice/"),
    metadata_days=40,
    sweep_interval=timedelta(minutes=15),
    suspend=False,
)
TWILIO = Desired(Backend.TWILIO, S3.twilio, None, 40, S3.sweep_interval, False)
SWEEP = Sweep(NOON, NOON, {State.IN_BUCKET: 3})
IN_BUCKET = Newest(Side.S3, NOON, BUCKET)


def observed(newest: Newest = IN_BUCKET, ledger: tuple[Slice, ...] = (), sweep: Sweep | None = SWEEP) -> Observed:
    account = AccountFacts(ACCOUNT, "active", "acme", NOON)
    return Observed(account, newest, BucketFacts(BUCKET, "us-east-1", True), ledger, sweep)


def report(
    seen: Observed | None = None,
    desired: Desired | None = S3,
    outcome: Outcome = Outcome(),  # noqa: B008 - frozen
    pending: Plan = Plan(),  # noqa: B008 - frozen
) -> Report:
    return Report(1, "", desired, seen or observed(), pending, outcome)


def failure(error: ReconcileError) -> Report:
    return Report(2, "", None, None, Plan(), Outcome(error=error))


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in status["conditions"]}


def many_slices(entries: int) -> tuple[Slice, ...]:
    chance = Random(1)
    days: dict[str, list[Entry]] = {}
    for _ in range(entries):
        deleted = NOON - timedelta(seconds=chance.randrange(40 * 86400))
        entry = ledger_entry(sid=f"RE{chance.getrandbits(128):032x}", deleted_at=deleted)
        days.setdefault(expiry_day(entry, 40), []).append(entry)
    return tuple(pack(f"acme-{day}-0", day, 40, found) for day, found in days.items())


def test_a_status_stays_under_50_kilobytes_whatever_happens() -> None:
    long = "x" * 5000
    pending = Plan(tuple(RecordDeletions(f"2026-03-{day:02}", 10**9) for day in range(1, 31)))
    sweep = Sweep(NOON, NOON, dict.fromkeys(State, 10**9), implausible=10**9, other_buckets=("b" * 63,) * 3)
    seen = observed(Newest(Side.OTHER, NOON, "b" * 63), many_slices(20000), sweep)
    status = status_for({}, report(seen, outcome=Outcome(Wait(Reason.S3_ACCESS_DENIED, long)), pending=pending), NOON)
    assert len(json.dumps(status)) < 50_000
    assert len(status["deletedRecordings"]) == MAX_LISTED <= 250
    assert status["deletedRecordingsSummary"]["total"] == 20000


def test_the_newest_deletions_are_shown_newest_first() -> None:
    slices = many_slices(3000)
    shown = status_for({}, report(observed(ledger=slices)), NOON)["deletedRecordings"]
    everything = sorted((entry.deleted_at, entry.sid) for part in slices for entry in part.entries())
    assert [entry["sid"] for entry in shown] == [sid for _, sid in reversed(everything[-MAX_LISTED:])]


def test_the_summary_counts_all_slices_but_settled_ones() -> None:
    slices = (*many_slices(500), pack("acme-settled-0", SETTLED, 40, [ledger_entry(1)]))
    summary = status_for({}, report(observed(ledger=slices)), NOON)["deletedRecordingsSummary"]
    assert summary["total"] == sum(day["count"] for day in summary["byExpiryDay"]) == 500
    assert summary["truncated"] is True
    assert [day["day"] for day in summary["byExpiryDay"]] == sorted(day["day"] for day in summary["byExpiryDay"])


def test_an_unchanged_world_gives_an_equal_status_even_after_another_sweep() -> None:
    first = status_for({}, report(), NOON)
    later = Sweep(NOON, NOON + timedelta(hours=1), SWEEP.counts)
    assert status_for(first, report(observed(sweep=later)), NOON + timedelta(hours=1)) == first


def test_the_time_of_the_sweep_moves_with_any_other_change() -> None:
    first = status_for({}, report(), NOON)
    later = Sweep(NOON, NOON + timedelta(hours=1), {State.IN_BUCKET: 4})
    second = status_for(first, report(observed(sweep=later)), NOON + timedelta(hours=1))
    assert second["recordings"]["lastSweep"]["finishedAt"] == "2026-03-01T13:00:00Z"


def test_a_transition_time_moves_only_when_the_status_flips() -> None:
    later = NOON + timedelta(hours=1)
    before = status_for({}, report(), NOON)
    same = status_for(before, report(observed(ledger=many_slices(1))), later)
    assert {c["lastTransitionTime"] for c in same["conditions"]} == {"2026-03-01T12:00:00Z"}
    flipped = status_for(same, failure(Wait(Reason.TWILIO_ACCOUNT_SUSPENDED, "suspended")), later)
    times = {c["type"]: c["lastTransitionTime"] for c in flipped["conditions"]}
    assert times["Ready"] == times["LedgerComplete"] == "2026-03-01T13:00:00Z"
    assert times["BackendActive"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("error", "beside"),
    [
        (Terminal(Reason.INVALID_SPEC, "no"), "Stalled"),
        (Wait(Reason.SECRET_MISSING, "no"), "Reconciling"),
        (Transient(Reason.TWILIO_UNREACHABLE, "no"), "Reconciling"),
    ],
)
def test_a_failed_pass_keeps_what_was_known_and_says_why_it_stopped(error: ReconcileError, beside: str) -> None:
    before = status_for({}, report(observed(ledger=many_slices(10))), NOON)
    status = status_for(before, failure(error), NOON)
    assert status["deletedRecordings"] == before["deletedRecordings"]
    assert status["recordings"] == before["recordings"]
    assert conditions(status) == {
        "Ready": ("False", error.reason),
        beside: ("True", error.reason),
        "BackendActive": ("True", "Observed"),
        "LedgerComplete": ("False", error.reason),
    }
    assert conditions(status_for(status, report(), NOON)) == conditions(before)


@pytest.mark.parametrize(
    ("desired", "newest", "backend", "console"),
    [
        (S3, IN_BUCKET, ("True", "Observed"), None),
        (S3, Newest(Side.TWILIO, NOON), ("False", "NewRecordingsAtTwilio"), "EnableExternalStorage"),
        (S3, Newest(Side.OTHER, NOON, "b"), ("False", "NewRecordingsInOtherBucket"), "ChangeBucketUrl"),
        (S3, Newest(Side.UNKNOWN), ("Unknown", "NoRecordings"), "EnableExternalStorage"),
        (TWILIO, Newest(Side.TWILIO, NOON), ("True", "Observed"), None),
        (TWILIO, Newest(Side.OTHER, NOON, "b"), ("False", "NewRecordingsInOtherBucket"), "DisableExternalStorage"),
        (TWILIO, Newest(Side.UNKNOWN), ("Unknown", "NoRecordings"), None),
    ],
)
def test_what_the_newest_recording_shows(
    desired: Desired, newest: Newest, backend: tuple[str, str], console: str | None
) -> None:
    found = conditions(status_for({}, report(observed(newest), desired), NOON))
    assert found["BackendActive"] == backend
    assert found.get("ConsoleActionRequired") == (("True", console) if console else None)
    assert found["Ready"] == (("False", console) if console else ("True", "Reconciled"))


def test_the_console_step_has_the_exact_values() -> None:
    status = status_for({}, report(observed(Newest(Side.TWILIO, NOON))), NOON)
    [message] = [c["message"] for c in status["conditions"] if c["type"] == "ConsoleActionRequired"]
    assert f"https://{BUCKET}.s3.us-east-1.amazonaws.com/voice," in message
    assert ACCOUNT in message


def test_before_the_first_sweep_the_ledger_is_not_complete() -> None:
    status = status_for({}, report(observed(sweep=None)), NOON)
    assert conditions(status)["LedgerComplete"] == ("False", "SweepPending")
    assert conditions(status)["Reconciling"] == ("True", "Sweeping")
    assert conditions(status)["Ready"] == ("False", "Sweeping")


def test_a_restarted_operator_changes_nothing_until_its_first_sweep_is_done() -> None:
    before = status_for({}, report(), NOON)
    assert status_for(before, report(observed(sweep=None)), NOON) == before


@pytest.mark.parametrize(
    ("sweep", "ledger", "ready"),
    [
        (Sweep(NOON, NOON, other_buckets=("b",)), ("False", "BucketNotWatched"), ("True", "Reconciled")),
        (Sweep(NOON, NOON, implausible=9), ("False", "ImplausibleLoss"), ("False", "ImplausibleLoss")),
    ],
)
def test_a_ledger_that_cannot_be_complete_says_so(
    sweep: Sweep, ledger: tuple[str, str], ready: tuple[str, str]
) -> None:
    found = conditions(status_for({}, report(observed(sweep=sweep)), NOON))
    assert (found["LedgerComplete"], found["Ready"]) == (ledger, ready)


def test_suspending_says_so_and_changes_nothing_else() -> None:
    before = status_for({}, report(observed(ledger=many_slices(3))), NOON)
    suspended = status_for(before, Report(2, "", S3, None, Plan(), Outcome(suspended=True)), NOON)
    assert conditions(suspended) == conditions(before) | {"Ready": ("False", "Suspended")}
    assert suspended["deletedRecordings"] == before["deletedRecordings"]


def test_conditions_of_another_version_are_decided_anew() -> None:
    strange = {
        "type": "LedgerComplete",
        "status": "True",
        "reason": "FromTheFuture",
        "message": "",
        "lastTransitionTime": "x",
    }
    found = conditions(status_for({"conditions": [strange]}, report(observed(sweep=None)), NOON))
    assert found["LedgerComplete"] == ("False", "SweepPending")


def test_since_is_kept_while_the_side_is_the_same() -> None:
    before = status_for({}, report(), NOON)
    later = Newest(Side.S3, NOON + timedelta(days=1), BUCKET)
    assert status_for(before, report(observed(later)), NOON)["backend"]["since"] == "2026-03-01T12:00:00Z"
    other = Newest(Side.TWILIO, NOON + timedelta(days=2))
    assert status_for(before, report(observed(other)), NOON)["backend"]["since"] == "2026-03-03T12:00:00Z"


def test_conditions_of_somebody_else_are_kept() -> None:
    foreign = {"type": "Audited", "status": "True", "reason": "Yes", "message": "", "lastTransitionTime": "x"}
    assert foreign in status_for({"conditions": [foreign]}, report(), NOON)["conditions"]
