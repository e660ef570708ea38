"""What passes between the engine, which knows no recordings, and the reconciler, which knows no queues."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one resource."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """When a key wants its next pass.

    `after` is in seconds; None means: when something happens to it. With `failed` the queue waits for its own
    exponential backoff, or for `after` where that is longer.
    """

    after: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What the engine tells a pass about its turn.

    Long work asks `should_yield` between steps and stops when it is True: the key changed meanwhile, the process is
    stopping, or the turn's time budget is used up.
    """

    should_yield: Callable[[], bool]


Reconcile: TypeAlias = Callable[[Key, Turn], Outcome]
