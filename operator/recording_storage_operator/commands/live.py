"""A status on standard output: once, or kept up to date."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    screen.console().print(page(obj, machine.now(), screen.width()), soft_wrap=True)


@contextmanager
def display(machine: Machine) -> Iterator[Show]:
    """A place to show an object as it changes: a page on a terminal, else lines."""
    if not screen.is_terminal():
        yield ChangeLog(click.echo, machine).show
        return
    with Live(console=screen.console(), auto_refresh=False) as live:

        def show(obj: Mapping[str, Any], trouble: str) -> None:
            shown = page(obj, machine.now(), screen.width())
            if trouble:
                shown = Text("\n\n").join([Text(f"Not up to date: {trouble}", "bold red"), shown])
            live.update(shown, refresh=True)

        yield show
