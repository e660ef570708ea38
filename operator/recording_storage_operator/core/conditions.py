"""Conditions as Kubernetes API conventions have them: a transition time that moves only when the status flips."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reasons import ConditionType, Reason

_OWN = frozenset(ConditionType)

MAX_MESSAGE = 1024
"""Characters; the CRD allows as many."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as decided by a pass. `status` is True, False or Unknown."""

    type: ConditionType
    status: str
    reason: Reason
    message: str


def is_true(status: Mapping[str, Any], kind: ConditionType) -> bool:
    """Whether a status has this condition, and it is True."""
    return any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions", ()))


def merge(
    before: Iterable[Mapping[str, Any]], wanted: Iterable[Condition], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """The list for `status.conditions`, sorted by type: of our own types exactly the wanted, and those of others."""
    old = {condition["type"]: condition for condition in before}
    merged = {kind: dict(condition) for kind, condition in old.items() if kind not in _OWN}
    merged |= {str(one.type): _written(one, old.get(one.type), generation, now) for one in wanted}
    return [merged[kind] for kind in sorted(merged)]


def rfc3339(moment: datetime) -> str:
    """A UTC time as the Kubernetes API writes it, in whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(condition: Condition, before: Mapping[str, Any] | None, generation: int, now: datetime) -> dict[str, Any]:
    same = before is not None and before.get("status") == condition.status
    return {
        "type": str(condition.type),
        "status": condition.status,
        "reason": str(condition.reason),
        "message": condition.message[:MAX_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if before and same else rfc3339(now),
    }
