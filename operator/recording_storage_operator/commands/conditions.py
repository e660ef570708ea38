"""What the conditions of an object say about the spec it has now."""

from collections.abc import Mapping
from typing import Any

from ..core.reasons import ConditionType

NEVER = -1
"""`status.observedGeneration` as the CRD sets it until the operator writes a status."""


def status_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the operator has written, empty before it has looked at the object."""
    status: Mapping[str, Any] = obj.get("status") or {}
    return {} if status.get("observedGeneration") == NEVER else status


def condition_of(obj: Mapping[str, Any], kind: ConditionType) -> Mapping[str, Any]:
    """A condition of an object, empty where it is absent."""
    return next((one for one in status_of(obj).get("conditions", ()) if one["type"] == kind), {})


def is_current(seen: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    """Whether a condition, or a status, is about the spec the object has now."""
    return bool(seen.get("observedGeneration") == obj["metadata"].get("generation"))


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Whether Ready is True for the spec it has now, and it is to stay."""
    ready = condition_of(obj, ConditionType.READY)
    return ready.get("status") == "True" and is_current(ready, obj) and "deletionTimestamp" not in obj["metadata"]


def obstacle(obj: Mapping[str, Any]) -> str:
    """Why it is not Ready, in a sentence; empty where it is."""
    ready = condition_of(obj, ConditionType.READY)
    if ready.get("status") == "True":
        return ""
    return f"Not Ready ({ready.get('reason', 'Unknown')}): {ready.get('message', '')}"


def incompleteness(obj: Mapping[str, Any]) -> str:
    """Why deletions may be missing from the ledger, empty where none are."""
    complete = condition_of(obj, ConditionType.LEDGER_COMPLETE)
    if complete.get("status") == "True":
        return ""
    return str(complete.get("message") or "The operator has not looked at this RecordingStorage yet.")
