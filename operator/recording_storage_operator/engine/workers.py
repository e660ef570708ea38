"""Threads that take keys from the queue through their passes."""

import logging
import threading
import time
from collections.abc import Callable

from ..core.work import Key, Outcome, Reconcile, Turn
from .queue import WorkQueue

STUCK_AFTER = 600.0
"""Seconds: every call of a pass has a timeout, so one that lasts this long will not come back."""

log = logging.getLogger(__name__)

Report = Callable[[str, float], None]


class Workers:
    """Runs `count` passes at a time.

    `budget` is a turn's time in seconds before it is asked to yield. `report` gets each pass's result (done, again,
    failed or crashed) and seconds. `stopwatch` is real time even where the queue runs on a simulated clock: it measures
    work, not schedules.
    """

    def __init__(
        self,
        queue: WorkQueue,
        reconcile: Reconcile,
        count: int,
        report: Report,
        budget: float = 5.0,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._reconcile = reconcile
        self._report = report
        self._budget = budget
        self._stopwatch = stopwatch
        self._stopping = threading.Event()
        self._busy: dict[int, tuple[Key, float]] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Take no more keys and let passes end. False where some did not within `seconds`."""
        self._stopping.set()
        self._queue.stop()
        deadline = self._stopwatch() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._stopwatch()))
        return not any(thread.is_alive() for thread in self._threads)

    def problem(self) -> str | None:
        """Why the process should be restarted: a worker died, or works on one pass for longer than `STUCK_AFTER`."""
        if not self._stopping.is_set() and any(thread.ident and not thread.is_alive() for thread in self._threads):
            return "a worker thread has ended"
        stuck = sorted(key for key, since in list(self._busy.values()) if self._stopwatch() - since > STUCK_AFTER)
        return f"stuck on {', '.join(map(str, stuck))}" if stuck else None

    def _work(self, number: int) -> None:
        while (key := self._queue.get()) is not None:
            started = self._stopwatch()
            self._busy[number] = (key, started)
            result, outcome = self._pass(key, started)
            del self._busy[number]
            self._queue.done(key, outcome)
            self._report(result, self._stopwatch() - started)

    def _pass(self, key: Key, started: float) -> tuple[str, Outcome]:
        try:
            outcome = self._reconcile(key, Turn(lambda: self._should_yield(key, started)))
        except Exception:  # a defect in one pass must not stop the others
            log.exception("The pass of %s crashed", key)
            return "crashed", Outcome(failed=True)
        if outcome.failed:
            return "failed", outcome
        return ("done" if outcome.after is None else "again"), outcome

    def _should_yield(self, key: Key, started: float) -> bool:
        used_up = self._stopwatch() - started >= self._budget
        return used_up or self._stopping.is_set() or self._queue.dirty(key)
