"""Pages of product APIs such as Monitor: absolute addresses in `meta`, and tokens that name a place in the list."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .call import Call
from .paging import Cursor, Page, links_of, page_size
from .reply import ApiError, Reply, as_json

Position = tuple[int, int]
"""When, in seconds since the epoch, and a number that orders those of one second."""

T = TypeVar("T")

_TOKEN = re.compile(r"P([AB])([0-9a-f]+)-([0-9a-f]+)")


def cursor_of(query: Mapping[str, str]) -> Cursor | None:
    """The place that a request's PageToken names. Raises ApiError 21481 for a token that is none."""
    token = query.get("PageToken")
    if not token:
        return None
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ApiError(400, 21481, "Invalid PageToken")
    return Cursor((int(match[2], 16), int(match[3], 16)), before=match[1] == "B")


def envelope(
    call: Call, name: str, page: Page[T], position: Callable[[T], Position], shape: Callable[[T, str], dict[str, Any]]
) -> Reply:
    """The rows under `name`, each in its `shape`, and the addresses of the neighbouring pages."""
    size = page_size(call.query, call.world.options)
    links = links_of(f"{call.origin}{call.path}", call.query, size)
    token = call.query.get("PageToken")
    following = links.next(_token("A", position(page.rows[-1]))) if page.more else None
    before = _token("B", position(page.rows[0])) if page.earlier and page.rows else None
    meta = {
        "page": links.number,
        "page_size": size,
        "first_page_url": links.first(),
        "previous_page_url": links.previous(before) if before else None,
        "url": links.this(token),
        "next_page_url": links.this(token) if call.view.loop else following,
        "key": name,
    }
    return as_json({name: [shape(row, call.origin) for row in page.rows], "meta": meta})


def _token(kind: str, position: Position) -> str:
    return f"P{kind}{position[0]:x}-{position[1]:x}"
