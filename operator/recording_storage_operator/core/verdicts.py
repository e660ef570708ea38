"""The conditions a pass ends in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .conditions import Condition
from .console import ConsoleAction, console_action
from .desired import Backend, Desired
from .errors import ReconcileError, Terminal
from .plan import Newest, Observed, Plan, Side
from .reasons import ConditionType, Reason
from .sweeps import Feed, Sweep
from .sync import in_sync

ACCEPT_MISSING = "recordings.dev/accept-missing"
"""The annotation by which a person says that so many objects without a delete marker are really gone."""


_TYPES, _REASONS = frozenset(ConditionType), frozenset(Reason)
"""Another version of the operator may have written others: these are decided anew."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended: with an error, suspended, with actions on the ledger left, or (none of these) done.

    `stopped` is the error at which applying the effects of the plan stopped: the rest of the pass went through.
    """

    error: ReconcileError | None = None
    suspended: bool = False
    pending: bool = False
    stopped: ReconcileError | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a pass saw and decided, None where it did not come that far. `is_new` says that no earlier pass has seen the
    spec as it is now.
    """

    desired: Desired | None
    observed: Observed | None
    plan: Plan | None
    is_new: bool = False


def conditions_for(before: Iterable[Mapping[str, Any]], view: View, outcome: Outcome) -> list[Condition]:
    """All conditions that shall be there. What this pass could not see stays as it was."""
    old = {ConditionType(c["type"]): _read(c) for c in before if c["type"] in _TYPES and c["reason"] in _REASONS}
    backend, console = old.get(ConditionType.BACKEND_ACTIVE), old.get(ConditionType.CONSOLE_ACTION_REQUIRED)
    ledger, sync = old.get(ConditionType.LEDGER_COMPLETE), old.get(ConditionType.IN_SYNC)
    desired, observed = view.desired, view.observed
    if view.is_new and view.plan is None and sync:
        sync = _not_looked_at(outcome.error)
    if outcome.suspended:
        return [*_suspended(), *filter(None, (backend, ledger, console, sync))]
    if desired and observed:
        backend = _backend_active(desired, observed.newest)
        # Twilio tries a bucket out when it is set: before there is one, nobody can.
        possible = desired.backend is Backend.TWILIO or observed.bucket is not None
        action = console_action(desired, observed.newest, observed.writer) if possible else None
        console = _console(action) if action else None
        ledger = _ledger(observed.sweep, desired, ledger, view.is_new)
        sync = in_sync(desired, view.plan.decision, outcome.stopped) if view.plan else sync
        ledger = _without_bucket(ledger, sync) if desired.s3 and observed.bucket is None else ledger
    if outcome.error:
        conflict = _conflict(outcome.error)
        ledger = _ledger_stopped(outcome.error)
        return [*_failed(outcome.error), *filter(None, (backend, ledger, console, sync, conflict))]
    return [
        *_progress(outcome, ledger, console, sync),
        *filter(None, (backend, ledger or _ledger_pending(), console, sync)),
    ]


def blocked_conditions(before: Iterable[Mapping[str, Any]], error: ReconcileError) -> list[Condition]:
    """Those of a resource whose deletion waits for a person: the rest stays as it was."""
    old = [_read(c) for c in before if c["type"] in _TYPES and c["reason"] in _REASONS]
    new = [
        _not_ready(error.reason, error.message),
        Condition(ConditionType.DELETION_BLOCKED, "True", error.reason, error.message),
    ]
    gone = {ConditionType.RECONCILING, ConditionType.STALLED, *(one.type for one in new)}
    return [*new, *(one for one in old if one.type not in gone)]


_SWEPT = (
    Reason.SWEPT,
    Reason.MONITOR_DENIED,
    Reason.UNTRACED_ABSENCE,
    Reason.BUCKET_NOT_WATCHED,
    Reason.IMPLAUSIBLE_LOSS,
)
"""Reasons that a finished sweep gives: what another process saw stands until this one has swept."""

_WAITING = (Reason.AWAITING_APPROVAL, Reason.APPROVAL_STALE)


def _progress(
    outcome: Outcome, ledger: Condition | None, console: Condition | None, sync: Condition | None
) -> list[Condition]:
    """Ready, and Reconciling beside it while there is work under way. A plan that waits for a person is no work."""
    if outcome.stopped:
        return _failed(outcome.stopped)
    if sync and sync.reason in _WAITING:
        return [_not_ready(sync.reason, sync.message)]
    if ledger is None or ledger.reason is Reason.SWEEP_PENDING:
        return _working(Reason.SWEEPING, "The first sweep lists all recordings and objects; this takes its time.")
    if outcome.pending:
        return _working(Reason.PROGRESSING, "Actions of the plan are being applied.")
    return [_settled(ledger, console)]


def _settled(ledger: Condition, console: Condition | None) -> Condition:
    """Ready where there is nothing left to do for the operator: a rotation of keys stops no recording."""
    if ledger.reason is Reason.IMPLAUSIBLE_LOSS:
        return _not_ready(ledger.reason, ledger.message)
    if console and console.reason is not Reason.CHOOSE_WRITER_CREDENTIAL:
        return _not_ready(console.reason, console.message)
    return Condition(ConditionType.READY, "True", Reason.RECONCILED, "Recordings are where they shall be.")


def _not_ready(reason: Reason, message: str) -> Condition:
    return Condition(ConditionType.READY, "False", reason, message)


def _working(reason: Reason, message: str) -> list[Condition]:
    return [
        Condition(ConditionType.READY, "False", reason, message),
        Condition(ConditionType.RECONCILING, "True", reason, message),
    ]


def _failed(error: ReconcileError) -> list[Condition]:
    """A Terminal error stalls until a person acts; all others are still being worked on (kstatus)."""
    kind = ConditionType.STALLED if isinstance(error, Terminal) else ConditionType.RECONCILING
    return [
        Condition(ConditionType.READY, "False", error.reason, error.message),
        Condition(kind, "True", error.reason, error.message),
    ]


def _conflict(error: ReconcileError) -> Condition | None:
    if error.reason not in (Reason.ACCOUNT_CLAIMED, Reason.BUCKET_CLAIMED):
        return None
    return Condition(ConditionType.CONFLICT, "True", error.reason, error.message)


def _not_looked_at(error: ReconcileError | None) -> Condition:
    """What was in sync with an earlier spec says nothing about this one."""
    reason, why = (error.reason, error.message) if error else (Reason.SUSPENDED, "spec.suspend is true.")
    message = f"Nobody has compared the account and the bucket with the spec as it is now. {why}"
    return Condition(ConditionType.IN_SYNC, "Unknown", reason, message)


def _suspended() -> list[Condition]:
    message = "spec.suspend is true: nothing is asked of Twilio or S3, and nothing is listed or dropped."
    return [Condition(ConditionType.READY, "False", Reason.SUSPENDED, message)]


def _backend_active(desired: Desired, newest: Newest) -> Condition:
    wanted = Side.S3 if desired.backend is Backend.S3 else Side.TWILIO
    if newest.side is Side.UNKNOWN:
        message = "The account has no recording yet that shows where new ones go."
        return Condition(ConditionType.BACKEND_ACTIVE, "Unknown", Reason.NO_RECORDINGS, message)
    if newest.side is wanted:
        message = f"The newest recording is in {_side(newest, desired)}, as wanted."
        return Condition(ConditionType.BACKEND_ACTIVE, "True", Reason.OBSERVED, message)
    reason = {
        Side.TWILIO: Reason.NEW_RECORDINGS_AT_TWILIO,
        Side.S3: Reason.NEW_RECORDINGS_IN_S3,
        Side.OTHER: Reason.NEW_RECORDINGS_IN_OTHER_BUCKET,
    }[newest.side]
    message = f"The newest recording is in {_side(newest, desired)}; wanted is {desired.backend}."
    return Condition(ConditionType.BACKEND_ACTIVE, "False", reason, message)


def _side(newest: Newest, desired: Desired) -> str:
    if newest.side is Side.TWILIO:
        return "Twilio's cloud"
    other = "" if newest.side is Side.S3 else ", which spec.s3 does not name" if desired.s3 else ""
    return f"bucket {newest.bucket}{other}"


def _console(action: ConsoleAction) -> Condition:
    return Condition(ConditionType.CONSOLE_ACTION_REQUIRED, "True", action.reason, action.message)


def _ledger(sweep: Sweep | None, desired: Desired, before: Condition | None, is_new: bool) -> Condition | None:
    """A sweep of another bucket says nothing of this one, nor one for fewer days; None where no sweep has finished."""
    if sweep is None:
        return before if before and before.reason in _SWEPT and not is_new else None
    fits = sweep.place == desired.place and sweep.metadata_days >= desired.metadata_days
    return _ledger_complete(sweep, desired) if fits else None


def _ledger_complete(sweep: Sweep, desired: Desired) -> Condition:
    if sweep.implausible:
        return Condition(ConditionType.LEDGER_COMPLETE, "False", Reason.IMPLAUSIBLE_LOSS, _implausible(sweep, desired))
    if sweep.untraced:
        return Condition(ConditionType.LEDGER_COMPLETE, "False", Reason.UNTRACED_ABSENCE, _untraced(sweep, desired))
    if sweep.other_buckets:
        message = (
            f"Some recordings are in buckets that spec.s3 does not name ({', '.join(sweep.other_buckets)}): "
            "deletions there cannot be seen."
        )
        return Condition(ConditionType.LEDGER_COMPLETE, "False", Reason.BUCKET_NOT_WATCHED, message)
    if sweep.unread:
        return Condition(ConditionType.LEDGER_COMPLETE, *_without_feeds(sweep))
    message = "The last sweep saw every recording and every object."
    return Condition(ConditionType.LEDGER_COMPLETE, "True", Reason.SWEPT, message)


def _without_feeds(sweep: Sweep) -> tuple[str, Reason, str]:
    """Events only time deletions; without alerts a missing object proves nothing, so some may go unlisted."""
    if why := sweep.unread.get(Feed.ALERTS):
        return "False", Reason.MONITOR_DENIED, f"{why} So objects missing without a delete marker are not listed."
    why = sweep.unread[Feed.EVENTS]
    return "True", Reason.MONITOR_DENIED, f"{why} So deletions at Twilio are listed with the time they were noticed."


def _implausible(sweep: Sweep, desired: Desired) -> str:
    return (
        f"{sweep.implausible} recordings that Twilio has put into the bucket are not there and left no delete marker: "
        "that looks like a wrong bucket or endpoint, so none of them is listed as deleted. If they are really gone, "
        f"accept that: {_accepting(sweep, desired)}"
    )


def _untraced(sweep: Sweep, desired: Desired) -> str:
    return (
        f"{sweep.untraced} older recordings are not in the bucket and left no delete marker. Twilio no longer tells "
        "whether they ever arrived there, so they count as missing and are not listed as deleted. If they were "
        f"deleted, accept that: {_accepting(sweep, desired)}"
    )


def _accepting(sweep: Sweep, desired: Desired) -> str:
    return f"kubectl annotate --overwrite recst {desired.argument} {ACCEPT_MISSING}={sweep.loss}."


def _ledger_stopped(error: ReconcileError) -> Condition:
    message = "Deletions are not looked for until this is over; nothing listed is lost. " + error.message
    return Condition(ConditionType.LEDGER_COMPLETE, "False", error.reason, message)


def _without_bucket(ledger: Condition | None, sync: Condition | None) -> Condition | None:
    """A bucket that is gone cannot be swept: what the last sweep saw says nothing of what it held."""
    if ledger is None or sync is None or ledger.reason is Reason.SWEEP_PENDING:
        return ledger
    message = f"Deletions in the bucket are not looked for until there is one; nothing listed is lost. {sync.message}"
    return Condition(ConditionType.LEDGER_COMPLETE, "False", sync.reason, message)


def _ledger_pending() -> Condition:
    message = "The first sweep has not finished; deletions made before now are listed once it has."
    return Condition(ConditionType.LEDGER_COMPLETE, "False", Reason.SWEEP_PENDING, message)


def _read(condition: Mapping[str, Any]) -> Condition:
    return Condition(
        ConditionType(condition["type"]), condition["status"], Reason(condition["reason"]), condition["message"]
    )
