"""A list of deletions on standard output, and its totals."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..core.ledger import Origin
from . import render, screen
from .selection import Deletion


@dataclass(slots=True)
class Tally:
    """Counts what passes through."""

    origins: Counter[Origin] = field(default_factory=Counter)

    def count(self, found: Iterable[Deletion]) -> Iterator[Deletion]:
        """The same deletions, counted as they are taken."""
        for deletion in found:
            self.origins[deletion.entry.origin] += 1
            yield deletion

    def sentence(self, *, whole: bool) -> str:
        """The totals, for people. Not `whole`: only some were asked for."""
        total = self.origins.total()
        if not total:
            return "No deleted recordings." if whole else "No deleted recording matches."
        noun = "recording" if total == 1 else "recordings"
        twilio, s3 = self.origins[Origin.TWILIO], self.origins[Origin.S3]
        return f"{total:,} deleted {noun}: {twilio:,} at Twilio, {s3:,} in S3."


def show(found: Iterable[Deletion], output: str, now: render.Now) -> None:
    """As `output` says: csv, json, or text, which goes to a pager where somebody looks at it."""
    if output == "csv":
        screen.write(render.csv_lines(found))
    elif output == "json":
        screen.write(render.json_lines(found))
    elif screen.is_terminal():
        screen.show_in_pager(render.text(found, now, screen.width()))
    else:
        screen.write(render.text(found, now, render.WIDE))
