"""What was asked of the simulator, and what a well-behaved client never does."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .clock import DAY
from .dates import iso
from .options import Options

KEPT_REQUESTS = 100_000


@dataclass(slots=True)
class Request:
    """One request. No credential is ever kept, only its kind."""

    number: int
    at: float
    method: str
    path: str
    query: str
    account_sid: str | None
    user_agent: str
    auth: str = "none"
    status: int | None = None
    fault: str | None = None
    in_flight: int = 1

    def describe(self) -> dict[str, Any]:
        """As JSON: `account_sid` is the account in the path, or that of the credentials."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": iso(self.at)}


@dataclass(frozen=True, slots=True)
class Deletion:
    """A recording deleted through the API."""

    at: int
    recording_sid: str
    user_agent: str
    had_audio_here: bool
    downloaded: bool


@dataclass(slots=True)
class Journal:
    """The request log and the invariants."""

    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    deletions: list[Deletion] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    """Paths at which credentials arrived that were meant for another host."""
    peaks: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    total: int = 0
    _in_flight: Counter[str] = field(default_factory=Counter)

    def open(self, request: Request) -> None:
        """Log a request as it comes in; counts it as in flight for its account."""
        self.total += 1
        request.number = self.total
        account = request.account_sid or ""
        self._in_flight[account] += 1
        request.in_flight = self._in_flight[account]
        self.peaks[account] = max(self.peaks[account], request.in_flight)
        self.requests.append(request)

    def close(self, request: Request) -> None:
        """The answer is out."""
        self._in_flight[request.account_sid or ""] -= 1

    def violations(self, options: Options) -> Iterator[dict[str, str]]:
        """Every broken invariant: its name, the recording or path, and who did it."""
        for path in self.leaks:
            yield {"name": "credentials_sent_off_host", "subject": path}
        yield from self._deleted_without_copy()
        yield from self._deleted_twice()
        yield from self._outside_window(options)
        yield from self._too_fast(options)

    def _deleted_without_copy(self) -> Iterator[dict[str, str]]:
        for deletion in self.deletions:
            if deletion.had_audio_here and not deletion.downloaded:
                yield _violation("audio_deleted_without_download", deletion)

    def _deleted_twice(self) -> Iterator[dict[str, str]]:
        seen: set[str] = set()
        for deletion in self.deletions:
            if deletion.recording_sid in seen:
                yield _violation("deleted_twice", deletion)
            seen.add(deletion.recording_sid)

    def _outside_window(self, options: Options) -> Iterator[dict[str, str]]:
        if options.delete_window_utc is None:
            return
        start, end = (_minutes(text) for text in options.delete_window_utc.split("-"))
        for deletion in self.deletions:
            minute = deletion.at % DAY // 60
            inside = start <= minute < end if start <= end else minute >= start or minute < end
            if not inside:
                yield _violation("deleted_outside_window", deletion)

    def _too_fast(self, options: Options) -> Iterator[dict[str, str]]:
        limit = options.deletes_per_minute_max
        if limit is None:
            return
        for index in range(limit, len(self.deletions)):
            if self.deletions[index].at - self.deletions[index - limit].at < 60:
                yield _violation("deleted_too_fast", self.deletions[index])


def _violation(name: str, deletion: Deletion) -> dict[str, str]:
    return {"name": name, "subject": deletion.recording_sid, "user_agent": deletion.user_agent}


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
