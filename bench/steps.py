"""A child process that works a step at a time, so that two of them can take turns."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from .measure import peak_rss


class Stepper:
    """Runs a module of this package that calls `serve`; its errors go to our own. `variables` join the environment."""

    def __init__(self, module: str, *arguments: str, **variables: str) -> None:
        self.name = " ".join((module, *arguments[:1]))
        argv = [sys.executable, "-m", module, *arguments]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[1], env={**os.environ, **variables}
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def peak_rss(self) -> float:
        """The most memory it had so far, in MiB."""
        return peak_rss(self.pid)

    def step(self) -> tuple[int, float]:
        """Let it work once: what it counted, and the processor time it took since the last step, in seconds."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError(f"{self.name} has no pipes")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} has ended")
        count, cpu = json.loads(line)
        return int(count), float(cpu)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Its input ends, and with it the process."""
        with self._process:
            self._process.kill()


def serve(work: Callable[[], int]) -> None:
    """In the child: work once for each line that comes in. What threads do between two lines counts for the latter."""
    counted = time.process_time()
    for _ in sys.stdin:
        count = work()
        before, counted = counted, time.process_time()
        print(json.dumps([count, counted - before]), flush=True)
