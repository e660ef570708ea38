"""The plan, the drift and what is kept of approvals, as `status` shows them: all of it bounded."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .approval import Decision
from .bucket_settings import Risk
from .conditions import rfc3339
from .effects import Effect
from .errors import ReconcileError

MAX_ACTIONS = 16
MAX_DRIFT = 16
MAX_RECORDS = 32
"""The CRD allows as many. A spec comes to some twenty; what is forgotten beyond is asked for again."""
MAX_TEXT = 320
"""Characters of a sentence."""
MAX_VALUE = 150
"""Characters of a `want` or a `have`."""

NOTHING = "Nothing to do."
REPORTED = "Nothing to do: what is not as wanted is only reported, see status.drift."


def plan_fields(
    before: Mapping[str, Any], decision: Decision, stopped: ReconcileError | None, now: datetime
) -> dict[str, Any]:
    """`plan`, `drift`, `managed` and `lastApprovedPlan`; those with nothing in them are left out."""
    records = [{"path": one.path, "digest": one.digest, "state": str(one.state)} for one in decision.memory.records]
    fields = {
        "plan": _plan(before, decision, stopped, now),
        "drift": [_drift(one) for one in decision.drift[:MAX_DRIFT]],
        "managed": records[:MAX_RECORDS],
        "lastApprovedPlan": decision.memory.approved_plan,
    }
    return {name: value for name, value in fields.items() if value}


def as_action(effect: Effect) -> dict[str, str]:
    """An effect as users see it."""
    return {
        "type": str(effect.kind),
        "target": effect.path,
        "summary": _short(effect.summary),
        "class": str(effect.risk),
    } | _values(effect)


def _riskiest(effects: tuple[Effect, ...]) -> list[Effect]:
    """As many as there is room for, in their order: what is left out is Safe, and only counted."""
    ranked = sorted(range(len(effects)), key=lambda at: list(Risk).index(effects[at].risk), reverse=True)
    return [effects[at] for at in sorted(ranked[:MAX_ACTIONS])]


def counted(effects: tuple[Effect, ...]) -> str:
    """`3 changes: 2 safe, 1 disruptive`, the worst last."""
    risks = Counter(one.risk for one in effects)
    told = ", ".join(f"{risks[risk]} {risk.lower()}" for risk in Risk if risks[risk])
    return f"{len(effects)} change{'s' if len(effects) != 1 else ''}: {told}"


def _plan(
    before: Mapping[str, Any], decision: Decision, stopped: ReconcileError | None, now: datetime
) -> dict[str, Any]:
    skipped = [
        {"path": one.path, "reason": one.reason, "message": _short(one.message)}
        for one in decision.skipped[:MAX_ACTIONS]
    ]
    rest = {"skipped": skipped} if skipped else {}
    if not decision.shown:
        return {"state": "Applied", "summary": REPORTED if decision.drift else NOTHING} | rest
    created = before.get("createdAt") if before.get("id") == decision.plan_id else None
    return {
        "id": decision.plan_id,
        "state": "Blocked" if stopped else "Pending",
        "summary": f"{counted(decision.shown)}. {_next(decision, stopped)}",
        "actions": [as_action(one) for one in _riskiest(decision.shown)],
        "createdAt": created or rfc3339(now),
    } | rest


def _next(decision: Decision, stopped: ReconcileError | None) -> str:
    if stopped:
        return f"Stopped: {_short(stopped.message)}"
    return f"Waits for approval of {decision.plan_id}." if decision.waiting else "Being applied."


def _drift(effect: Effect) -> dict[str, str]:
    return {"path": effect.path} | _values(effect)


def _values(effect: Effect) -> dict[str, str]:
    return {"want": _short(effect.want, MAX_VALUE), "have": _short(effect.have, MAX_VALUE)}


def _short(text: str, most: int = MAX_TEXT) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
