"""What one finished sweep of an account and its bucket found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Feed(StrEnum):
    """Twilio Monitor's feeds. They are hints: a sweep goes on without one that cannot be read, or not relied on."""

    EVENTS = "events"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """Where a sweep looks for objects. `servers` tells two buckets of one name apart, empty for AWS."""

    servers: str
    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """Counts, and the changes the ledger needs; the entries themselves stay on disk until they are recorded.

    `counts` is keyed by `deletions.State`. `found` and `withdrawn` count entries by the day their slice is kept
    under. `implausible` counts recordings that are not in the bucket, have no delete marker, and are too many to be
    believed; then `found` lacks them. `untraced` counts those of which nobody can tell whether they ever were there.
    `doubtful` counts those that this sweep or an earlier one did not believe to be gone, also of another bucket.
    `loss` is the id of exactly these recordings, by which a person accepts that they are gone. `unread` says of each
    feed that could not be used why. `metadata_days` and `place` are those of the spec that was swept for; `servers` are
    those of the last bucket that was swept, also while there is none, and None where there never was one.
    """

    started_at: datetime
    finished_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    implausible: int = 0
    untraced: int = 0
    doubtful: int = 0
    loss: str = ""
    other_buckets: tuple[str, ...] = ()
    unread: Mapping[Feed, str] = field(default_factory=dict)
    metadata_days: int = 40
    place: BucketPlace | None = None
    servers: str | None = None
