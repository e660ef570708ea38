"""Changes to the slices of one resource. Every method may be repeated after a crash at any point and ends the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ..core.ledger import MAX_SLICE_ENTRIES, SETTLED, Entry, Slice, expiry_day, pack, repack
from .ports import LedgerStore


class LedgerBook:
    """The slices as last read or written. What is new is always written before what it replaces is taken out."""

    def __init__(self, store: LedgerStore, name_prefix: str, metadata_days: int) -> None:
        self._store = store
        self._name_prefix = name_prefix
        self._metadata_days = metadata_days
        self._slices: dict[str, Slice] = {part.name: part for part in store.slices()}

    @property
    def slices(self) -> tuple[Slice, ...]:
        """All of them, in order of day and name."""
        return tuple(sorted(self._slices.values(), key=lambda part: (part.day, part.name)))

    def record(self, day: str, entries: Iterable[Entry]) -> None:
        """Put entries under a day, in place of older versions of them there."""
        missing = {entry.sid: entry for entry in entries}
        roomy = []
        for part in self._of_day(day):
            held = {entry.sid: entry for entry in part.entries()}
            self._replace(part, held, held | {sid: missing.pop(sid) for sid in held.keys() & missing.keys()})
            if len(held) < MAX_SLICE_ENTRIES:
                roomy.append(part.name)
        # Only now: what is new to one slice may be held by a later one of the same day.
        for name in roomy:
            held = {entry.sid: entry for entry in self._slices[name].entries()}
            fitting = [missing.pop(sid) for sid in list(missing)[: MAX_SLICE_ENTRIES - len(held)]]
            self._replace(self._slices[name], held, held | {entry.sid: entry for entry in fitting})
        rest = list(missing.values())
        for start in range(0, len(rest), MAX_SLICE_ENTRIES):
            self._create(day, rest[start : start + MAX_SLICE_ENTRIES])

    def withdraw(self, day: str, sids: set[str]) -> None:
        """Take SIDs out of a day's slices."""
        for part in self._of_day(day):
            held = {entry.sid: entry for entry in part.entries()}
            self._replace(part, held, {sid: entry for sid, entry in held.items() if sid not in sids})

    def expire(self, name: str, now: datetime) -> None:
        """Take out what has expired by now, and remember it as settled until nothing shows it any more."""
        part = self._slices.get(name)
        if part is None:
            return
        held = {entry.sid: entry for entry in part.entries()}
        kept = {sid: entry for sid, entry in held.items() if entry.expires_at(part.metadata_days) > now}
        self.record(SETTLED, (entry for sid, entry in held.items() if sid not in kept))
        self._replace(part, held, kept)

    def reschedule(self, name: str) -> None:
        """Move a slice's entries to the days they expire on under the number of days now wanted."""
        old = self._slices[name]
        by_day: dict[str, list[Entry]] = {}
        for entry in old.entries():
            by_day.setdefault(expiry_day(entry, self._metadata_days), []).append(entry)
        for day, entries in by_day.items():
            self.record(day, entries)
        self._store.delete(old)
        del self._slices[name]

    def _of_day(self, day: str) -> list[Slice]:
        return [p for p in self.slices if p.day == day and (day == SETTLED or p.metadata_days == self._metadata_days)]

    def _replace(self, part: Slice, held: Mapping[str, Entry], wanted: Mapping[str, Entry]) -> None:
        if wanted == held:
            return
        if wanted:
            self._slices[part.name] = self._store.write(repack(part, wanted.values()))
        else:
            self._store.delete(part)
            del self._slices[part.name]

    def _create(self, day: str, entries: list[Entry]) -> None:
        part = pack(self._free_name(day), day, self._metadata_days, entries)
        self._slices[part.name] = self._store.write(part)

    def _free_name(self, day: str) -> str:
        """The first name that is not taken, so that a repeated creation meets what the first one made."""
        number = 0
        while (name := f"{self._name_prefix}-{day}-{number}") in self._slices:
            number += 1
        return name
