"""What a plan may change in the world: an effect says where, from what, to what, and how much it can hurt."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from .bucket_settings import Part, Risk

NO_BUCKET = "no bucket yet"
"""What every setting of a bucket is before the bucket is made."""


class Kind(StrEnum):
    """What is done. The names are those of `status.plan.actions`."""

    CREATE_BUCKET = "CreateBucket"
    ADOPT_BUCKET = "AdoptBucket"
    CHANGE_SETTING = "ChangeSetting"
    REGISTER_WRITER_KEY = "RegisterWriterKey"
    REMOVE_WRITER_KEY = "RemoveWriterKey"


@dataclass(frozen=True, slots=True)
class Effect:
    """One change. `path` names what is changed, once in a plan; `have` and `want` are normalised texts.

    `summary` is a sentence for people. `part` is the setting of a CHANGE_SETTING. `target` is what an adapter needs
    beside it: the SID of a REMOVE_WRITER_KEY.
    """

    kind: Kind
    path: str
    have: str
    want: str
    risk: Risk
    summary: str
    part: Part | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something wanted that cannot be looked at or had, and stops nothing else. `reason` is Unsupported or Denied."""

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a plan is about: another account or bucket makes it another plan."""

    account_sid: str
    endpoint: str = ""
    bucket: str = ""
    region: str = ""

    def digest(self, *facts: object) -> str:
        """A digest of this and of `facts`, which are plain JSON. 64 hexadecimal digits."""
        whole = [self.account_sid, self.endpoint, self.bucket, self.region, *facts]
        return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def plan_id(self, effects: tuple[Effect, ...]) -> str:
        """The id of a plan: the same for the same effects on the same things, whatever else is edited.

        It begins with a letter: YAML takes some digests for numbers, and people write ids into annotations.
        """
        return "p" + self.digest("plan", sorted([one.path, one.have, one.want] for one in effects))[:11]
