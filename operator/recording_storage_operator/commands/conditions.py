"""What the conditions of an object say about the spec it has now."""

from collections.abc import Mapping
from typing import Any

from ..core.reasons import ConditionType


def condition_of(obj: Mapping[str, Any], kind: ConditionType) -> Mapping[str, Any]:
    """A condition of an object, empty where it is absent."""
    conditions = (obj.get("status") or {}).get("conditions", ())
    return next((one for one in conditions if one["type"] == kind), {})


def is_current(seen: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    """Whether a condition, or a status, is about the spec the object has now."""
    return bool(seen.get("observedGeneration") == obj["metadata"].get("generation"))


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Whether Ready is True for the spec it has now, and it is to stay."""
    ready = condition_of(obj, ConditionType.READY)
    return ready.get("status") == "True" and is_current(ready, obj) and "deletionTimestamp" not in obj["metadata"]


def incompleteness(obj: Mapping[str, Any]) -> str:
    """Why deletions may be missing from the ledger, empty where none are."""
    complete = condition_of(obj, ConditionType.LEDGER_COMPLETE)
    if complete.get("status") == "True":
        return ""
    return str(complete.get("message") or "The operator has not looked at this RecordingStorage yet.")
