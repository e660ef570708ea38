"""v2010 below calls, conferences and recordings: nested recordings and transcriptions."""

from collections.abc import Callable
from typing import Any

from . import render
from .call import Call, active_account
from .feed import Event
from .listing import list_reply, token_cursor
from .paging import Listing, page_size
from .recordings import Recording, key_of
from .reply import Reply, as_resource, not_found
from .transcriptions import Transcription


async def list_of_call(call: Call) -> Reply:
    """A call's recordings. There is no way to see the deleted ones here."""
    return _list(call, f"Calls/{call.match['parent']}", lambda row: row.call_sid == call.match["parent"])


async def list_of_conference(call: Call) -> Reply:
    """A conference's recordings. There is no way to see the deleted ones here."""
    return _list(call, f"Conferences/{call.match['parent']}", lambda row: row.conference_sid == call.match["parent"])


def _list(call: Call, parent: str, belongs: Callable[[Recording], bool]) -> Reply:
    rows = call.world.recordings.of(active_account(call).sid)
    listing = Listing(rows, key_of, lambda row: row.status != "deleted" and belongs(row), 0, len(rows))
    live = {row.sid: key_of(row) for row in rows}
    page = listing.page(page_size(call.query, call.world.options), token_cursor(call, live), call.view)
    content = [render.nested_recording(row, call.world.options, parent) for row in page.rows]
    return list_reply(call, "recordings", content, page, [row.sid for row in page.rows])


async def list_transcriptions(call: Call) -> Reply:
    """Transcriptions of one recording, or of the whole account."""
    account_sid, recording_sid = active_account(call).sid, call.match.get("parent")
    found = [
        row
        for row in call.world.transcriptions.values()
        if row.account_sid == account_sid and recording_sid in (None, row.recording_sid)
    ]
    rows = sorted(found, key=_key)
    listing = Listing(rows, _key, lambda _: True, 0, len(rows))
    cursor = token_cursor(call, {row.sid: _key(row) for row in rows})
    page = listing.page(page_size(call.query, call.world.options), cursor, call.view)
    content = [render.transcription(row) for row in page.rows]
    return list_reply(call, "transcriptions", content, page, [row.sid for row in page.rows])


async def fetch_transcription(call: Call) -> Reply:
    """One transcription."""
    row = _find(call)
    call.world.events.add(_event(call, row, "transcription.accessed"))
    return as_resource(render.transcription(row), call.path, "Transcription")


async def delete_transcription(call: Call) -> Reply:
    """204 with no body."""
    row = _find(call)
    del call.world.transcriptions[row.sid]
    call.world.events.add(_event(call, row, "transcription.deleted"))
    return Reply(204)


async def list_add_on_results(call: Call) -> Reply:
    """No add-ons are simulated: always empty."""
    active_account(call)
    nothing: list[dict[str, Any]] = []
    page = Listing(nothing, key=len, keep=bool, low=0, high=0).page(1, None, call.view)
    return list_reply(call, "add_on_results", nothing, page, [])


def _key(row: Transcription) -> tuple[int, str]:
    return row.created, row.sid


def _find(call: Call) -> Transcription:
    account_sid = active_account(call).sid
    row = call.world.transcriptions.get(call.match["sid"])
    parent = call.match.get("parent")
    if row is None or row.account_sid != account_sid or parent not in (None, row.recording_sid):
        raise not_found(call.path)
    return row


def _event(call: Call, row: Transcription, kind: str) -> Event:
    return Event(call.now, row.account_sid, row.sid, 0, kind, call.actor)
