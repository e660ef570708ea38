"""The clock as a parameter. Production has the system's; the lab's operator runs on the simulator's."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """`now` decides what has expired (UTC); `monotonic` measures delays in seconds and never runs backwards."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...
