"""Virtual time. The wall clock is read once, at the start, and never again."""

import time
from collections.abc import Callable

DAY = 86_400


class VirtualClock:
    """Seconds since the epoch, moved by `advance`. With a rate it runs by itself: so many seconds a second."""

    def __init__(self, start: float, rate: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._base = start
        self._rate = rate
        self._monotonic = monotonic
        self._origin = monotonic()

    @property
    def runs(self) -> bool:
        """Whether time passes without `advance`."""
        return self._rate > 0

    def now(self) -> float:
        """Virtual seconds since the epoch."""
        if not self.runs:
            return self._base
        return self._base + (self._monotonic() - self._origin) * self._rate

    def second(self) -> int:
        """The current whole second: Twilio's dates have no fractions, so everything that is stored is one of these."""
        return int(self.now())

    def advance(self, seconds: float) -> float:
        """Move forward and return the new time. Raises ValueError for a step backwards."""
        if seconds < 0:
            raise ValueError("time only moves forward")
        self._base += seconds
        return self.now()
