"""Shows how far a Go build has come: a bar on a terminal, else a line every 15 seconds, both on standard error."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console

PLAIN_EVERY = 15.0
SHOWN_EVERY = 0.5
PACKAGE_SECONDS = 0.3
"""What a package costs one core, measured over the control plane; linking costs `LINK_SECONDS` more."""
LINK_SECONDS = 30.0
PRIOR_PACKAGES = 150
"""How many measured packages that figure weighs as much as: early packages are small and would promise too much."""


class Progress:
    """Counts what Go says on standard error: modules fetched, then packages compiled, of those it expects."""

    def __init__(self, name: str, cores: int) -> None:
        self.name = name
        self.cores = cores
        self.fetched = self.compiled = 0
        self.expected: int | None = None
        self._began = self._compiling_since = time.monotonic()
        self._over = threading.Event()
        self._console = Console(stderr=True)
        self._painter = threading.Thread(target=self._paint, daemon=True)

    def expect(self, packages: int) -> None:
        """So many packages are to be compiled, from now on."""
        self.expected = packages
        self._compiling_since = time.monotonic()

    def line(self) -> str:
        """The state in words."""
        elapsed = time.monotonic() - self._began
        if self.expected is None:
            return f"{self.name}: fetching sources, {self.fetched} modules, {_minutes(elapsed)}"
        compiled = min(self.compiled, self.expected)
        left = remaining(compiled, self.expected, time.monotonic() - self._compiling_since, self.cores)
        if compiled == self.expected:
            return f"{self.name}: linking, the last step, {_minutes(elapsed)} so far"
        done = f"compiling {compiled} of {self.expected} packages"
        return f"{self.name}: {done}, {_minutes(elapsed)} so far, about {_minutes(left)} left"

    @contextlib.contextmanager
    def reading(self, process: subprocess.Popen[str]) -> Iterator[list[str]]:
        """Count the lines of the process' standard error while the block runs; gives those that are no count."""
        words: list[str] = []
        reader = threading.Thread(target=self._count, args=(process, words), daemon=True)
        reader.start()
        yield words
        reader.join()

    def __enter__(self) -> Self:
        print(
            f"{self.name}: building it, once for this machine (what is cached already is not built again)",
            file=sys.stderr,
            flush=True,
        )
        self._painter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._painter.join()
        took = _minutes(time.monotonic() - self._began)
        print(f"{self.name}: {'failed' if error else 'built'} after {took}", file=sys.stderr, flush=True)

    def _count(self, process: subprocess.Popen[str], words: list[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("go: downloading "):
                self.fetched += 1
            elif " " not in line.strip() and not line.startswith("#"):
                self.compiled += 1
            else:
                words.append(line)

    def _paint(self) -> None:
        if not self._console.is_terminal:
            while not self._over.wait(PLAIN_EVERY):
                print(self.line(), file=sys.stderr, flush=True)
            return
        with self._console.status(self.line()) as status:
            while not self._over.wait(SHOWN_EVERY):
                status.update(self.line())


def remaining(compiled: int, expected: int, elapsed: float, cores: int) -> float:
    """Seconds left. The first guess is of another machine; every package compiled here, in `elapsed`, corrects it."""
    guessed = PACKAGE_SECONDS / cores * PRIOR_PACKAGES
    rate = (guessed + elapsed) / (PRIOR_PACKAGES + compiled)
    return rate * (expected - compiled) + LINK_SECONDS / cores


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s" if seconds >= 60 else f"{int(seconds)} s"
