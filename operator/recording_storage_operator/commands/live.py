"""A status on standard output: once, or kept up to date."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import click
from rich.live import Live
from rich.text import Text

from . import screen
from .machine import Machine
from .view import page
from .watching import ChangeLog, Show


def print_page(obj: Mapping[str, Any], machine: Machine) -> None:
    """The page as it is now."""
    screen.show(page(obj, machine.now(), screen.width()))


@contextmanager
def display(machine: Machine) -> Iterator[Show]:
    """A place to show an object as it changes: a page on a terminal, else lines."""
    if not screen.is_terminal():
        yield ChangeLog(click.echo, machine).show
        return
    console = screen.console()
    with Live(console=console, auto_refresh=False) as live:

        def show(obj: Mapping[str, Any], trouble: str) -> None:
            shown = page(obj, machine.now(), screen.width())
            if trouble:
                shown = Text("\n\n").join([Text(f"Not up to date: {trouble}", "bold red"), shown])
            live.update(cut(shown, console.size.width, console.size.height, obj["metadata"]), refresh=True)

        yield show


def cut(shown: Text, width: int, height: int, metadata: Mapping[str, Any]) -> Text:
    """As much of a page as a screen of so many columns and rows holds, and where the rest is."""
    lines = shown.split("\n")
    ends = list(accumulate(max(1, -(-line.cell_len // width)) for line in lines))
    if ends[-1] <= height:
        return shown
    kept = [line for line, end in zip(lines, ends, strict=True) if end < height]
    more = f"{len(lines) - len(kept)} more lines: recordings status {metadata['name']} -n {metadata['namespace']}"
    return Text("\n").join([*kept, Text(more, "bold")])
