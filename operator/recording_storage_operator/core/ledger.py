"""The ledger of deleted recordings, in slices.

An entry says that a recording's audio is gone and until when its metadata can still be read at Twilio. Entries are
kept in slices, one or more per day of expiry, as gzip JSON Lines: about 37 bytes an entry against the 1.5 MiB one
object may have in etcd. SIDs are random, so 16 bytes an entry is the floor.
"""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from .errors import Wait
from .reasons import Reason

MAX_SLICE_ENTRIES = 4000
"""Keeps a slice under 200 kB once base64-encoded; one rewrite of it costs etcd a few milliseconds."""

SETTLED = "settled"
"""The `day` of slices that list nothing: SIDs whose entry expired while Twilio or S3 still showed the deletion.

Without them an expired entry would be found again by the next sweep and listed for another 40 days.
"""


class Origin(StrEnum):
    """Where the audio was when it was deleted."""

    TWILIO = "Twilio"
    S3 = "S3"


class Precision(StrEnum):
    """Exact: Twilio's event or S3's delete marker told the time. Observed: the sweep that first saw it gone."""

    EXACT = "Exact"
    OBSERVED = "Observed"


class Metadata(StrEnum):
    """Accessible: Twilio still answers for it. Purged: no longer. Missing: it did not when the deletion was found."""

    ACCESSIBLE = "Accessible"
    PURGED = "Purged"
    MISSING = "Missing"


@dataclass(frozen=True, slots=True)
class Entry:
    """One deleted recording. Times are UTC, whole seconds."""

    sid: str
    date_created: datetime | None
    deleted_at: datetime
    precision: Precision
    origin: Origin
    metadata: Metadata

    def expires_at(self, metadata_days: int) -> datetime:
        """The moment Twilio purges the metadata: `metadata_days` after the deletion (Twilio: 40)."""
        return self.deleted_at + timedelta(days=metadata_days)


@dataclass(frozen=True, slots=True)
class Slice:
    """A stored slice. `version` is the API server's resourceVersion, empty for one not stored yet.

    The head fields are readable without unpacking, so counting a million entries costs one listing.
    """

    name: str
    day: str
    metadata_days: int
    count: int
    from_twilio: int
    from_s3: int
    oldest_deletion: datetime
    newest_deletion: datetime
    packed: bytes
    version: str = ""

    @property
    def first_expiry(self) -> datetime:
        """When the first of its entries expires."""
        return self.oldest_deletion + timedelta(days=self.metadata_days)

    @property
    def last_expiry(self) -> datetime:
        """When the last of its entries expires."""
        return self.newest_deletion + timedelta(days=self.metadata_days)

    def entries(self) -> list[Entry]:
        """Unpacked, in the order they were deleted. Raises Wait where somebody has damaged the slice."""
        try:
            found = [read_line(line) for line in gzip.decompress(self.packed).splitlines()]
        except (OSError, EOFError, zlib.error, ValueError, TypeError, OverflowError) as error:
            raise self._damaged() from error
        if len(found) != self.count:
            raise self._damaged()
        return found

    def _damaged(self) -> Wait:
        return Wait(
            Reason.LEDGER_DAMAGED,
            f"DeletedRecordingSlice {self.name} cannot be read: its data is not what the operator wrote. Nothing is "
            "listed or expires until it is restored from a backup, or deleted; what it listed is lost then, but for "
            "what the next sweep still sees.",
        )


def pack(name: str, day: str, metadata_days: int, entries: Iterable[Entry], version: str = "") -> Slice:
    """Make a slice of at least one entry. The same entries always give the same bytes."""
    ordered = sorted(entries, key=lambda entry: (entry.deleted_at, entry.sid))
    lines = "\n".join(map(write_line, ordered))
    from_s3 = sum(entry.origin is Origin.S3 for entry in ordered)
    return Slice(
        name=name,
        day=day,
        metadata_days=metadata_days,
        count=len(ordered),
        from_twilio=len(ordered) - from_s3,
        from_s3=from_s3,
        oldest_deletion=ordered[0].deleted_at,
        newest_deletion=ordered[-1].deleted_at,
        packed=gzip.compress(lines.encode(), compresslevel=9, mtime=0),
        version=version,
    )


def repack(old: Slice, entries: Iterable[Entry]) -> Slice:
    """The same slice with other entries."""
    return pack(old.name, old.day, old.metadata_days, entries, old.version)


def expiry_day(entry: Entry, metadata_days: int) -> str:
    """The day (UTC) an entry expires on: the partition it is kept in."""
    return entry.expires_at(metadata_days).date().isoformat()


def write_line(entry: Entry) -> str:
    """An entry as one line of a slice: short, because a million of them are kept."""
    return json.dumps(
        [
            entry.sid,
            int(entry.date_created.timestamp()) if entry.date_created else None,
            int(entry.deleted_at.timestamp()),
            entry.precision,
            entry.origin,
            entry.metadata,
        ],
        separators=(",", ":"),
    )


def read_line(line: bytes | str) -> Entry:
    """The inverse of `write_line`. Raises ValueError for a line it did not write."""
    sid, created, deleted, precision, origin, metadata = json.loads(line)
    return Entry(
        sid=sid,
        date_created=datetime.fromtimestamp(created, UTC) if created is not None else None,
        deleted_at=datetime.fromtimestamp(deleted, UTC),
        precision=Precision(precision),
        origin=Origin(origin),
        metadata=Metadata(metadata),
    )
