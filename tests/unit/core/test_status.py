"""The status of a resource: bounded, honest about what a pass could not see, and silent where nothing changed."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from recording_storage_operator.core.approval import Decision, Memory, Record, decide
from recording_storage_operator.core.approval import State as Managed
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.deletions import State
from recording_storage_operator.core.desired import Approval, Desired
from recording_storage_operator.core.effects import Effect, Kind, Skipped
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import AwsCredential, Obstacle
from recording_storage_operator.core.ledger import SETTLED, Entry, Slice, expiry_day, pack
from recording_storage_operator.core.plan import Action, Newest, Observed, Plan, RecordDeletions, Side
from recording_storage_operator.core.proposal import propose
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.status import MAX_LISTED, NO_PLAN, Report, blocked_status, status_for, with_plan
from recording_storage_operator.core.sweeps import Sweep
from recording_storage_operator.core.verdicts import Outcome
from recording_storage_operator.core.writer import WriterFacts
from tests.builders import ACCOUNT, BUCKET, NOON, ledger_entry
from tests.unit.core.worlds import IN_BUCKET, S3, SWEEP, TWILIO, as_wanted, observed, wanting


def report(
    seen: Observed | None = None,
    desired: Desired | None = S3,
    outcome: Outcome = Outcome(),  # noqa: B008 - frozen
    actions: tuple[Action, ...] = (),
    decision: Decision | None = None,
) -> Report:
    seen = seen or observed()
    if decision is None and desired is not None:
        decision = decide(propose(desired, seen, Memory()), desired, Memory(), "")
    return Report(1, "", desired, seen, Plan(actions, decision) if decision else None, outcome)


def failure(error: ReconcileError, generation: int = 2) -> Report:
    return Report(generation, "", None, None, None, Outcome(error=error))


TAGGED = replace(wanting(tags=(("team", "voice"),)), approval=Approval.MANUAL)
NO_TAGS = as_wanted()


def size(status: dict[str, Any]) -> int:
    """Bytes, as the API server gets it."""
    return len(json.dumps(status, ensure_ascii=False).encode())


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


def worst_decision() -> Decision:
    """Everything as long as the API allows it, and more of it than is shown."""
    keys = [f"{number:03}{'k' * 125}" for number in range(32)]
    effects = tuple(
        Effect(Kind.CHANGE_SETTING, f"tags.{key}", "h" * 5000, "w" * 5000, Risk.DESTRUCTIVE, "s" * 5000) for key in keys
    )
    records = tuple(Record(f"tags.{key}", "d" * 16, Managed.APPROVED) for key in keys)
    skipped = tuple(Skipped(f"tags.{key}", Obstacle.UNSUPPORTED, "m" * 5000) for key in keys)
    return Decision("f" * 12, effects, effects, effects, "e" * 12, Memory(records, "f" * 12), skipped)


def foreign_condition(number: int) -> dict[str, Any]:
    return {"type": f"Audited{number}", "status": "True", "reason": "R" * 100, "message": "x" * 1024}


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Wait(Reason.S3_ACCESS_DENIED, "x" * 5000)),
        Outcome(Wait(Reason.BUCKET_CLAIMED, "x" * 5000), stopped=Terminal(Reason.NOT_SUPPORTED, "y" * 5000)),
        Outcome(stopped=Transient(Reason.WORLD_MOVED, "y" * 5000)),
        Outcome(),
    ],
)
def test_a_status_stays_under_50_kilobytes_whatever_happens(outcome: Outcome) -> None:
    actions = tuple(RecordDeletions(f"2026-03-{day:02}", 10**9) for day in range(1, 31))
    counts = dict.fromkeys(map(str, State), 10**9)
    sweep = replace(SWEEP, counts=counts, implausible=10**9, other_buckets=("b" * 63,) * 3)
    seen = observed(Newest(Side.OTHER, NOON, "b" * 63), many_slices(20000), sweep)
    before = {"conditions": [foreign_condition(number) for number in range(3)], "lastHandledReconcileAt": "t" * 256}
    last = report(seen, outcome=outcome, actions=actions, decision=worst_decision())
    first = status_for(before, last, NOON)
    for status in (first, status_for(first, last, NOON)):
        assert size(status) < 50_000
        assert status["deletedRecordingsSummary"]["total"] == 20000
        assert status["deletedRecordingsSummary"]["listed"] == len(status["deletedRecordings"])
        assert len(status["managed"]) == 32


def test_the_ledger_has_the_room_that_nothing_else_needs() -> None:
    status = status_for({}, report(observed(ledger=many_slices(20000))), NOON)
    assert len(status["deletedRecordings"]) == MAX_LISTED
    assert size(status) < 50_000


@pytest.mark.parametrize("length", range(0, 5001, 250))
def test_the_bound_holds_for_statuses_of_every_size(length: int) -> None:
    decision = worst_decision()
    effects = tuple(replace(one, summary="s" * (length // 16), want="w", have="h") for one in decision.due)
    seen = observed(ledger=many_slices(600))
    status = status_for({}, report(seen, decision=replace(decision, due=effects, waiting=(), drift=effects)), NOON)
    assert size(status) < 50_000


def test_the_list_is_as_long_in_a_second_pass_as_in_the_first() -> None:
    """The summary of the ledger takes room, too: not only once it is there."""
    ledger = many_slices(600)
    for length in range(0, 320, 8):
        effects = tuple(replace(one, summary="s" * length, want="w", have="h") for one in worst_decision().due[:16])
        last = report(observed(ledger=ledger), decision=replace(worst_decision(), due=effects, waiting=(), drift=()))
        first = status_for({}, last, NOON)
        assert status_for(first, last, NOON) == first


def test_before_a_pass_could_plan_the_status_says_that_there_is_no_plan() -> None:
    status = status_for({}, failure(Terminal(Reason.INVALID_SPEC, "no")), NOON)
    assert status["plan"] == {"summary": "No plan yet: no pass could see everything it needs. Ready says why."}


def test_a_request_longer_than_the_api_server_takes_is_echoed_in_part() -> None:
    """An annotation may be longer than the field; a status that is refused would stop everything."""
    asked = replace(report(), handled="t" * 300)
    assert status_for({}, asked, NOON)["lastHandledReconcileAt"] == "t" * 256


def test_nothing_to_do_is_an_applied_plan_without_an_id() -> None:
    assert status_for({}, report(), NOON)["plan"] == {"state": "Applied", "summary": "Nothing to do."}


def test_a_waiting_plan_is_shown_with_its_id_and_steps() -> None:
    waiting = report(observed(settings=NO_TAGS), TAGGED)
    plan = status_for({}, waiting, NOON)["plan"]
    assert plan["state"] == "Pending"
    assert plan["summary"] == f"1 change: 1 safe. Waits for approval of {plan['id']}."
    assert waiting.plan
    [effect] = waiting.plan.decision.waiting
    action = {"type": "ChangeSetting", "target": "tags.team", "summary": effect.summary, "class": "Safe"}
    assert plan["actions"] == [action | {"have": effect.have, "want": effect.want}]


def test_a_plan_is_as_old_as_its_id() -> None:
    later = NOON + timedelta(hours=1)
    first = status_for({}, report(observed(settings=NO_TAGS), TAGGED), NOON)
    same = status_for(first, report(observed(settings=NO_TAGS), TAGGED), later)
    other = status_for(first, report(observed(settings=NO_TAGS), wanting(TAGGED, tags=(("team", "x"),))), later)
    assert first["plan"]["createdAt"] == same["plan"]["createdAt"] == "2026-03-01T12:00:00Z"
    assert other["plan"]["createdAt"] == "2026-03-01T13:00:00Z"


def test_a_waiting_plan_is_not_ready_and_is_no_work_under_way() -> None:
    found = conditions(status_for({}, report(observed(settings=NO_TAGS), TAGGED), NOON))
    assert found["InSync"] == found["Ready"] == ("False", "AwaitingApproval")
    assert "Reconciling" not in found


@pytest.mark.parametrize(
    ("error", "beside"),
    [(Terminal(Reason.NOT_SUPPORTED, "no"), "Stalled"), (Transient(Reason.WORLD_MOVED, "no"), "Reconciling")],
)
def test_a_plan_that_stopped_is_blocked_and_the_rest_of_the_pass_counts(error: ReconcileError, beside: str) -> None:
    seen, desired = observed(settings=NO_TAGS), replace(TAGGED, approval=Approval.AUTOMATIC)
    status = status_for({}, report(seen, desired, Outcome(stopped=error)), NOON)
    assert status["plan"]["state"] == "Blocked"
    assert status["plan"]["summary"] == "1 change: 1 safe. Stopped: no"
    found = conditions(status)
    assert found["Ready"] == found["InSync"] == ("False", error.reason)
    assert found[beside] == ("True", error.reason)
    assert found["LedgerComplete"] == ("True", "Swept")


def test_what_is_agreed_to_is_written_before_it_is_applied_and_read_back_as_it_was() -> None:
    desired = replace(TAGGED, approval=Approval.AUTOMATIC)
    decision = decide(propose(desired, observed(settings=NO_TAGS), Memory()), desired, Memory(), "")
    before = status_for({}, report(), NOON)
    status = with_plan(before, decision, None, NOON)
    assert Memory.of(status) == decision.memory
    assert {name: status[name] for name in before if name not in ("plan", "managed")} == {
        name: before[name] for name in before if name not in ("plan", "managed")
    }


def test_records_that_nobody_can_read_were_never_approved() -> None:
    strange = [{"path": "tags.a", "digest": "0" * 16, "state": "Perhaps"}]
    assert Memory.of({"managed": strange}) == Memory()
    assert Memory.of({}) == Memory()


def test_a_failed_pass_keeps_the_plan_and_what_was_approved() -> None:
    before = status_for({}, report(observed(settings=NO_TAGS), TAGGED), NOON)
    after = status_for(before, failure(Transient(Reason.TWILIO_UNREACHABLE, "no"), generation=1), NOON)
    assert (after["plan"], after["managed"]) == (before["plan"], before["managed"])


def test_the_plan_of_an_earlier_spec_is_not_shown_as_that_of_the_present_one() -> None:
    before = status_for({}, report(observed(settings=NO_TAGS), TAGGED), NOON)
    after = status_for(before, failure(Transient(Reason.TWILIO_UNREACHABLE, "no")), NOON)
    assert (after["plan"], after["managed"]) == (NO_PLAN, before["managed"])


@pytest.mark.parametrize("reason", [Reason.ACCOUNT_CLAIMED, Reason.BUCKET_CLAIMED])
def test_a_conflict_has_a_condition_of_its_own_while_it_lasts(reason: Reason) -> None:
    status = status_for({}, failure(Wait(reason, "older")), NOON)
    assert conditions(status)["Conflict"] == ("True", reason)
    assert "Conflict" not in conditions(status_for(status, report(), NOON))


def test_a_deletion_that_waits_says_so_and_keeps_the_rest() -> None:
    before = status_for({}, failure(Terminal(Reason.INVALID_SPEC, "no")), NOON)
    status = blocked_status(before, Wait(Reason.BUCKET_NOT_EMPTY, "full"), 3, NOON)
    found = conditions(status)
    assert found["Ready"] == ("False", "BucketNotEmpty")
    assert found["DeletionBlocked"] == ("True", "BucketNotEmpty")
    assert "Stalled" not in found
    assert status["observedGeneration"] == 3
    assert status["plan"] == before["plan"]


def test_a_rotation_of_keys_leaves_the_resource_ready() -> None:
    registered = tuple(AwsCredential(f"CR{name}", f"recordings.dev {name}", NOON) for name in ("new", "old"))
    writer = WriterFacts("recordings.dev new", registered, "recordings.dev old")
    found = conditions(status_for({}, report(observed(writer=writer)), NOON))
    assert found["ConsoleActionRequired"] == ("True", "ChooseWriterCredential")
    assert found["Ready"] == ("True", "Reconciled")


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
    later = Sweep(NOON, NOON + timedelta(hours=1), SWEEP.counts, place=S3.place)
    assert status_for(first, report(observed(sweep=later)), NOON + timedelta(hours=1)) == first


def test_the_time_of_the_sweep_moves_with_any_other_change() -> None:
    first = status_for({}, report(), NOON)
    later = Sweep(NOON, NOON + timedelta(hours=1), {State.IN_BUCKET: 4}, place=S3.place)
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
        "InSync": ("Unknown", error.reason),
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
    found = conditions(
        status_for({}, report(observed(newest, sweep=replace(SWEEP, place=desired.place)), desired), NOON)
    )
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


def test_a_restarted_operator_calls_no_ledger_complete_for_a_spec_that_no_sweep_has_seen() -> None:
    before = status_for({}, report(observed()), NOON)
    edited = replace(report(observed(sweep=None)), generation=2)
    assert conditions(status_for(before, edited, NOON))["LedgerComplete"] == ("False", "SweepPending")


@pytest.mark.parametrize(
    ("sweep", "ledger", "ready"),
    [
        (replace(SWEEP, other_buckets=("b",)), ("False", "BucketNotWatched"), ("True", "Reconciled")),
        (replace(SWEEP, implausible=9), ("False", "ImplausibleLoss"), ("False", "ImplausibleLoss")),
    ],
)
def test_a_ledger_that_cannot_be_complete_says_so(
    sweep: Sweep, ledger: tuple[str, str], ready: tuple[str, str]
) -> None:
    found = conditions(status_for({}, report(observed(sweep=sweep)), NOON))
    assert (found["LedgerComplete"], found["Ready"]) == (ledger, ready)


def test_a_spec_nobody_could_look_at_is_not_in_sync_and_an_unchanged_one_still_is() -> None:
    before = status_for({}, report(observed()), NOON)
    error = Wait(Reason.SECRET_MISSING, "no")
    again = status_for(before, Report(1, "", None, None, None, Outcome(error=error)), NOON)
    assert conditions(again)["InSync"] == ("True", "AsWanted")
    edited = status_for(before, Report(2, "", None, None, None, Outcome(error=error)), NOON)
    assert conditions(edited)["InSync"] == ("Unknown", "SecretMissing")
    still = status_for(edited, Report(2, "", None, None, None, Outcome(error=error)), NOON)
    assert conditions(still)["InSync"] == ("Unknown", "SecretMissing")


def test_suspending_says_so_and_changes_nothing_else() -> None:
    before = status_for({}, report(observed(ledger=many_slices(3))), NOON)
    suspended = status_for(before, Report(2, "", S3, None, None, Outcome(suspended=True)), NOON)
    told = {"Ready": ("False", "Suspended"), "InSync": ("Unknown", "Suspended")}
    assert conditions(suspended) == conditions(before) | told
    assert "spec.suspend is true" in suspended["plan"]["summary"]
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
