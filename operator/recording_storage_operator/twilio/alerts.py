"""How the list of alerts is read although it ends at 10,000: once as a whole, and if that is full, day by day.

Where a reading stands is told by its page token alone: the window, and what of it was read. A window is left for the
next one after MAX_PAGES at the latest, and each begins a day after the one before, so every reading ends.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from ..core.errors import Transient, Wait
from ..core.reasons import Reason
from .answers import Asked
from .pages import first_query

LISTED = 10_000
"""Alerts that Twilio lists at most (its API reference of this resource); older ones are left out without a word."""

KEPT = timedelta(days=30)
"""For so long Twilio keeps alerts."""

MAX_PAGES = 100
"""Pages of one window, so that one whose pages lead in a circle ends. Ten hold all that Twilio lists."""

_DAY = timedelta(days=1)


class Window(msgspec.Struct, frozen=True, array_like=True):
    """The alerts from `start` to `end`, None for up to now: the page that `query` asks for, and what was read before.

    `is_day` tells the windows of a day from the first one.
    """

    start: datetime
    end: datetime | None = None
    is_day: bool = False
    query: str = ""
    pages: int = 0
    rows: int = 0

    @property
    def asked_for(self) -> str:
        """The query of the request."""
        return self.query or first_query(self.start, self.end)

    def after(self, rows: int, query: str | None) -> "Window":
        """The same once a page of so many rows was read, with the next page's query."""
        return msgspec.structs.replace(self, query=query or "", pages=self.pages + 1, rows=self.rows + rows)


def window_of(since: datetime, page: str | None) -> Window:
    """The window that a token stands in; without one, all since then."""
    return msgspec.json.decode(page, type=Window) if page else Window(since.astimezone(UTC))


def following(window: Window, since: datetime, now: datetime, asked: Asked) -> str | None:
    """The token of what is to be read after a page; None at the end. `now` is Twilio's time.

    Raises Wait for a day with more alerts than are listed, Transient for a window that does not end.
    """
    if window.rows >= LISTED:
        if window.is_day:
            raise _too_many(asked)
        return _token(_day_from(since.astimezone(UTC), since, now))
    if window.query:
        if window.pages >= MAX_PAGES:
            raise _endless(asked)
        return _token(window)
    return _token(_day_from(window.end, since, now)) if window.end else None


def _day_from(start: datetime, since: datetime, now: datetime) -> Window:
    """The last day has no end: what is raised while the list is read belongs to it."""
    end = start + _DAY
    return Window(start, end if end < min(now, since + KEPT) else None, is_day=True)


def _token(window: Window) -> str:
    return msgspec.json.encode(window).decode()


def _too_many(asked: Asked) -> Wait:
    return Wait(
        Reason.TWILIO_ANSWER_UNUSABLE,
        f"Account {asked.account_sid} has {LISTED} alerts or more in one day, and Twilio lists no more: which uploads "
        "failed cannot be told. The Debugger in Twilio's Console shows what raises them.",
    )


def _endless(asked: Asked) -> Transient:
    return Transient(
        Reason.LISTING_INCONSISTENT,
        f"Twilio's list of Monitor alerts of {asked.account_sid} does not end: {MAX_PAGES} pages of it held fewer than "
        f"{LISTED}. Nothing was recorded as deleted; it is read again.",
    )
