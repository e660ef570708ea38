"""Queries of lists, and page tokens: the query string of the next page, and nothing else.

Scheme, host and path of every request are the operator's own, so no answer and no stored token can send credentials
to another place. What Twilio sent is still checked, because a page that leads elsewhere is not to be trusted.
"""

import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ..core.recordings import PAGE_SIZE
from .answers import Asked, unusable

_TWILIO = re.compile(r"https://([a-z0-9-]+\.)*twilio\.com(:443)?")


def next_relative(uri: str | None, path: str, current: str, asked: Asked) -> str | None:
    """The token in a `next_page_uri` of the v2010 API: relative, with the path of the list itself."""
    if uri is None:
        return None
    parts = _split(uri, asked)
    if parts.scheme or parts.netloc or parts.path.removesuffix(".json") != path.removesuffix(".json"):
        raise unusable(asked, "a next page at another address")
    return _onward(parts.query, current, asked)


def next_absolute(url: str | None, listing: str, current: str, asked: Asked) -> str | None:
    """The token in a `meta.next_page_url` of Monitor: absolute, at `listing`'s own origin or another of Twilio's.

    Twilio's own, because no page says whether a regional host names itself there.
    """
    if url is None:
        return None
    parts, own = _split(url, asked), urlsplit(listing)
    origin = f"{parts.scheme}://{parts.netloc}"
    known = origin == f"{own.scheme}://{own.netloc}" or _TWILIO.fullmatch(origin)
    if not known or not parts.path or not own.path.endswith(parts.path):
        raise unusable(asked, "a next page at another address")
    return _onward(parts.query, current, asked)


def first_query(start: datetime, end: datetime | None = None, **filters: str) -> str:
    """Monitor takes times in UTC, whole seconds, and at most one filter beside them. Both ends are inside."""
    until = {"EndDate": _written(end)} if end else {}
    return urlencode({"StartDate": _written(start), **until, **filters, "PageSize": PAGE_SIZE})


def with_parameter(query: str, name: str, value: str) -> str:
    """The query with this parameter, whatever it said of it."""
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != name]
    return urlencode([*kept, (name, value)])


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _split(address: str, asked: Asked) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:
        raise unusable(asked, "a next page at no valid address") from error


def _onward(query: str, current: str, asked: Asked) -> str:
    """The next page's query, which must not be the current one's: that would be read for ever."""
    if not query or _place(query) == _place(current):
        raise unusable(asked, "a page that names itself as the next one")
    return query


def _place(query: str) -> list[tuple[str, str]]:
    """A query without its order, and without what one page may be asked for with or without."""
    optional = {("Page", "0"), ("IncludeSoftDeleted", "true")}
    return sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair not in optional)
