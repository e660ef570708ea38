"""A work queue by key, with the guarantees of client-go's: no key twice at once, none lost, none doubled."""

import threading
from collections import deque

from ..core.clock import Clock
from ..core.work import Key, Outcome
from .backoff import Backoff
from .delays import Delays


class WorkQueue:
    """Keys to work on, handed to one worker at a time.

    A key added while it waits is not doubled; one added while it is worked on is handed out again after `done`.
    Delays run on `clock.monotonic`, looked at every `tick` seconds at the latest, so that a clock that jumps (a resumed
    machine, a simulated clock) is noticed.
    """

    def __init__(self, clock: Clock, backoff: Backoff, tick: float = 1.0) -> None:
        self._clock = clock
        self._tick = tick
        self._backoff = backoff
        self._changed = threading.Condition()
        self._urgent: deque[Key] = deque()
        self._normal: deque[Key] = deque()
        self._wanted: dict[Key, bool] = {}  # waiting, or to be handed out again: whether it is urgent
        self._in_work: set[Key] = set()
        self._delays = Delays()
        self._stopped = False

    def add(self, key: Key, urgent: bool = False, fresh: bool = False) -> None:
        """Hand it out as soon as a worker is free: `urgent` ones before all others, `fresh` ones with no failures."""
        with self._changed:
            if fresh:
                self._backoff.reset(key)
            self._want(key, urgent)

    def add_after(self, key: Key, seconds: float) -> None:
        """Hand it out in `seconds`, unless something hands it out earlier: that settles this wish, too."""
        with self._changed:
            self._delays.put(key, self._clock.monotonic() + seconds)
            self._changed.notify()

    def get(self) -> Key | None:
        """The next key, for this worker alone until `done`. Blocks; None once the queue is stopped."""
        with self._changed:
            while not self._stopped:
                self._take_in_due()
                if (key := self._take()) is not None:
                    return key
                self._changed.wait(self._nap())
            return None

    def done(self, key: Key, outcome: Outcome) -> None:
        """Give a key back, and say when it wants its next pass. A success ends its row of failures."""
        with self._changed:
            if (delay := self._delay(key, outcome)) is not None:
                self._delays.put(key, self._clock.monotonic() + delay)
            self._in_work.discard(key)
            if key in self._wanted:
                self._line_up(key)
            self._changed.notify()

    def dirty(self, key: Key) -> bool:
        """Whether a key in work was added again."""
        with self._changed:
            return key in self._wanted

    def stop(self) -> None:
        """Hand out nothing more; every `get` returns None."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def sizes(self) -> dict[str, int]:
        """How many keys are where."""
        with self._changed:
            self._take_in_due()
            return {
                "waiting": len(self._urgent) + len(self._normal),
                "working": len(self._in_work),
                "delayed": len(self._delays),
                "failing": len(self._backoff.failures),
            }

    def _take_in_due(self) -> None:
        for key in self._delays.pop_due(self._clock.monotonic()):
            self._want(key, urgent=False)

    def _delay(self, key: Key, outcome: Outcome) -> float | None:
        if outcome.failed:
            return max(self._backoff.next(key), outcome.after or 0.0)
        self._backoff.reset(key)
        return outcome.after

    def _want(self, key: Key, urgent: bool) -> None:
        if key in self._wanted:
            self._promote(key, urgent)
            return
        self._wanted[key] = urgent
        if key not in self._in_work:
            self._line_up(key)

    def _promote(self, key: Key, urgent: bool) -> None:
        if urgent and not self._wanted[key]:
            self._wanted[key] = True
            if key not in self._in_work:
                self._normal.remove(key)
                self._urgent.append(key)

    def _line_up(self, key: Key) -> None:
        (self._urgent if self._wanted[key] else self._normal).append(key)
        self._changed.notify()

    def _take(self) -> Key | None:
        line = self._urgent or self._normal
        if not line:
            return None
        key = line.popleft()
        del self._wanted[key]
        self._delays.drop(key)
        self._in_work.add(key)
        return key

    def _nap(self) -> float:
        due = self._delays.next_due()
        return self._tick if due is None else min(self._tick, max(0.0, due - self._clock.monotonic()))
