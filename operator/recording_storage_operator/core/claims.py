"""Which resource an account and a part of a bucket belong to: the oldest that names them."""

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import Wait
from .reasons import Reason

RECHECK = 60.0
"""Seconds until a conflict is looked at again: the other resource may be edited or deleted meanwhile."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one resource names. `created` is as the API server writes it, `endpoint` as `same_servers` makes it.
    `keeps` says that it sets the bucket up, and does not merely watch it. An account has recordings of its own in each
    Twilio Region.
    """

    created: str
    uid: str
    name: str
    account_sid: str
    endpoint: str = ""
    bucket: str = ""
    prefix: str = ""
    keeps: bool = True
    region: str = ""

    @property
    def age(self) -> tuple[str, str]:
        """Sorts the oldest first; made in the same second, the uid decides."""
        return self.created, self.uid

    def same_bucket(self, other: "Claim") -> bool:
        return bool(self.bucket) and (self.endpoint, self.bucket) == (other.endpoint, other.bucket)

    def overlaps(self, other: "Claim") -> bool:
        """Whether one's prefix lies in the other's."""
        nested = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        return self.same_bucket(other) and nested


def older(mine: Claim, others: Iterable[Claim]) -> list[Claim]:
    """Those that come first, the oldest first."""
    return sorted((one for one in others if one.uid != mine.uid and one.age < mine.age), key=lambda one: one.age)


def check(mine: Claim, others: Iterable[Claim]) -> None:
    """Raises Wait where an older resource has the account, or a prefix of the bucket that overlaps."""
    for other in older(mine, others):
        if (other.account_sid, other.region) == (mine.account_sid, mine.region):
            raise _conflict(Reason.ACCOUNT_CLAIMED, f"account {mine.account_sid}", other, "an account")
        if mine.overlaps(other):
            place = (
                f"prefix {other.prefix!r} of bucket {mine.bucket}" if other.prefix else f"all of bucket {mine.bucket}"
            )
            raise _conflict(Reason.BUCKET_CLAIMED, place, other, "a prefix")


def host_of(mine: Claim, others: Iterable[Claim]) -> str:
    """The name of the older resource that shares the bucket and therefore keeps its settings; empty without one."""
    sharing = [other.name for other in older(mine, others) if other.keeps and mine.same_bucket(other)]
    return sharing[0] if sharing else ""


def _conflict(reason: Reason, what: str, other: Claim, kind: str) -> Wait:
    return Wait(
        reason,
        f"RecordingStorage {other.name} is older and has {what}. Nothing is done for this resource: give it {kind} of "
        "its own, or delete one of the two.",
        after=RECHECK,
    )
