"""The recordings of all accounts, in listing order, with the due times of what happens to them by itself."""

import heapq
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from .clock import DAY

METADATA_KEPT = 40 * DAY
"""Metadata of a deleted recording is gone exactly this many seconds after the deletion."""


@dataclass(frozen=True, slots=True)
class ExternalObject:
    """Where an external recording is said to be. Without an endpoint nothing was really uploaded."""

    endpoint_url: str | None
    bucket: str
    key: str
    url: str


@dataclass(slots=True, eq=False)
class Recording:
    """What is known of a recording. Times are whole virtual seconds since the epoch."""

    sid: str
    account_sid: str
    created: int
    updated: int
    status: str = "completed"
    duration: int = 10
    channels: int = 1
    source: str = "OutboundAPI"
    call_sid: str = ""
    conference_sid: str | None = None
    track: str = "both"
    error_code: int | None = None
    encrypted: bool = False
    external: ExternalObject | None = None
    deleted_at: int | None = None
    gone_at: int | None = None
    """When the external object was first seen missing."""
    expires_at: int | None = None
    downloaded: bool = False


Key = tuple[int, str]


def key_of(recording: Recording) -> Key:
    """The sort key: creation, then SID, so that two of one second have an order too."""
    return recording.created, recording.sid


@dataclass(slots=True)
class Schedule:
    """Moments at which something falls due."""

    _heap: list[tuple[int, str]] = field(default_factory=list)

    def put(self, at: int, sid: str) -> None:
        """Remember a moment."""
        heapq.heappush(self._heap, (at, sid))

    def due(self, now: float) -> Iterator[tuple[int, str]]:
        """Take out what is due, earliest first; what is put in meanwhile counts as well."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)


@dataclass(slots=True)
class Recordings:
    """Per account a list that ascends by `key_of`. Purged recordings leave their key, so page tokens survive them."""

    by_sid: dict[str, Recording] = field(default_factory=dict)
    purged: dict[str, Key] = field(default_factory=dict)
    transitions: Schedule = field(default_factory=Schedule)
    """When a recording's status moves on."""
    _of: defaultdict[str, list[Recording]] = field(default_factory=lambda: defaultdict(list))
    _expiries: Schedule = field(default_factory=Schedule)

    def add(self, account_sid: str, batch: list[Recording]) -> None:
        """Take in new recordings of one account, of any age."""
        rows = self._of[account_sid]
        self.by_sid.update((recording.sid, recording) for recording in batch)
        if len(batch) == 1:
            insort(rows, batch[0], key=key_of)
            return
        rows.extend(sorted(batch, key=key_of))
        rows.sort(key=key_of)

    def of(self, account_sid: str) -> list[Recording]:
        """The account's recordings, oldest first. To read only."""
        return self._of[account_sid]

    def expire(self, recording: Recording, at: int | None) -> None:
        """Set when the metadata goes; None keeps it."""
        recording.expires_at = at
        if at is not None:
            self._expiries.put(at, recording.sid)

    def purge(self, now: float) -> None:
        """Forget every recording whose time has come: present a second before, gone at the very instant."""
        touched: set[str] = set()
        for at, sid in self._expiries.due(now):
            recording = self.by_sid.get(sid)
            if recording is None or recording.expires_at != at:
                continue
            del self.by_sid[sid]
            self.purged[sid] = key_of(recording)
            touched.add(recording.account_sid)
        for account_sid in touched:
            self._of[account_sid] = [row for row in self._of[account_sid] if row.sid in self.by_sid]
