"""Trying again within one call, where sending the same request again does no harm."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..core.errors import ReconcileError, Transient, Wait
from ..core.reasons import Reason

T = TypeVar("T")

_UNPROCESSED = frozenset({Reason.TWILIO_THROTTLED})
"""Twilio did nothing: it answered 429."""

_PASSING = _UNPROCESSED | {Reason.TWILIO_UNREACHABLE, Reason.TWILIO_ANSWER_UNUSABLE}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long one call is tried. Times are in seconds; whoever calls has a longer backoff of its own.

    Delays double from `first_delay`, less up to half of it at random, so clients that failed together do not come
    back together. A Retry-After is honoured where `budget` allows it; a longer one is handed on in the error.
    """

    attempts: int = 3
    first_delay: float = 0.5
    budget: float = 10.0
    """After this long no new attempt starts, so that a call ends about one answer's time limit later at the latest."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    """Between 0 and 1."""

    def persist(self, attempt: Callable[[], T], *, repeatable: bool = True) -> T:
        """What `attempt` returns; else the error of the last one.

        What is not `repeatable` is sent again only where Twilio refused to process it, so that it happens once at most.
        """
        started = self.monotonic()
        refused = False
        for number in range(self.attempts - 1):
            try:
                return attempt()
            except (Transient, Wait) as error:
                delay = self._delay(number, error)
                if not _may_pass(error, refused, repeatable) or self.monotonic() - started + delay > self.budget:
                    raise
                refused = isinstance(error, Wait)
            self.sleep(delay)
        return attempt()

    def _delay(self, number: int, error: ReconcileError) -> float:
        backoff: float = self.first_delay * 2**number * (1 - self.random() / 2)
        asked = error.retry_after if isinstance(error, Transient) else None
        return max(backoff, asked or 0.0)


def _may_pass(error: ReconcileError, refused: bool, repeatable: bool) -> bool:
    """A single 401 may be a hiccup of Twilio's edge, so it is asked once more before a person is told of it."""
    if isinstance(error, Transient):
        return error.reason in (_PASSING if repeatable else _UNPROCESSED)
    return error.reason is Reason.TWILIO_CREDENTIALS_REJECTED and not refused
