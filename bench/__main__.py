"""`python -m bench [--quick] [NAME ...]`: run benchmarks and print their figures."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import Console

from . import events, fleet, idle, listing, sweep
from .report import Row, show

WIDTH = 120
"""Columns where the output is no terminal; narrower ones break the figures."""


class Benchmark(Protocol):
    """A module of this package."""

    TITLE: str

    def run(self, quick: bool) -> Iterator[Row]: ...


BENCHMARKS: dict[str, Benchmark] = {
    "listing": listing,
    "fleet": fleet,
    "events": events,
    "idle": idle,
    "sweep": sweep,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code; a benchmark that cannot run raises."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks beside peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, says little")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    console = Console()
    console.width = max(console.width, WIDTH)
    for name in options.names or BENCHMARKS:
        started = time.monotonic()
        rows = list(BENCHMARKS[name].run(options.quick))
        show(console, f"{BENCHMARKS[name].TITLE} ({name}, {time.monotonic() - started:.0f} s)", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
