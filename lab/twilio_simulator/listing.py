"""v2010's list envelope and its page tokens."""

from collections.abc import Mapping
from typing import Any

from .call import Call
from .paging import Cursor, Links, Page, links_of, page_size
from .reply import ApiError, Reply, as_resource


def token_cursor(call: Call, keys: Mapping[str, Any]) -> Cursor | None:
    """The cursor of a PageToken: PA after, PB before the SID that it names. Raises ApiError 21481."""
    token = call.query.get("PageToken")
    if not token:
        return None
    key = keys.get(token[2:])
    if token[:2] not in ("PA", "PB") or key is None:
        raise ApiError(400, 21481, "Invalid PageToken")
    return Cursor(key, before=token[:2] == "PB")


def list_reply(call: Call, name: str, content: list[dict[str, Any]], page: Page[Any], sids: list[str]) -> Reply:
    """v2010's list envelope."""
    links = links_of(call.path, call.query, page_size(call.query, call.world.options))
    token = call.query.get("PageToken")
    start = links.number * links.size
    payload = {
        "page": links.number,
        "page_size": links.size,
        "start": start,
        "end": start + len(content) - 1 if content else start,
        "uri": links.this(token),
        "first_page_uri": links.first(),
        "next_page_uri": _next(call, links, page, sids),
        "previous_page_uri": links.previous(f"PB{sids[0]}") if page.earlier and sids else None,
        name: content,
    }
    return as_resource(payload, call.path, "Page")


def _next(call: Call, links: Links, page: Page[Any], sids: list[str]) -> str | None:
    if call.view.loop:
        return links.this(call.query.get("PageToken"))
    return links.next(f"PA{sids[-1]}") if page.more else None
