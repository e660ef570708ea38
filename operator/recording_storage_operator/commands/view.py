"""The status of a RecordingStorage as a page for people: a pure function of the object, the time and the width."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from ..core.reasons import ConditionType
from .conditions import condition_of, is_current, is_ready, status_of
from .console_steps import console_steps
from .plan_page import RISK_STYLES, ending, left_so
from .times import length, told
from .wrapping import wrapped

LABEL = 14
MAX_WIDTH = 120
"""Columns: longer lines are hard to read."""

SOON = timedelta(days=7)

_PLACES = {
    "twilio": "at Twilio",
    "s3": "in the bucket",
    "elsewhere": "in other buckets",
    "absent": "without audio",
    "inProgress": "in progress",
    "missing": "missing",
}
_SIDES = {
    "Other": "Other (a bucket that spec.s3 does not name)",
    "Unknown": "Unknown (no recording shows where new ones go)",
}
_TROUBLE = (
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.CONSOLE_ACTION_REQUIRED,
    ConditionType.CONFLICT,
    ConditionType.DELETION_BLOCKED,
)
"""True is not good news for these."""


def page(obj: Mapping[str, Any], now: datetime, width: int) -> Text:
    """Everything the status says, and what to do next where that is up to a person."""
    width = min(width, MAX_WIDTH)
    status = status_of(obj)
    lines = _headline(obj, status, width)
    if not status:
        lines += _field("Status", "None yet: the operator has not looked at it. Is it running?", width)
    lines += _backend(status, width) + _plan(obj, width) + _drift(obj, width)
    lines += _recordings(status, width) + _ledger(status, now, width) + _conditions(obj, now, width)
    lines += [Text(), *steps] if (steps := console_steps(obj)) else []
    return Text("\n").join(lines)


def _headline(obj: Mapping[str, Any], status: Mapping[str, Any], width: int) -> list[Text]:
    metadata = obj["metadata"]
    ready = condition_of(obj, ConditionType.READY)
    verdict = "Ready" if is_ready(obj) else f"not Ready ({_obstacle(ready, obj)})"
    name = (f"{metadata['name']}", "bold")
    lines = [Text.assemble(name, f" in namespace {metadata['namespace']}: ", (verdict, _style(is_ready(obj))))]
    if "deletionTimestamp" in metadata:
        lines += _field("Deletion", f"asked for {told(metadata['deletionTimestamp'])}", width, "yellow")
    if status and not is_current(status, obj):
        seen, wanted = status.get("observedGeneration"), metadata.get("generation")
        lines += _field("Generation", f"{wanted} of the spec; what follows is about {seen}", width, "yellow")
    return lines


def _obstacle(ready: Mapping[str, Any], obj: Mapping[str, Any]) -> str:
    if "deletionTimestamp" in obj["metadata"]:
        return "being deleted"
    if not ready:
        return "not looked at"
    return str(ready["reason"]) if is_current(ready, obj) else "not looked at since it was edited"


def _backend(status: Mapping[str, Any], width: int) -> list[Text]:
    backend = status.get("backend")
    if not backend:
        return []
    since = f" since {told(backend['since'])}" if "since" in backend else ""
    observed = _SIDES.get(backend["observed"], backend["observed"])
    style = "green" if backend["observed"] == backend["desired"] else "yellow"
    return _field("Backend", f"wanted {backend['desired']}, observed {observed}{since}", width, style)


def _plan(obj: Mapping[str, Any], width: int) -> list[Text]:
    plan = status_of(obj).get("plan")
    if not plan:
        return []
    lines = _field("Plan", ending(obj), width)
    if "id" in plan:
        lines += _field("", f"{plan['state']}, id {plan['id']}", width)
    for action in plan.get("actions", ()):
        style = RISK_STYLES.get(action["class"], "")
        lines += _field("", f"- {action['class']}: {action['summary']}", width, style)
    for one in plan.get("skipped", ()):
        lines += _field("", f"Left out {one['path']} ({one['reason']}): {one['message']}", width)
    return lines


def _drift(obj: Mapping[str, Any], width: int) -> list[Text]:
    lines: list[Text] = []
    for one in left_so(obj):
        told = f"{one['path']}: wanted {one['want']}, is {one['have']}"
        lines += _field("" if lines else "Drift", told, width, "yellow")
    return lines


def _recordings(status: Mapping[str, Any], width: int) -> list[Text]:
    counts = status.get("recordings")
    if not counts:
        return []
    places = [f"{counts[key]:,} {words}" for key, words in _PLACES.items() if counts.get(key)]
    sweep = counts.get("lastSweep")
    # An old time is no sign of a dead sweep, and must not read like one.
    when = f" as of {told(sweep['finishedAt'])} (a later sweep that found no change is not noted)" if sweep else ""
    lines = _field("Recordings", f"{counts.get('total', 0):,}{when}", width)
    return lines + (_field("", ", ".join(places), width) if places else [])


def _ledger(status: Mapping[str, Any], now: datetime, width: int) -> list[Text]:
    summary = status.get("deletedRecordingsSummary")
    if not summary:
        return []
    origins = summary.get("byOrigin", {})
    where = f": {origins['twilio']:,} at Twilio, {origins['s3']:,} in S3" if origins and summary["total"] else ""
    lines = _field("Deleted", f"{summary['total']:,}{where}", width)
    if "newestDeletion" in summary:
        lines += _field("", f"newest deletion {told(summary['newestDeletion'])}", width)
    if "oldestExpiry" in summary:
        left = datetime.fromisoformat(summary["oldestExpiry"]) - now
        when = f"in {length(left)}" if left > timedelta() else "now"
        soon = _expiring(summary, now + SOON)
        text = f"next metadata expiry {told(summary['oldestExpiry'])}, {when}; {soon:,} in the next {SOON.days} days"
        lines += _field("", text, width)
    return lines


def _expiring(summary: Mapping[str, Any], until: datetime) -> int:
    last = until.date().isoformat()
    return sum(one["count"] for one in summary.get("byExpiryDay", ()) if one["day"] <= last)


def _conditions(obj: Mapping[str, Any], now: datetime, width: int) -> list[Text]:
    """Ready first. A sentence that two of them share is told once, also where it is the end of another."""
    lines: list[Text] = []
    told_by: dict[str, str] = {}
    conditions = sorted(status_of(obj).get("conditions", ()), key=lambda one: one["type"] != ConditionType.READY)
    for condition in conditions:
        message = _untold(condition["message"], told_by)
        told_by.setdefault(condition["message"], condition["type"])
        lines += [Text(), _head(condition, obj, now), *(Text(f"  {line}") for line in wrapped(message, width - 2))]
    return lines


def _untold(message: str, told_by: Mapping[str, str]) -> str:
    """A message without what other conditions have said before."""
    for known, kind in told_by.items():
        if known and message.endswith(known):
            return f"{message.removesuffix(known)}As {kind} says."
    return message


def _head(condition: Mapping[str, Any], obj: Mapping[str, Any], now: datetime) -> Text:
    state = condition["status"]
    good = state == ("False" if condition["type"] in _TROUBLE else "True")
    age = length(now - datetime.fromisoformat(condition["lastTransitionTime"]))
    outdated = "" if is_current(condition, obj) else ", of an earlier spec"
    name, verdict = (f"{condition['type']:<22}", "bold"), (f"{state:<8}", _style(good))
    return Text.assemble(name, verdict, f"{condition['reason']}, for {age}{outdated}")


def _field(label: str, text: str, width: int, style: str = "") -> list[Text]:
    lines = wrapped(text, width - LABEL)
    labels = [label, *[""] * (len(lines) - 1)]
    return [
        Text.assemble((f"{label:<{LABEL}}", "cyan"), (line, style)) for label, line in zip(labels, lines, strict=True)
    ]


def _style(good: bool) -> str:
    return "bold green" if good else "bold yellow"
