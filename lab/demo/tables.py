"""The demo's tables."""

import textwrap
from collections.abc import Mapping
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .show import BAD, GOOD, WIDTH, signs
from .verdict import ARTICLE, Access, Cell, Result, Sighting
from .witness import Ledger

STYLES = {Access.ACCESSIBLE: "green", Access.GONE: "yellow", Access.UNCLEAR: BAD}

CELL = 24
"""Columns of a cell of the verdict, in a table of `WIDTH`."""


def sightings_table(seen: Mapping[str, Sighting]) -> Table:
    """What was answered about each recording, by its name."""
    table = _table("Recording", "File at Twilio", "Object in S3", "Metadata at Twilio", "Listed as deleted")
    for name, sighting in seen.items():
        until = f"until {_time(sighting.listed_until)}" if sighting.listed_until else "no"
        answers = (sighting.media, sighting.stored, sighting.metadata)
        table.add_row(name, *(Text(answer.words, style=STYLES[answer.access]) for answer in answers), until)
    return table


def ledger_table(ledger: Ledger, names: Mapping[str, str]) -> Table:
    """status.deletedRecordings."""
    table = _table("Recording", "Origin", "Deleted at", "Precision", "Metadata", "Expires at")
    for sid, entry in ledger.items():
        deleted, expires = (_time(datetime.fromisoformat(entry[key])) for key in ("deletedAt", "expiresAt"))
        row = (entry["origin"], deleted, entry["deletedAtPrecision"], entry["metadata"], expires)
        table.add_row(names.get(sid, sid), *row)
    return table


def verdict_table(result: Result, out: Console) -> Table:
    """The article's table; below each of its words what was answered, with a cross at what differs."""
    table = Table(box=box.ROUNDED, show_lines=True, width=min(out.width, WIDTH))
    table.add_column("Scenario", ratio=14, style="bold")
    for heading in ("Recording file", "Metadata, up to 40 days", "After 40 days"):
        table.add_column(heading, ratio=CELL)
    for scenario, cells in zip(ARTICLE, result.rows, strict=True):
        table.add_row(scenario.words, *(_cell(cell, out) for cell in cells))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading)
    return table


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _cell(cell: Cell, out: Console) -> Text:
    good, bad = signs(out)
    sign, style = (good, GOOD) if cell.agrees else (bad, BAD)
    text = Text(textwrap.fill(f"{sign} {cell.claim.words}", CELL, subsequent_indent="  "), style=style)
    for finding in cell.findings:
        mark, style = ("  ", "default") if finding.agrees else (f"{bad} ", BAD)
        text.append(f"\n{mark}{finding.words}", style=style)
    return text
