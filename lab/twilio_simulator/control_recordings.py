"""The control plane's part about recordings: calls that were recorded, and deletions by hand in the Console."""

from aiohttp import web

from . import lifecycle, render
from .control import Answer, Refused
from .control_accounts import named_account
from .control_bodies import BulkDelete, NewRecordings, NewTranscription
from .dates import parse_iso, rfc2822
from .feed import TWILIO, Event
from .recordings import Recording
from .transcriptions import Transcription
from .world import World

SHOWN_IN_FULL = 1000
"""Above this many new recordings the answer has only their SIDs and dates."""


async def create(world: World, request: web.Request) -> Answer:
    """`{recordings}`: as the API shows them, up to 1000; SIDs and creation dates alone above."""
    body = NewRecordings.parse(await request.read())
    account = named_account(world, body.account_sid)
    start = world.clock.second() if body.date_created is None else int(parse_iso(body.date_created))
    batch = [_recording(world, account.sid, body, start + n * body.spacing_seconds) for n in range(body.count)]
    await lifecycle.take_in(world, account.sid, batch)
    if body.count > SHOWN_IN_FULL:
        return {"recordings": [{"sid": row.sid, "date_created": rfc2822(row.created)} for row in batch]}
    origin = f"{request.scheme}://{request.host}"
    return {"recordings": [render.recording(row, world.options, origin) for row in batch]}


def _recording(world: World, account_sid: str, body: NewRecordings, created: int) -> Recording:
    sid = world.sids.make("RE")
    return Recording(
        sid,
        account_sid,
        created,
        created,
        status=body.status,
        duration=body.duration,
        channels=body.channels,
        source=body.source,
        call_sid=body.call_sid or "CA" + sid[:1:-1],
        conference_sid=body.conference_sid,
        error_code=body.error_code,
        encrypted=body.encrypted,
    )


async def bulk_delete(world: World, request: web.Request) -> Answer:
    """The Console's bulk delete. Only completed recordings can be deleted. `{deleted}` has their SIDs."""
    body = BulkDelete.parse(await request.read())
    account = named_account(world, body.account_sid)
    wanted = None if body.sids is None else set(body.sids)
    rows = [
        row
        for row in world.recordings.of(account.sid)
        if row.status == "completed" and (wanted is None or row.sid in wanted)
    ]
    lifecycle.bulk_delete(world, account.sid, rows)
    return {"deleted": [row.sid for row in rows]}


async def transcribe(world: World, request: web.Request) -> Answer:
    """A finished transcription of a recording."""
    body = NewTranscription.parse(await request.read())
    recording = world.recordings.by_sid.get(body.recording_sid)
    if recording is None:
        raise Refused(f"there is no recording {body.recording_sid}", 404)
    now, sid = world.clock.second(), world.sids.make("TR")
    row = Transcription(sid, recording.account_sid, recording.sid, now, recording.duration, body.text)
    world.transcriptions[sid] = row
    world.events.add(Event(now, recording.account_sid, sid, 0, "transcription.created", TWILIO))
    return render.transcription(row)
