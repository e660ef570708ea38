"""Looking at one object again and again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ..core.conditions import rfc3339
from ..core.errors import Transient
from ..core.reasons import ConditionType
from .conditions import condition_of, is_current, is_ready, status_of
from .machine import Machine

Object = Mapping[str, Any]
Read = Callable[[], Object | None]
"""None where it is not there any more."""

Show = Callable[[Object, str], None]
"""Shows the object as last read, and why it cannot be read at the moment."""


class Ending(Enum):
    """How a watch ended."""

    READY = auto()
    LATE = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from one look to the next, and until giving up: None is never."""

    interval: float
    timeout: float | None = None


def follow(first: Object, read: Read, show: Show, pace: Pace, machine: Machine, *, until_ready: bool) -> Ending:
    """Show the object, as `first` seen, and at each look. Ends once it is Ready, where that is waited for, once it is
    gone, or when time is up. A fault that passes is shown and sat out.
    """
    start = machine.monotonic()
    obj, trouble = first, ""
    while True:
        show(obj, trouble)
        if until_ready and not trouble and is_ready(obj):
            return Ending.READY
        rest = pace.interval
        if pace.timeout is not None:
            rest = min(rest, start + pace.timeout - machine.monotonic())
        if rest <= 0:
            return Ending.LATE
        machine.sleep(rest)
        seen, trouble = _look(read, obj)
        if seen is None:
            return Ending.GONE
        obj = seen


def _look(read: Read, last: Object) -> tuple[Object | None, str]:
    try:
        return read(), ""
    except Transient as error:
        return last, error.message


class ChangeLog:
    """Prints a line when what a person would want to know has changed, and no line else."""

    def __init__(self, echo: Callable[[str], None], machine: Machine) -> None:
        self._echo = echo
        self._machine = machine
        self._last = ""

    def show(self, obj: Object, trouble: str) -> None:
        """Take note of a look."""
        line = trouble or summary_line(obj)
        if line != self._last:
            self._echo(f"{rfc3339(self._machine.now())} {line}")
        self._last = line


def summary_line(obj: Object) -> str:
    """The state in one line: words with values first, then the sentence of Ready."""
    status = status_of(obj)
    ready = condition_of(obj, ConditionType.READY)
    if not is_current(ready, obj):
        ready = {}
    backend = status.get("backend", {})
    facts = {
        "ready": ready.get("status", "Unknown"),
        "reason": ready.get("reason", "-"),
        "generation": f"{status.get('observedGeneration', 0)}/{obj['metadata'].get('generation')}",
        "wanted": backend.get("desired", "-"),
        "observed": backend.get("observed", "-"),
        "plan": status.get("plan", {}).get("state", "-"),
        "deleted": status.get("deletedRecordingsSummary", {}).get("total", "-"),
        "ledger": condition_of(obj, ConditionType.LEDGER_COMPLETE).get("reason", "-"),
    }
    told = " ".join(f"{name}={value}" for name, value in facts.items())
    return f"{told} {ready.get('message', '')}".rstrip()
