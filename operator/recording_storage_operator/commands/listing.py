"""A list of deletions on standard output, and its totals."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from ..core.ledger import Origin, Slice
from . import render, screen
from .conditions import status_of
from .selection import Deletion


@dataclass(slots=True)
class Tally:
    """Counts what passes through."""

    origins: Counter[Origin] = field(default_factory=Counter)
    slices: int = 0

    def read(self, parts: Iterable[Slice]) -> Iterator[Slice]:
        """The same slices, counted as they are taken."""
        for part in parts:
            self.slices += 1
            yield part

    def count(self, found: Iterable[Deletion]) -> Iterator[Deletion]:
        """The same deletions, counted as they are taken."""
        for deletion in found:
            self.origins[deletion.entry.origin] += 1
            yield deletion

    def check(self, obj: Mapping[str, Any]) -> None:
        """Raises click.ClickException where the status knows of deletions and no slice is left: that is no empty list.

        A deletion in the foreground takes the slices first, also where the resource itself is held back.
        """
        total = status_of(obj).get("deletedRecordingsSummary", {}).get("total", 0)
        if self.slices or not total:
            return
        metadata = obj["metadata"]
        raise click.ClickException(
            f"The status counts {total:,} deleted recordings, and the objects that list them are gone: somebody has "
            "deleted them, or this resource is being deleted in the foreground. What is left is in the status: kubectl "
            f"get recst {metadata['name']} -n {metadata['namespace']} -o jsonpath='{{.status.deletedRecordings}}'"
        )

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
