"""v2010 Recordings: list, fetch, delete, and the audio itself."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from . import lifecycle, render
from .call import Call, active_account
from .clock import DAY
from .dates import parse_iso
from .listing import list_reply, token_cursor
from .media import Audio, mp3, wav
from .options import Options
from .paging import Listing, page_size
from .recordings import Key, Recording, Recordings, key_of
from .reply import XML, ApiError, Reply, as_resource, not_found
from .world import World

_RESOURCE = frozenset({".json", ".xml"})


async def list_all(call: Call) -> Reply:
    """The account's recordings, newest first, deleted ones only where they are asked for."""
    account = active_account(call)
    rows = call.world.recordings.of(account.sid)
    low, high = _bounds(rows, call.query, call.world.options)
    size = page_size(call.query, call.world.options)
    cursor = token_cursor(call, _Keys(call.world))
    listing = Listing(rows, key_of, _keep(call), low, high)
    page = listing.page(size, cursor, call.view)
    content = [
        render.recording(row, call.world.options, call.origin, "completed" if _stale(call, row) else None)
        for row in page.rows
    ]
    return list_reply(call, "recordings", content, page, [row.sid for row in page.rows])


async def fetch(call: Call) -> Reply:
    """The metadata with .json or .xml; anything else is the audio."""
    account = active_account(call)
    recording = _visible(call, account.sid)
    if call.match["ext"] in _RESOURCE:
        return as_resource(render.recording(recording, call.world.options, call.origin), call.path, "Recording")
    return _media(call, recording)


async def delete(call: Call) -> Reply:
    """204 with no body. Deleting is final for the audio and starts the 40 days of the metadata."""
    account = active_account(call)
    lifecycle.delete(call, _own(call, account.sid))
    return Reply(204)


def redirected_audio(call: Call) -> Reply:
    """The other host that media may be redirected to. No credentials belong here."""
    recording = call.world.recordings.by_sid.get(call.match["sid"])
    if recording is None or recording.status != "completed":
        raise not_found(call.path)
    return _audio_reply(call, recording, _audio(call, recording))


def _own(call: Call, account_sid: str) -> Recording:
    recording = call.world.recordings.by_sid.get(call.match["sid"])
    if recording is None or recording.account_sid != account_sid:
        raise not_found(call.path)
    return recording


def _visible(call: Call, account_sid: str) -> Recording:
    recording = _own(call, account_sid)
    if recording.status == "deleted" and not _soft_deleted(call.query):
        raise not_found(call.path)
    return recording


def _soft_deleted(query: Mapping[str, str]) -> bool:
    return query.get("IncludeSoftDeleted", "").lower() == "true"


def _keep(call: Call) -> Callable[[Recording], bool]:
    soft_deleted = _soft_deleted(call.query)
    call_sid, conference_sid = call.query.get("CallSid"), call.query.get("ConferenceSid")

    def keep(row: Recording) -> bool:
        shown = row.status != "deleted" or soft_deleted or _stale(call, row)
        return shown and call_sid in (None, row.call_sid) and conference_sid in (None, row.conference_sid)

    return keep


def _stale(call: Call, row: Recording) -> bool:
    """Whether a fault still shows this deleted recording as it was."""
    seconds = call.view.stale_seconds
    return seconds > 0 and row.deleted_at is not None and call.now < row.deleted_at + seconds


def _bounds(rows: list[Recording], query: Mapping[str, str], options: Options) -> tuple[int, int]:
    """The part of the list that the DateCreated filters leave. Days are GMT days."""
    since: float = 0
    until = float("inf")
    for name in ("DateCreated", "DateCreated>", "DateCreated<"):
        if not query.get(name):
            continue
        start, end = _moment(query[name], options)
        if name != "DateCreated<":
            since = max(since, start)
        if name != "DateCreated>":
            inclusive = name == "DateCreated" or options.date_before_includes_day
            until = min(until, end if inclusive else start)
    return _index(rows, since), _index(rows, until)


def _moment(text: str, options: Options) -> tuple[float, float]:
    """The first second of the day or second that is meant, and the first one after it."""
    try:
        at = parse_iso(text)
    except ValueError:
        raise ApiError(400, 20001, f"{text} is not a date") from None
    unit = 1 if options.date_filter == "second" and "T" in text else DAY
    start = at - at % unit
    return start, start + unit


def _index(rows: list[Recording], at: float) -> int:
    return bisect_left(rows, at, key=lambda row: row.created)


class _Keys(Mapping[str, Key]):
    """SID to sort key, also of recordings that are purged, unless tokens die with them."""

    def __init__(self, world: World) -> None:
        self._live: Recordings = world.recordings
        self._purged = {} if world.options.token_fails_when_anchor_purged else world.recordings.purged

    def __getitem__(self, sid: str) -> Key:
        row = self._live.by_sid.get(sid)
        return self._purged[sid] if row is None else key_of(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._live.by_sid)

    def __len__(self) -> int:
        return len(self._live.by_sid)


def _media(call: Call, recording: Recording) -> Reply:
    if recording.status != "completed" or recording.external is not None:
        raise not_found(call.path)
    audio = _audio(call, recording)
    redirect = call.world.options.media_redirect
    if redirect != "none":
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        other = urlsplit(call.origin)._replace(netloc=f"localhost:{urlsplit(call.origin).port}").geturl()
        location = f"{other}/_sim/media/{recording.sid}{call.match['ext']}?{query}"
        return Reply(int(redirect), content_type=XML, headers={"Location": location})
    lifecycle.accessed(call, recording)
    return _audio_reply(call, recording, audio)


def _audio(call: Call, recording: Recording) -> Audio:
    """What is asked for: format by extension, channels by RequestedChannels. Raises ApiError."""
    ext = call.match["ext"]
    if ext not in ("", ".wav", ".mp3"):
        raise not_found(call.path)
    if ext == ".mp3" and recording.encrypted:
        raise ApiError(400, 16109, "Encrypted recordings are available as WAV only")
    wanted = call.query.get("RequestedChannels")
    if wanted not in (None, "1", "2"):
        raise ApiError(400, 20001, "RequestedChannels must be 1 or 2")
    channels = int(wanted) if wanted else (1 if recording.conference_sid else recording.channels)
    if channels > recording.channels:
        raise ApiError(400, 16113, "Dual-channel media is not available for this recording")
    return mp3(recording) if ext == ".mp3" else wav(recording, channels)


def _audio_reply(call: Call, recording: Recording, audio: Audio) -> Reply:
    def downloaded() -> None:
        recording.downloaded = True

    reply = Reply(200, content_type=audio.content_type, chunks=audio.chunks(), length=audio.length)
    if call.world.options.media_etag:
        reply.headers["ETag"] = f'"{recording.sid[2:]}-{audio.length}"'
    wanted = call.headers.get("Range", "") if call.world.options.media_range else ""
    if wanted.startswith("bytes="):
        return _part(reply, audio, wanted.removeprefix("bytes="))
    reply.when_sent = downloaded
    return reply


def _part(reply: Reply, audio: Audio, wanted: str) -> Reply:
    """One range of the audio, `first-` or `first-last`; the whole of it where it is written otherwise."""
    first_text, _, last_text = wanted.partition("-")
    if not first_text.isdigit() or (last_text and not last_text.isdigit()):
        return reply
    first = int(first_text)
    last = min(int(last_text) if last_text else audio.length - 1, audio.length - 1)
    if first > last:
        return Reply(416, headers={"Content-Range": f"bytes */{audio.length}"})
    reply.status, reply.chunks = 206, None
    reply.body = b"".join(audio.chunks())[first : last + 1]
    reply.headers["Content-Range"] = f"bytes {first}-{last}/{audio.length}"
    return reply
