"""Lines broken at the width of a terminal."""

import textwrap

LEAST = 20
"""Columns: on a terminal with less, lines are cut by the terminal."""


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Words stay whole, so that a URL can be copied. Lines after the first are indented."""
    room = max(width, indent + LEAST)
    return textwrap.wrap(
        text, room, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    ) or [""]
