"""Monitor's two feeds: events (who did what) and alerts (what failed)."""

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from .sids import digest


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, and through what."""

    sid: str | None
    type: str
    source: str
    ip: str | None = None


TWILIO = Actor(None, "twilio-admin", "twilio")


@dataclass(slots=True, eq=False)
class Entry:
    """Something with a date in a feed; `number` orders those of one second."""

    at: int
    account_sid: str
    resource_sid: str | None
    number: int = 0


@dataclass(slots=True, eq=False)
class Event(Entry):
    """A Monitor event."""

    type: str = ""
    actor: Actor = TWILIO
    data: dict[str, Any] | None = None

    @property
    def sid(self) -> str:
        """Made when asked for: most events are never read."""
        return "AE" + digest(f"event:{self.number}")


@dataclass(slots=True, eq=False)
class Alert(Entry):
    """A debugger alert."""

    error_code: int = 0
    text: str = ""
    level: str = "error"

    @property
    def sid(self) -> str:
        """Made when asked for."""
        return "NO" + digest(f"alert:{self.number}")


Position = tuple[int, int]


def position_of(entry: Entry) -> Position:
    """The sort key of a feed."""
    return entry.at, entry.number


E_ = TypeVar("E_", bound=Entry)


@dataclass(slots=True)
class Feed(Generic[E_]):
    """Entries of all accounts, oldest first."""

    _of: defaultdict[str, list[E_]] = field(default_factory=lambda: defaultdict(list))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, entry: E_) -> None:
        """Take in one entry, of any age."""
        entry.number = next(self._numbers)
        insort(self._of[entry.account_sid], entry, key=position_of)

    def add_all(self, account_sid: str, entries: list[E_]) -> None:
        """Take in the entries of one account, of any age."""
        for entry in entries:
            entry.number = next(self._numbers)
        rows = self._of[account_sid]
        rows.extend(entries)
        rows.sort(key=position_of)

    def of(self, account_sid: str) -> list[E_]:
        """The account's entries, oldest first. To read only."""
        return self._of[account_sid]

    def prune(self, before: float) -> None:
        """Drop what is older than the retention."""
        for rows in self._of.values():
            del rows[: bisect_left(rows, before, key=lambda entry: entry.at)]
