"""A recording as Twilio lists it, and where its audio is.

Whether a recording is in Twilio's cloud or in S3 is told by the host of its `media_url` alone: there is no account
flag to read (Twilio's External Storage switch is Console-only), and `source` says how recording was started.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from .endpoint import same_servers

PAGE_SIZE = 1000
"""The largest page Twilio serves; the default of 50 means 20 times the requests (error 20007 above 1000)."""

COMPLETED = "completed"
DELETED = "deleted"
ABSENT = "absent"
"""`absent` never had audio (too short, silent, or failed to encrypt): it is not a deletion."""

_SID = re.compile(r"(RE[0-9a-f]{32})(?:\.(?:wav|mp3))?")
_TWILIO_HOST = re.compile(r"(^|\.)twilio\.com$")
_AWS_HOST = re.compile(r"^(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of the account-level list. Field names are Twilio's; unknown statuses are kept as they come."""

    sid: str
    status: str
    date_created: str
    """RFC 2822, as sent: parsed on demand, because a date costs more to parse than the whole record to decode."""
    media_url: str | None = None
    duration: str | None = None
    """Whole seconds, as the string Twilio sends; None until the recording is done."""

    @property
    def created_at(self) -> datetime | None:
        """The moment recording began, in UTC."""
        return parse_rfc2822(self.date_created)

    @property
    def seconds(self) -> int:
        """Its length, 0 where unknown."""
        return int(self.duration) if self.duration and self.duration.isdigit() else 0


@dataclass(frozen=True, slots=True)
class RecordingPage:
    """One page of a listing. `next_page` is opaque; None means the listing is complete."""

    recordings: list[Recording]
    next_page: str | None


class Place(StrEnum):
    """Where a recording's audio was put when it was made."""

    TWILIO = "Twilio"
    WATCHED_BUCKET = "WatchedBucket"
    OTHER_BUCKET = "OtherBucket"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Location:
    """A place, and for an external one the bucket and the key taken from the URL."""

    place: Place
    bucket: str = ""
    key: str = ""


def parse_rfc2822(text: str) -> datetime | None:
    """Twilio's date form as UTC, its offset honoured (the spec's own examples carry +0100); None for anything else.

    Without an offset it is UTC, which Twilio documents these dates to be in.
    """
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def sid_of_key(key: str) -> str | None:
    """The recording an object key belongs to: its last segment is the SID, with or without the extension of its audio.

    A transcript beside it (`.json`) must not pass for it. Twilio writes `{prefix}/{AccountSid}/{RecordingSid}` without
    extension; other keys (the .txt test object that enabling External Storage writes) belong to no recording.
    """
    match = _SID.fullmatch(key.rsplit("/", 1)[-1])
    return match.group(1) if match else None


@dataclass(frozen=True, slots=True)
class Locator:
    """Reads a `media_url`. `bucket` and `endpoint` are those of the resource, empty where it has none.

    `twilio_host` is the host of an operator-wide base URL that stands in for Twilio's own hosts.
    """

    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    twilio_host: str = ""

    def locate(self, media_url: str | None) -> Location:
        """Where the audio of a recording with this URL was put: Unknown where it is none.

        Both URL styles of S3 are understood.
        """
        url = _split(media_url) if media_url else None
        if url is None:
            return Location(Place.UNKNOWN)
        host = url.netloc.lower()
        if _TWILIO_HOST.search(host.split(":")[0]) or (self.twilio_host and host == self.twilio_host):
            return Location(Place.TWILIO)
        # A bucket URL that ends with a slash makes keys that begin with one.
        bucket, key = _bucket_and_key(host, unquote(url.path).removeprefix("/"), urlsplit(self.endpoint).netloc.lower())
        named = bool(self.bucket) and bucket == self.bucket and key.startswith(self.prefix)
        watched = named and _may_serve(self.endpoint, host)
        return Location(Place.WATCHED_BUCKET if watched else Place.OTHER_BUCKET, bucket, key)


@lru_cache
def _may_serve(endpoint: str, host: str) -> bool:
    """Whether Twilio's host may be the server that is watched. AWS is known by its hosts; any other server may have one
    name for Twilio and another for us.
    """
    return _AWS_HOST.match(host) is not None or bool(same_servers(endpoint))


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _bucket_and_key(host: str, path: str, endpoint: str) -> tuple[str, str]:
    """Split an S3 URL: virtual-host style at AWS or at `endpoint`, else path style."""
    aws = _AWS_HOST.match(host)
    if aws and aws.group("bucket"):
        return aws.group("bucket"), path
    if endpoint and host.endswith("." + endpoint):
        return host[: -len(endpoint) - 1], path
    bucket, _, key = path.partition("/")
    return bucket, key
