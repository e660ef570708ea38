"""What happens to recordings: they come, move on, are deleted, and their metadata goes."""

import asyncio
from collections import defaultdict
from dataclasses import replace

from .call import Call
from .clock import DAY
from .external_storage import ACCESS_DENIED, Destination
from .feed import TWILIO, Actor, Alert, Event
from .journal import Deletion
from .recordings import METADATA_KEPT, Recording
from .reply import ApiError, not_found
from .world import World

ALERTS_KEPT = 30 * DAY
TOO_SHORT = 16101
CONSOLE_USER = Actor("US" + "0" * 31 + "1", "user", "web", "203.0.113.7")
"""A person in Twilio's Console."""
_UPLOAD_ALERTS = {
    16111: "Voice recording could not be written to external storage: invalid configuration",
    16112: "Voice recording could not be written to external storage: access denied",
}


async def take_in(world: World, account_sid: str, batch: list[Recording]) -> None:
    """New recordings of one account: listed, in the events, and uploaded where External Storage is on."""
    for recording in batch:
        _schedule(world, recording)
    await _finish(world, account_sid, [row for row in batch if row.status == "completed"])
    world.recordings.add(account_sid, batch)
    created = [_event(row, "recording.created", TWILIO, row.created) for row in batch]
    if len(created) == 1:
        world.events.add(created[0])  # keeps a busy account's long feed from being sorted again
    else:
        world.events.add_all(account_sid, created)
    for recording in batch:
        if recording.status == "absent":
            _absent(world, recording)


async def settle(world: World) -> None:
    """Do everything that is due at the current time."""
    now = world.clock.now()
    completed: defaultdict[str, list[Recording]] = defaultdict(list)
    for at, sid in world.recordings.transitions.due(now):
        recording = world.recordings.by_sid.get(sid)
        if recording is not None and _move_on(world, recording, at) == "completed":
            completed[recording.account_sid].append(recording)
    for account_sid, rows in completed.items():
        await _finish(world, account_sid, rows)
    world.recordings.purge(now)
    world.events.prune(now - world.options.event_retention_days * DAY)
    world.alerts.prune(now - ALERTS_KEPT)


async def notice_missing_objects(world: World) -> None:
    """Look through S3 and remember when an external recording's object was first seen gone."""
    now = world.clock.second()
    rows = [row for row in world.recordings.by_sid.values() if row.external and row.status == "completed"]
    for sid, there in (await asyncio.to_thread(world.storage.look, rows)).items():
        recording = world.recordings.by_sid.get(sid)
        if recording is None or recording.status != "completed":
            continue
        if there:
            recording.gone_at = None
            world.recordings.expire(recording, None)
        elif recording.gone_at is None:
            recording.gone_at = now
            if world.options.metadata_after_s3_deletion == "purge_after_40_days":
                world.recordings.expire(recording, now + METADATA_KEPT)


def delete(call: Call, recording: Recording) -> None:
    """An API deletion. Raises ApiError for a recording that cannot be deleted, or was."""
    options = call.world.options
    if recording.status == "deleted" and options.repeat_delete == "404":
        raise not_found(call.path)
    if recording.status not in ("completed", "deleted"):
        status, code = options.delete_not_completed_status, options.delete_not_completed_code
        raise ApiError(status, code, "Recording is not completed and cannot be deleted")
    agent = call.headers.get("User-Agent", "")
    here = recording.external is None
    call.world.journal.deletions.append(Deletion(call.now, recording.sid, agent, here, recording.downloaded))
    if recording.status != "deleted":
        remove(call.world, recording)
        call.world.events.add(_event(recording, "recording.deleted", call.actor, call.now))


def remove(world: World, recording: Recording) -> None:
    """Take the audio away now; the metadata follows 40 days later."""
    now = world.clock.second()
    recording.status = "deleted"
    recording.deleted_at = now
    if world.options.date_updated_on_delete == "move":
        recording.updated = now
    world.recordings.expire(recording, now + METADATA_KEPT)
    if world.options.transcriptions_on_delete == "cascade":
        for sid in [sid for sid, row in world.transcriptions.items() if row.recording_sid == recording.sid]:
            del world.transcriptions[sid]


def bulk_delete(world: World, account_sid: str, rows: list[Recording]) -> None:
    """A deletion of many recordings in the Console's log page."""
    now = world.clock.second()
    for recording in rows:
        remove(world, recording)
    data = {"count": len(rows)}
    world.events.add(Event(now, account_sid, account_sid, 0, "recording.bulk-delete.created", CONSOLE_USER, data))
    if world.options.bulk_delete_events == "one_per_recording":
        world.events.add_all(account_sid, [_event(row, "recording.deleted", CONSOLE_USER, now) for row in rows])


def accessed(call: Call, recording: Recording) -> None:
    """Somebody fetched the audio."""
    call.world.events.add(_event(recording, "recording.accessed", call.actor, call.now))


def _schedule(world: World, recording: Recording) -> None:
    if recording.status == "in-progress":
        world.recordings.transitions.put(recording.created + recording.duration, recording.sid)
    elif recording.status == "processing":
        due = world.clock.second() + int(world.options.processing_seconds)
        world.recordings.transitions.put(due, recording.sid)
    elif recording.status == "deleted":
        recording.deleted_at = world.clock.second()
        world.recordings.expire(recording, recording.deleted_at + METADATA_KEPT)


def _move_on(world: World, recording: Recording, at: int) -> str:
    """The next status of a recording that is being made."""
    recording.updated = at
    if recording.status == "in-progress":
        recording.status = "processing"
        world.recordings.transitions.put(at + int(world.options.processing_seconds), recording.sid)
    elif recording.status == "processing" and recording.duration == 0:
        recording.status = "absent"
        recording.error_code = TOO_SHORT
        _absent(world, recording)
    elif recording.status == "processing":
        recording.status = "completed"
        world.events.add(_event(recording, "recording.updated", TWILIO, at))
    return recording.status


def _absent(world: World, recording: Recording) -> None:
    code = recording.error_code or TOO_SHORT
    recording.error_code = code
    text = "Recording is absent: it has no audio"
    world.alerts.add(Alert(recording.updated, recording.account_sid, recording.sid, 0, code, text, "warning"))


async def _finish(world: World, account_sid: str, rows: list[Recording]) -> None:
    """Where External Storage is on, put completed recordings there. A failed upload leaves them completed."""
    destination = world.storage.enabled.get(account_sid)
    if destination is None or not rows:
        return
    for recording in rows:
        recording.external = destination.object_for(recording, world.options.external_url_style)
    failed = await _upload(world, destination, rows)
    for recording in rows:
        code = failed.get(recording.sid)
        if code is not None and recording.external is not None:
            recording.external = replace(recording.external, endpoint_url=None)
            named = {"recording": recording.sid, "call": recording.call_sid}.get(world.options.upload_alert_names)
            world.alerts.add(Alert(world.clock.second(), account_sid, named, 0, code, _UPLOAD_ALERTS[code]))


async def _upload(world: World, destination: Destination, rows: list[Recording]) -> dict[str, int]:
    if world.options.external_upload != "ok":
        return {recording.sid: int(world.options.external_upload) for recording in rows}
    if _lacks_credential(world, destination):
        return {recording.sid: ACCESS_DENIED for recording in rows}
    if destination.endpoint_url is None:
        return {}
    return await asyncio.to_thread(world.storage.upload, destination, rows)


def _lacks_credential(world: World, destination: Destination) -> bool:
    """Whether the credential chosen in the Console was deleted since, and uploads need it."""
    sid = destination.credential_sid
    gone = sid is not None and sid not in world.aws_credentials
    return gone and world.options.credential_removed_in_use == "uploads_fail"


def _event(recording: Recording, kind: str, actor: Actor, at: int) -> Event:
    return Event(at, recording.account_sid, recording.sid, 0, kind, actor)
