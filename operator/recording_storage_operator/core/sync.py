"""InSync: whether the account and the bucket are set up as the spec wants them, and if not, what that waits for."""

from collections.abc import Iterable

from .approval import Decision
from .conditions import Condition
from .desired import Approval, Backend, Desired, Management
from .effects import Effect
from .errors import ReconcileError
from .facts import Obstacle
from .reasons import ConditionType, Reason

SHARED = "the bucket holds objects of others, who could be stopped by it"

MAX_NAMED = 6
"""Things a sentence names; the rest are counted."""


def in_sync(desired: Desired, decision: Decision, stopped: ReconcileError | None) -> Condition | None:
    """None where nothing is set up: recordings stay at Twilio."""
    if desired.backend is not Backend.S3 or desired.s3 is None:
        return None
    if stopped:
        return _no(stopped.reason, stopped.message)
    if decision.waiting:
        return _waiting(desired, decision)
    if decision.due:
        return _no(Reason.APPLYING, f"Being applied: {named(one.summary for one in decision.due)}.")
    if decision.drift:
        return _no(Reason.DRIFTED, _drift(desired.s3.management, decision.drift))
    return _as_far_as_seen(decision)


def named(names: Iterable[str], separator: str = "; ") -> str:
    """A list in a sentence, with an end."""
    every = list(names)
    more = [f"and {len(every) - MAX_NAMED} more"] if len(every) > MAX_NAMED else []
    return separator.join([*every[:MAX_NAMED], *more])


def _waiting(desired: Desired, decision: Decision) -> Condition:
    how = f"approve it with: recordings approve {desired.argument} --plan {decision.plan_id}"
    told = f"It would {named(one.summary for one in decision.waiting)}."
    if decision.stale:
        message = f"{decision.stale} is approved, but it is not the plan any more. The plan is {decision.plan_id} now"
        return _no(Reason.APPROVAL_STALE, f"{message}; {how}. {told}")
    why = "" if desired.approval is Approval.MANUAL else f", although spec.approval is Automatic, because {SHARED}"
    return _no(Reason.AWAITING_APPROVAL, f"Plan {decision.plan_id} waits for approval{why}; {how}. {told}")


def _drift(management: Management, drift: tuple[Effect, ...]) -> str:
    why = "spec.s3.management is Observe" if management is Management.OBSERVE else "spec.driftPolicy is Report"
    return f"Not as wanted, and left so because {why}: {named((one.path for one in drift), ', ')}. See status.drift."


def _as_far_as_seen(decision: Decision) -> Condition:
    denied = [one.message for one in decision.skipped if one.reason == Obstacle.DENIED]
    if denied:
        return _no(Reason.S3_ACCESS_DENIED, f"Not everything could be looked at: {named(denied)}.")
    if decision.skipped:
        lacking = named((one.path for one in decision.skipped), ", ")
        message = f"All is as wanted but what the S3 server does not support: {lacking}. See status.plan.skipped."
        return Condition(ConditionType.IN_SYNC, "True", Reason.NOT_SUPPORTED, message)
    message = "The account and the bucket are set up as wanted."
    return Condition(ConditionType.IN_SYNC, "True", Reason.AS_WANTED, message)


def _no(reason: Reason, message: str) -> Condition:
    return Condition(ConditionType.IN_SYNC, "False", reason, message)
