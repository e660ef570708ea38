"""Keys that become due later."""

import heapq
from collections.abc import Iterator

from ..core.work import Key


class Delays:
    """At most one due time a key, the earliest asked for. Not thread-safe: the queue's lock guards it."""

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def __len__(self) -> int:
        return len(self._due)

    def put(self, key: Key, due: float) -> None:
        """Be due at `due`, or at the time already set where that is earlier."""
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
            self._compact()

    def drop(self, key: Key) -> None:
        self._due.pop(key, None)
        self._compact()

    def pop_due(self, now: float) -> Iterator[Key]:
        """Take out the keys whose time has come, the earliest first."""
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                yield key

    def next_due(self) -> float | None:
        """A time before which nothing becomes due; None where nothing waits."""
        return self._heap[0][0] if self._heap else None

    def _compact(self) -> None:
        """Replaced and dropped entries stay in the heap until their time; rebuild it before they outweigh the rest."""
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(due, key) for key, due in self._due.items()]
            heapq.heapify(self._heap)
