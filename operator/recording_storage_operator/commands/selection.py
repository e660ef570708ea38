"""Which deletions are listed, and in which order."""

import gzip
import heapq
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from ..core.ledger import SETTLED, Entry, Origin, Slice, read_line


class Deletion(NamedTuple):
    """An entry of the ledger and the moment it leaves it."""

    entry: Entry
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody asked for. `since` belongs to it, `before` no more; no `sids` means all."""

    origin: Origin | None = None
    since: datetime | None = None
    before: datetime | None = None
    sids: frozenset[str] = frozenset()

    def matches(self, entry: Entry) -> bool:
        """Whether an entry is asked for."""
        return (
            (self.origin is None or entry.origin is self.origin)
            and (self.since is None or entry.deleted_at >= self.since)
            and (self.before is None or entry.deleted_at < self.before)
            and (not self.sids or entry.sid in self.sids)
        )

    def may_be_in(self, part: Slice) -> bool:
        """Whether a slice is worth unpacking. Settled ones list nothing."""
        if part.day == SETTLED:
            return False
        too_old = self.since is not None and part.newest_deletion < self.since
        too_new = self.before is not None and part.oldest_deletion >= self.before
        return not (too_old or too_new)


def deletions(slices: Iterable[Slice], selection: Selection, now: Callable[[], datetime]) -> Iterator[Deletion]:
    """The entries asked for, the next to expire first; each is judged at the moment it is taken.

    Slices come by day of expiry. Only those of one day are held, packed, while their entries are merged.
    """
    wanted = (part for part in slices if selection.may_be_in(part))
    for _, day in groupby(wanted, key=lambda part: part.day):
        for deletion in _merged(day):
            if deletion.expires_at > now() and selection.matches(deletion.entry):
                yield deletion


def _merged(parts: Iterable[Slice]) -> Iterator[Deletion]:
    """Without the twins there are while the operator moves entries from one slice to another."""
    last: tuple[datetime, str] | None = None
    for deletion in heapq.merge(*map(_unpacked, parts), key=_place):
        if _place(deletion) != last:
            yield deletion
        last = _place(deletion)


def _place(deletion: Deletion) -> tuple[datetime, str]:
    return deletion.expires_at, deletion.entry.sid


def _unpacked(part: Slice) -> Iterator[Deletion]:
    with gzip.open(io.BytesIO(part.packed)) as lines:
        for line in lines:
            entry = read_line(line)
            yield Deletion(entry, entry.expires_at(part.metadata_days))
