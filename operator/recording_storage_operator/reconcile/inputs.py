"""What a pass is asked to do: the spec, the annotations, and the Secrets it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..api.names import APPROVED_PLAN, RECONCILE_REQUESTED_AT
from ..core.approval import Memory
from ..core.desired import Bucket, Desired
from ..core.errors import Wait
from ..core.reasons import Reason
from ..core.secret import Secret
from ..core.verdicts import ACCEPT_MISSING
from ..core.work import Key
from .ports import Secrets

SECRET_CHECK = 60.0
"""Seconds between two looks at a Secret that is missing or does not work."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The Secrets a spec names, as far as they exist. Equal where they hold the same, however often written."""

    twilio: Secret | None
    bucket: Secret | None
    writer: Secret | None = None

    @staticmethod
    def read(secrets: Secrets, namespace: str, desired: Desired) -> "Credentials":
        """Fresh from the API server."""
        bucket = desired.s3.credentials_secret if desired.s3 else ""
        writer = desired.s3.writer_secret if desired.s3 else ""
        return Credentials(
            twilio=secrets.get(namespace, desired.twilio.credentials_secret),
            bucket=secrets.get(namespace, bucket) if bucket else None,
            writer=secrets.get(namespace, writer) if writer else None,
        )

    def require(self, desired: Desired) -> Secret:
        """The Secret for Twilio. Raises Wait where it, or the one for the bucket, does not exist."""
        if self.twilio is None:
            raise _missing(desired.twilio.credentials_secret, "authToken, or apiKeySid and apiKeySecret")
        if self.bucket is None and desired.s3 and desired.s3.credentials_secret:
            raise _missing(desired.s3.credentials_secret, "accessKeyId and secretAccessKey")
        return self.twilio

    def require_writer(self, bucket: Bucket) -> Secret:
        """The Secret with the writer's key pair. Raises Wait where it does not exist."""
        if self.writer is None:
            raise _missing(bucket.writer_secret, "accessKeyId and secretAccessKey")
        return self.writer


@dataclass(frozen=True, slots=True)
class Request:
    """The object as a pass found it. `accepted_loss` is the id of a loss, empty where nobody accepted one.

    `memory` is what earlier passes left in the status, `doubtful` how many recordings the last sweep did not believe to
    be gone, `swept_servers` where it found its bucket, None where it had none.
    """

    key: Key
    uid: str
    generation: int
    requested_at: str
    accepted_loss: str
    approved_plan: str = ""
    memory: Memory = field(default_factory=Memory)
    doubtful: int = 0
    swept_servers: str | None = None

    @staticmethod
    def of(key: Key, obj: Mapping[str, Any]) -> "Request":
        """Read it from the API server's object."""
        metadata = obj["metadata"]
        annotations = metadata.get("annotations") or {}
        status = obj.get("status") or {}
        recordings = status.get("recordings", {})
        return Request(
            key=key,
            uid=metadata["uid"],
            generation=metadata.get("generation", 0),
            requested_at=annotations.get(RECONCILE_REQUESTED_AT, ""),
            # Ids are copied with the end of their sentence.
            accepted_loss=annotations.get(ACCEPT_MISSING, "").strip(" ."),
            approved_plan=annotations.get(APPROVED_PLAN, "").strip(" ."),
            memory=Memory.of(status),
            doubtful=recordings.get("doubtful", 0),
            swept_servers=recordings.get("endpoint"),
        )

    def is_of(self, obj: Mapping[str, Any]) -> bool:
        """Whether a later read of the object asks for the same changes."""
        fresh = Request.of(self.key, obj)
        same = (fresh.uid, fresh.generation, fresh.approved_plan) == (self.uid, self.generation, self.approved_plan)
        return same and "deletionTimestamp" not in obj["metadata"]

    @property
    def asked(self) -> tuple[object, ...]:
        """Changes with all that a person can change about the object: the spec, annotations that ask for something."""
        return self.generation, self.requested_at, self.accepted_loss, self.approved_plan


def _missing(name: str, keys: str) -> Wait:
    message = f"Secret {name} does not exist in this namespace. Create it with the keys {keys}."
    return Wait(Reason.SECRET_MISSING, message, after=SECRET_CHECK)
