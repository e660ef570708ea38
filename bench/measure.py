"""What a process costs, and how figures of several rounds are summed up.

Processor time and not wall time: the machine is shared, and what others do to the wall clock is not our doing.
"""

import os
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1024.0


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rounds, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(rounds: Sequence[float]) -> "Figure":
        return Figure(statistics.median(rounds), min(rounds), max(rounds))

    @property
    def single(self) -> bool:
        """Whether there was one round, or no difference."""
        return self.low == self.high


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads so far, to a hundredth of a second (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss(pid: int) -> float:
    """Resident memory in MiB."""
    return _status(pid, "VmRSS") / MIB


def peak_rss(pid: int) -> float:
    """The most resident memory since the start, in MiB."""
    return _status(pid, "VmHWM") / MIB


def open_files(pid: int) -> int:
    """Files and sockets; many systems allow a process 1024."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _status(pid: int, name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if match is None:
        raise ProcessLookupError(f"process {pid} has no {name}")
    return int(match[1])
