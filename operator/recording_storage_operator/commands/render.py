"""Deleted recordings as lines: text for people, CSV and JSON Lines for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ..core.ledger import Entry, Precision
from ..core.status import as_listed
from .selection import Deletion
from .times import clock, length

FIELDS = ("sid", "dateCreated", "deletedAt", "deletedAtPrecision", "origin", "metadata", "expiresAt")
"""The names in `status.deletedRecordings`, in its order."""

WIDE = 120
"""Columns of the text with times to the second; on less of a terminal there are dates, in 80 columns."""

HEAD = (
    f"{'SID':<34}  {'CREATED (UTC)':<20} {'DELETED (UTC)':<20} "
    f"{'ORIGIN':<6} {'METADATA':<10} {'EXPIRES (UTC)':<19} LEFT"
)
NARROW_HEAD = f"{'SID':<34} {'CREATED':<10} {'DELETED':<10} ORIGIN METADATA EXPIRES"

Now = Callable[[], datetime]


def text(found: Iterable[Deletion], now: Now, width: int) -> Iterator[str]:
    """A table with a head, nothing at all without entries. `~` before a time: it was gone by then (Observed)."""
    head, row = (HEAD, _wide) if width >= WIDE else (NARROW_HEAD, _narrow)
    for number, deletion in enumerate(found):
        if number == 0:
            yield f"{head}\n"
        yield f"{row(deletion, now())}\n"


def csv_lines(found: Iterable[Deletion]) -> Iterator[str]:
    """A head, and a row for each."""
    yield _csv(FIELDS)
    for deletion in found:
        fields = as_fields(deletion)
        yield _csv(fields.get(name, "") for name in FIELDS)


def json_lines(found: Iterable[Deletion]) -> Iterator[str]:
    """An object for each, on a line of its own."""
    for deletion in found:
        yield f"{json.dumps(as_fields(deletion))}\n"


def as_fields(deletion: Deletion) -> dict[str, str]:
    """A deletion as `status.deletedRecordings` has it."""
    return as_listed(deletion.entry, deletion.expires_at)


def _csv(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _wide(deletion: Deletion, now: datetime) -> str:
    entry, expires_at = deletion
    created = clock(entry.date_created) if entry.date_created else "-"
    return (
        f"{entry.sid:<34}  {created:<19} {_mark(entry)}{clock(entry.deleted_at)}  {entry.origin:<6} "
        f"{entry.metadata:<10} {clock(expires_at)} {length(expires_at - now):>4}"
    )


def _narrow(deletion: Deletion, now: datetime) -> str:
    entry, expires_at = deletion
    created = str(entry.date_created.date()) if entry.date_created else "-"
    return (
        f"{entry.sid:<34} {created:<10}{_mark(entry)}{entry.deleted_at.date()} {entry.origin:<6} "
        f"{entry.metadata:<10} {length(expires_at - now):>5}"
    )


def _mark(entry: Entry) -> str:
    return "~" if entry.precision is Precision.OBSERVED else " "
