"""Monitor: Events and Alerts of the credentials' own account."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from . import render
from .accounts import Account
from .call import Call, own_account
from .dates import parse_iso
from .feed import E_, Alert, Event, position_of
from .paging import Listing, Page, page_size
from .product_pages import cursor_of, envelope
from .reply import ApiError, Reply, as_json, not_found
from .sids import digest

EVENT_FILTERS = ("EventType", "ResourceSid", "ActorSid", "SourceIpAddress")


async def list_events(call: Call) -> Reply:
    """Events by date and at most one other filter."""
    account = _served(call)
    given = [name for name in EVENT_FILTERS if call.query.get(name)]
    if len(given) > 1:
        raise ApiError(400, 20001, f"Only one of {', '.join(EVENT_FILTERS)} may be given")
    newest_first = call.world.options.event_order == "newest_first"
    page = _page(call, call.world.events.of(account.sid), _keep_event(call), newest_first)
    return envelope(call, "events", page, position_of, render.event)


async def fetch_event(call: Call) -> Reply:
    """One event."""
    keep = _visible_event(call)
    rows = call.world.events.of(own_account(call).sid)
    found = next((row for row in rows if row.sid == call.match["sid"] and keep(row)), None)
    if found is None:
        raise not_found(call.path)
    return as_json(render.event(found, call.origin))


async def list_alerts(call: Call) -> Reply:
    """Alerts, newest first."""
    account = _served(call)
    level = call.query.get("LogLevel")
    most = call.world.options.alerts_listed_max
    page = _page(call, call.world.alerts.of(account.sid), lambda row: level in (None, row.level), True, most)
    return envelope(call, "alerts", page, position_of, render.alert)


async def fetch_alert(call: Call) -> Reply:
    """One alert."""
    rows = call.world.alerts.of(own_account(call).sid)
    found = next((row for row in rows if row.sid == call.match["sid"]), None)
    if found is None:
        raise not_found(call.path)
    return as_json(render.alert_in_full(found, call.origin))


def _served(call: Call) -> Account:
    """The credentials' own account, where there is Monitor."""
    account = own_account(call)
    if call.world.options.monitor == "missing":
        raise not_found(call.path)
    return account


def _keep_event(call: Call) -> Callable[[Event], bool]:
    visible = _visible_event(call)
    wanted = {name: call.query.get(name) for name in EVENT_FILTERS}

    def keep(row: Event) -> bool:
        return (
            wanted["EventType"] in (None, row.type)
            and wanted["ResourceSid"] in (None, row.resource_sid)
            and wanted["ActorSid"] in (None, row.actor.sid)
            and wanted["SourceIpAddress"] in (None, row.actor.ip)
            and visible(row)
        )

    return keep


def _visible_event(call: Call) -> Callable[[Event], bool]:
    """Events come late by the lag, and some never: which ones depends on the event alone."""
    options = call.world.options
    shown_until = call.world.clock.now() - options.event_lag_seconds

    def visible(row: Event) -> bool:
        lost = options.event_loss and int(digest(f"loss:{row.number}")[:8], 16) < options.event_loss * 2**32
        return row.at <= shown_until and not lost

    return visible


def _page(
    call: Call, rows: list[E_], keep: Callable[[E_], bool], newest_first: bool, most: int | None = None
) -> Page[E_]:
    low = bisect_left(rows, _date(call.query, "StartDate", 0.0), key=_at)
    high = bisect_right(rows, _date(call.query, "EndDate", float("inf")), key=_at)
    low = max(low, high - most) if most else low
    listing = Listing(rows, position_of, keep, low, high, newest_first)
    return listing.page(page_size(call.query, call.world.options), cursor_of(call.query), call.view)


def _at(row: Event | Alert | Any) -> float:
    return float(row.at)


def _date(query: Mapping[str, str], name: str, default: float) -> float:
    text = query.get(name)
    if not text:
        return default
    try:
        return parse_iso(text)
    except ValueError:
        raise ApiError(400, 20001, f"{name} is not a date") from None
