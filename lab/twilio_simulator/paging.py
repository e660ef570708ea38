"""Keyset paging over a sequence that ascends by its key."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from .options import Options
from .reply import ApiError

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 50

T = TypeVar("T")


@dataclass(slots=True)
class View:
    """How a fault distorts a listing."""

    repeat_anchor: bool = False
    skip_one: bool = False
    loop: bool = False
    stale_seconds: float = 0.0


@dataclass(slots=True)
class Cursor:
    """A page token: everything `after` the key or `before` it, in listing order."""

    key: Any
    before: bool = False


@dataclass(slots=True)
class Page(Generic[T]):
    """Rows in listing order, and whether there are any on either side."""

    rows: list[T]
    more: bool
    earlier: bool


@dataclass(slots=True)
class Listing(Generic[T]):
    """What is listed: `rows[low:high]`, of these the ones to `keep`."""

    rows: Sequence[T]
    key: Callable[[T], Any]
    keep: Callable[[T], bool]
    low: int
    high: int
    newest_first: bool = True

    def page(self, size: int, cursor: Cursor | None, view: View) -> Page[T]:
        """The rows next to the cursor. Insertions and deletions elsewhere do not shift them."""
        if cursor is not None and cursor.before:
            rows = self._walk(self._indices_before(cursor.key), size + 1)
            return Page(rows[:size][::-1], True, len(rows) > size)
        indices = self._indices(cursor)
        if view.skip_one:
            indices = indices[1:]
        rows = self._walk(indices, size + 1)
        more = len(rows) > size
        if view.repeat_anchor and rows:
            rows.insert(0, self._anchor(cursor) or rows[0])
        return Page(rows[: size + view.repeat_anchor], more, cursor is not None)

    def _indices(self, cursor: Cursor | None) -> range:
        low, high = self.low, self.high
        if cursor is not None and self.newest_first:
            high = min(high, bisect_left(self.rows, cursor.key, key=self.key))
        elif cursor is not None:
            low = max(low, bisect_right(self.rows, cursor.key, key=self.key))
        return range(low, high)[::-1] if self.newest_first else range(low, high)

    def _indices_before(self, key: Any) -> range:
        if self.newest_first:
            return range(max(self.low, bisect_right(self.rows, key, key=self.key)), self.high)
        return range(self.low, min(self.high, bisect_left(self.rows, key, key=self.key)))[::-1]

    def _walk(self, indices: range, wanted: int) -> list[T]:
        found: list[T] = []
        for index in indices:
            if self.keep(self.rows[index]):
                found.append(self.rows[index])
                if len(found) == wanted:
                    break
        return found

    def _anchor(self, cursor: Cursor | None) -> T | None:
        if cursor is None:
            return None
        index = bisect_left(self.rows, cursor.key, key=self.key)
        return self.rows[index] if index < len(self.rows) and self.key(self.rows[index]) == cursor.key else None


def page_size(query: Mapping[str, str], options: Options) -> int:
    """PageSize, 50 where it is absent. Raises ApiError 20007 above 1000."""
    size = _integer(query, "PageSize", DEFAULT_PAGE_SIZE)
    if size < 1:
        raise ApiError(400, 20006, "Page size must be greater than 0")
    if size <= MAX_PAGE_SIZE or options.page_size_over_max == "clamp":
        return min(size, MAX_PAGE_SIZE)
    raise ApiError(400, 20007, f"Page size of {size} exceeds maximum of {MAX_PAGE_SIZE}")


def page_number(query: Mapping[str, str]) -> int:
    """Page, which only echoes what the client counts."""
    return max(0, _integer(query, "Page", 0))


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise ApiError(400, 20001, f"{name} must be a number") from None


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of a page and its neighbours."""

    path: str
    filters: Mapping[str, str]
    size: int
    number: int

    def this(self, token: str | None) -> str:
        """This page's own address."""
        return self._at(self.number, token)

    def first(self) -> str:
        """The first page's address."""
        return self._at(0, None)

    def next(self, token: str) -> str:
        """The following page's address."""
        return self._at(self.number + 1, token)

    def previous(self, token: str) -> str:
        """The preceding page's address."""
        return self._at(max(0, self.number - 1), token)

    def _at(self, number: int, token: str | None) -> str:
        query = {**self.filters, "PageSize": str(self.size), "Page": str(number)}
        if token:
            query["PageToken"] = token
        return f"{self.path}?{urlencode(query)}"


def links_of(path: str, query: Mapping[str, str], size: int) -> Links:
    """Links that keep every filter of the request."""
    filters = {name: value for name, value in query.items() if name not in ("Page", "PageSize", "PageToken")}
    return Links(path, filters, size, page_number(query))
