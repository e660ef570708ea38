"""The demo's tables."""

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .show import BAD, GOOD, signs
from .verdict import ARTICLE, Access, Answer, Cell, Result, Sighting
from .witness import Ledger

STYLES = {Access.ACCESSIBLE: "green", Access.GONE: "yellow", Access.UNCLEAR: BAD}


def short(sid: str) -> str:
    """Enough of a SID to tell a handful apart."""
    return f"{sid[:10]}.."


def sightings_table(seen: Mapping[str, Sighting]) -> Table:
    """What was answered about each recording, by its name."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Recording", "File at Twilio", "Object in S3", "Metadata at Twilio", "Listed as deleted until"):
        table.add_column(heading)
    for name, sighting in seen.items():
        until = f"{sighting.listed_until:%Y-%m-%d %H:%M:%S}" if sighting.listed_until else "not listed"
        answers = (sighting.media, sighting.stored, sighting.metadata)
        table.add_row(name, *map(_answer, answers), until)
    return table


def ledger_table(ledger: Ledger, names: Mapping[str, str]) -> Table:
    """status.deletedRecordings."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Recording", "origin", "deletedAt", "deletedAtPrecision", "metadata", "expiresAt"):
        table.add_column(heading)
    for sid, entry in ledger.items():
        values = (entry[key] for key in ("origin", "deletedAt", "deletedAtPrecision", "metadata", "expiresAt"))
        table.add_row(names.get(sid, sid), *values)
    return table


def verdict_table(result: Result, out: Console) -> Table:
    """The article's table; below each of its words what was answered, with a cross at what differs."""
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("Scenario", ratio=19)
    for heading in ("Recording file", "Metadata, up to 40 days", "After 40 days"):
        table.add_column(heading, ratio=27)
    for scenario, cells in zip(ARTICLE, result.rows, strict=True):
        table.add_row(Text(scenario.words, style="bold"), *(_cell(cell, out) for cell in cells))
    return table


def _answer(answer: Answer) -> Text:
    return Text(answer.words, style=STYLES[answer.access])


def _cell(cell: Cell, out: Console) -> Text:
    good, bad = signs(out)
    sign, style = (good, GOOD) if cell.agrees else (bad, BAD)
    text = Text.assemble((sign, style), " ", (cell.claim.words, style))
    for finding in cell.findings:
        text.append(f"\n  {finding.words}", style="" if finding.agrees else BAD)
        text.append("" if finding.agrees else f" {bad}", style=BAD)
    return text
