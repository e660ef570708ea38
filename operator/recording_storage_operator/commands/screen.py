"""Standard output: a terminal, or a pipe that gets plain text."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import click
from rich.console import Console
from rich.text import Text

from .wrapping import wrapped

_LINES_AT_ONCE = 200


def is_terminal() -> bool:
    """Whether somebody looks at it."""
    return sys.stdout.isatty()


def width() -> int:
    """Columns to wrap at: of the terminal, or as the variable COLUMNS says, or 80."""
    return shutil.get_terminal_size((80, 24)).columns


def console() -> Console:
    """Without colours and any other control characters where it is no terminal, or where NO_COLOR is set."""
    plain = not is_terminal() or bool(os.environ.get("NO_COLOR"))
    return Console(
        color_system=None if plain else "auto",
        force_terminal=is_terminal(),
        width=width(),
        highlight=False,
        markup=False,
        emoji=False,
    )


def line_width() -> int | None:
    """Columns to break lines at, None for lines as long as they are: in a pipe they are searched and copied."""
    return width() if is_terminal() else None


def show(text: Text) -> None:
    """A text whose lines are broken already."""
    console().print(text, soft_wrap=True)


def tell(sentence: str) -> None:
    """A sentence for people, on standard error."""
    if sys.stderr.isatty():
        sentence = "\n".join(wrapped(sentence, _error_width(), 2))
    click.echo(sentence, err=True)


def _error_width() -> int:
    """Standard output may be a pipe, so the other stream is asked. Some terminals say they have no columns."""
    columns = os.environ.get("COLUMNS", "")
    wanted = int(columns) if columns.isdecimal() else 0
    return wanted or os.get_terminal_size(sys.stderr.fileno()).columns or 80


def write(lines: Iterable[str]) -> None:
    """Line after line, as they come."""
    for line in lines:
        sys.stdout.write(line)
    sys.stdout.flush()


def show_in_pager(lines: Iterator[str]) -> None:
    """In the user's pager, which ends by itself where everything fits on the screen."""
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager(iter(lambda: "".join(islice(lines, _LINES_AT_ONCE)), ""))
