"""What adapters report of the world. Values only; every time is UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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
    raised_at: datetime | None
    """None where Twilio does not say."""


@dataclass(frozen=True, slots=True)
class UploadAlertPage:
    """`next_page` is opaque; None means the alerts were read to their end.

    `doubt` is a sentence that says why a recording without an alert may have failed all the same, empty without.
    """

    alerts: list[UploadAlert]
    next_page: str | None
    doubt: str = ""


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


class Aspect(StrEnum):
    """A configuration of a bucket that S3 reads and writes as one document."""

    VERSIONING = "versioning"
    ENCRYPTION = "encryption"
    PUBLIC_ACCESS = "publicAccess"
    OWNERSHIP = "objectOwnership"
    LIFECYCLE = "lifecycle"
    POLICY = "policy"
    TAGS = "tags"


class Obstacle(StrEnum):
    """Why an aspect could not be read: the server does not have it, or does not let these credentials see it."""

    UNSUPPORTED = "Unsupported"
    DENIED = "Denied"


@dataclass(frozen=True, slots=True)
class Reading:
    """An aspect's document in S3's own shape, as the SDK has it; empty where nothing is set.

    versioning {Status}, encryption {Rules}, publicAccess {BlockPublicAcls ...}, objectOwnership {Rules}, lifecycle
    {Rules[, TransitionDefaultMinimumObjectSize]}, policy the policy's own JSON {Version, Statement ...}, tags {TagSet}.
    With an `obstacle` there is none, and `advice` is the sentence that says what would help.
    """

    document: Mapping[str, Any]
    obstacle: Obstacle | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class AwsCredential:
    """A key pair registered at Twilio (accounts.twilio.com, Credentials/AWS), which never shows the pair again."""

    sid: str
    name: str
    created_at: datetime
