"""The status of a resource, reduced from one pass: a pure function with a bounded result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from .approval import Decision
from .conditions import merge, rfc3339
from .deletions import State
from .desired import Desired
from .errors import ReconcileError
from .ledger import SETTLED, Entry, Slice
from .plan import Observed, Plan
from .plan_status import plan_fields
from .sweeps import Sweep
from .verdicts import Outcome, View, blocked_conditions, conditions_for

MAX_LISTED = 170
"""Newest entries shown in status, some 226 bytes each."""

NO_PLAN = {"summary": "No plan yet: no pass could see everything it needs. Ready says why."}
NOT_PLANNED = {"summary": "No plan: nothing is planned while spec.suspend is true."}

LISTED_BY_ROOM = ((8_500, MAX_LISTED), (24_000, 100), (38_000, 40))
"""How many of them, by the bytes that the rest of the status takes: a whole status stays under 50 kB. There are steps,
so that a longer message does not make the list breathe.
"""

MAX_HANDLED = 256
"""Characters of the value that asked for a pass; the CRD allows as many."""

MAX_DAYS = 42
"""An entry expires at most 40 days after now; clocks and midnights may add two."""

_COUNTED = (State.AT_TWILIO, State.IN_BUCKET, State.ELSEWHERE, State.IN_PROGRESS, State.ABSENT)


@dataclass(frozen=True, slots=True)
class Report:
    """What one pass has to tell. `observed` and `plan` are as they stood after applying; None where observing failed.

    `handled` is the value of the annotation that asked for a pass, empty where it is not handled yet.
    """

    generation: int
    handled: str
    desired: Desired | None
    observed: Observed | None
    plan: Plan | None
    outcome: Outcome


def status_for(before: Mapping[str, Any], report: Report, now: datetime) -> dict[str, Any]:
    """The whole new status. What this pass could not see stays as the status before had it."""
    status = {key: before[key] for key in _LASTING if key in before}
    status["observedGeneration"] = report.generation
    if report.handled:
        status["lastHandledReconcileAt"] = report.handled[:MAX_HANDLED]
    is_new = before.get("observedGeneration") != report.generation
    if not report.plan and is_new:
        # What was planned for an earlier spec says nothing about this one.
        status["plan"] = NOT_PLANNED if report.outcome.suspended else NO_PLAN
    view = View(report.desired, report.observed, report.plan, is_new)
    conditions = conditions_for(before.get("conditions", ()), view, report.outcome)
    status["conditions"] = merge(before.get("conditions", ()), conditions, report.generation, now)
    if report.desired and report.observed:
        status["backend"] = _backend(before.get("backend", {}), report.desired, report.observed)
        if report.observed.sweep:
            status["recordings"] = _recordings(report.observed.sweep)
    if report.plan:
        status = with_plan(status, report.plan.decision, report.outcome.stopped, now)
    if report.desired and report.observed:
        status |= _ledger(report.observed.ledger, status)
    return _unless_only_the_sweep_moved(before, status)


def with_plan(
    before: Mapping[str, Any], decision: Decision, stopped: ReconcileError | None, now: datetime
) -> dict[str, Any]:
    """A status with another plan: what is about to be applied is written before, so that a crash is noticed."""
    lasting = {key: value for key, value in before.items() if key not in _PLANNED}
    return lasting | plan_fields(before.get("plan", {}), decision, stopped, now)


def blocked_status(before: Mapping[str, Any], error: ReconcileError, generation: int, now: datetime) -> dict[str, Any]:
    """The status of a resource whose deletion waits for a person."""
    old = before.get("conditions", ())
    conditions = merge(old, blocked_conditions(old, error), generation, now)
    return {**before, "observedGeneration": generation, "conditions": conditions}


def newest_entries(slices: tuple[Slice, ...], most: int) -> list[tuple[Entry, int]]:
    """The newest deletions and the days each is kept, unpacking no more slices than needed."""
    found: list[tuple[Entry, int]] = []
    for part in sorted(_listed(slices), key=lambda part: part.newest_deletion, reverse=True):
        if not most or (len(found) >= most and part.newest_deletion < found[most - 1][0].deleted_at):
            break
        found += [(entry, part.metadata_days) for entry in part.entries()]
        found.sort(key=lambda pair: (pair[0].deleted_at, pair[0].sid), reverse=True)
    return found[:most]


def as_listed(entry: Entry, expires_at: datetime) -> dict[str, str]:
    """An entry as users see it: without `dateCreated` where nobody told it."""
    created = {"dateCreated": rfc3339(entry.date_created)} if entry.date_created else {}
    return {
        "sid": entry.sid,
        **created,
        "deletedAt": rfc3339(entry.deleted_at),
        "deletedAtPrecision": str(entry.precision),
        "origin": str(entry.origin),
        "metadata": str(entry.metadata),
        "expiresAt": rfc3339(expires_at),
    }


_LEDGER = ("deletedRecordings", "deletedRecordingsSummary")
_PLANNED = ("plan", "drift", "managed", "lastApprovedPlan")
_LASTING = (*_PLANNED, "backend", "recordings", "lastHandledReconcileAt", *_LEDGER)


def _listed(slices: tuple[Slice, ...]) -> list[Slice]:
    return [part for part in slices if part.day != SETTLED]


def _backend(before: Mapping[str, Any], desired: Desired, observed: Observed) -> dict[str, Any]:
    side = str(observed.newest.side)
    since = before.get("since") if before.get("observed") == side else None
    if since is None and observed.newest.since:
        since = rfc3339(observed.newest.since)
    return {"desired": str(desired.backend), "observed": side} | ({"since": since} if since else {})


def _recordings(sweep: Sweep) -> dict[str, Any]:
    counts = {str(state): sweep.counts.get(state, 0) for state in _COUNTED}
    missing = sum(sweep.counts.get(state, 0) for state in (State.MISSING, State.UNTRACED, State.UNDECIDED))
    return {
        "total": sum(counts.values()) + missing,
        **counts,
        "missing": missing,
        **({"doubtful": sweep.doubtful} if sweep.doubtful else {}),
        **({"endpoint": sweep.servers} if sweep.servers is not None else {}),
        "lastSweep": {"finishedAt": rfc3339(sweep.finished_at)},
    }


def _room(rest: Mapping[str, Any]) -> int:
    """How many entries there is room for."""
    taken = len(json.dumps(rest, separators=(",", ":")))
    return next((most for size, most in LISTED_BY_ROOM if taken <= size), 0)


def _ledger(slices: tuple[Slice, ...], rest: Mapping[str, Any]) -> dict[str, Any]:
    """As many of the newest entries as there is room for beside the rest of the status, and the counts of all."""
    summary = _summary(_listed(slices))
    newest = newest_entries(slices, _room({**rest, "deletedRecordings": (), "deletedRecordingsSummary": summary}))
    summary |= {"listed": len(newest), "truncated": summary["total"] > len(newest)}
    entries = [as_listed(entry, entry.expires_at(days)) for entry, days in newest]
    return dict(zip(_LEDGER, (entries, summary), strict=True))


def _summary(listed: list[Slice]) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "total": sum(part.count for part in listed),
        "byOrigin": {
            "twilio": sum(part.from_twilio for part in listed),
            "s3": sum(part.from_s3 for part in listed),
        },
        "byExpiryDay": _by_day(listed),
    }
    if listed:
        summary["oldestExpiry"] = rfc3339(min(part.first_expiry for part in listed))
        summary["newestDeletion"] = rfc3339(max(part.newest_deletion for part in listed))
    return summary


def _by_day(listed: list[Slice]) -> list[dict[str, Any]]:
    days: dict[str, int] = {}
    for part in sorted(listed, key=lambda part: part.day):
        days[part.day] = days.get(part.day, 0) + part.count
    return [{"day": day, "count": count} for day, count in islice(days.items(), MAX_DAYS)]


def _unless_only_the_sweep_moved(before: Mapping[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """A sweep that found nothing new causes no write: its time is told with the next change, and by the metrics."""
    last = before.get("recordings", {}).get("lastSweep")
    if last is None or "recordings" not in status:
        return status
    unmoved = status | {"recordings": status["recordings"] | {"lastSweep": last}}
    return unmoved if unmoved == before else status
