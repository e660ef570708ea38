"""Exponential backoff with jitter."""

import random
from dataclasses import dataclass, field

from ..core.work import Key


@dataclass(slots=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row: `base` doubled each time, at most `cap`, spread by `jitter`.

    Only keys that fail take memory. Not thread-safe: the queue's lock guards it.
    """

    base: float = 1.0
    cap: float = 300.0
    jitter: float = 0.2
    chance: random.Random = field(default_factory=random.Random)
    failures: dict[Key, int] = field(default_factory=dict)

    def next(self, key: Key) -> float:
        failed = self.failures.get(key, 0)
        self.failures[key] = failed + 1
        delay = min(self.cap, self.base * 2.0 ** min(failed, 63))
        return delay * (1 + self.jitter * (2 * self.chance.random() - 1))

    def reset(self, key: Key) -> None:
        self.failures.pop(key, None)
