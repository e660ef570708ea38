"""What adapters report of the world. Values only; every time is UTC."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account as `GET /Accounts/{sid}.json` tells it. `server_time` is the answer's Date header."""

    sid: str
    status: str
    friendly_name: str
    server_time: datetime


@dataclass(frozen=True, slots=True)
class DeletionEvent:
    """A `recording.deleted` event of Twilio Monitor: the exact time of a deletion and who asked for it."""

    recording_sid: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class DeletionEventPage:
    """`next_page` is opaque; None means the feed was read to its end."""

    events: list[DeletionEvent]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class UploadAlert:
    """A 16111 (invalid configuration) or 16112 (access denied) alert: this recording never reached the bucket."""

    recording_sid: str
    error_code: int
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class UploadAlertPage:
    """`next_page` is opaque; None means the alerts were read to their end."""

    alerts: list[UploadAlert]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """A bucket that exists and answers us. `versioned` is True only for status Enabled, not for Suspended."""

    name: str
    region: str
    versioned: bool


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """The latest version of a key: an object, or the delete marker that hides it since `modified_at`."""

    key: str
    is_delete_marker: bool
    modified_at: datetime
    size: int = 0


@dataclass(frozen=True, slots=True)
class ObjectVersionPage:
    """Latest versions only. `next_page` is opaque; None means the listing is complete."""

    versions: list[ObjectVersion]
    next_page: str | None
