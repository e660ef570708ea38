"""What a pass is asked to do: the spec, the annotations, and the Secrets it names, with a fingerprint of all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..api.names import RECONCILE_REQUESTED_AT
from ..core.desired import Desired
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
    """The Secrets a spec names, as far as they exist."""

    twilio: Secret | None
    bucket: Secret | None

    @staticmethod
    def read(secrets: Secrets, namespace: str, desired: Desired) -> "Credentials":
        """Fresh from the API server."""
        name = desired.s3.credentials_secret if desired.s3 else ""
        return Credentials(
            twilio=secrets.get(namespace, desired.twilio.credentials_secret),
            bucket=secrets.get(namespace, name) if name else None,
        )

    @property
    def versions(self) -> tuple[str, str]:
        """Changes when one of them is edited, made or removed."""
        return self.twilio.version if self.twilio else "", self.bucket.version if self.bucket else ""

    def require(self, desired: Desired) -> Secret:
        """The Secret for Twilio. Raises Wait where one that the spec names does not exist."""
        if self.twilio is None:
            raise _missing(desired.twilio.credentials_secret, "authToken, or apiKeySid and apiKeySecret")
        if self.bucket is None and desired.s3 and desired.s3.credentials_secret:
            raise _missing(desired.s3.credentials_secret, "accessKeyId and secretAccessKey")
        return self.twilio


@dataclass(frozen=True, slots=True)
class Request:
    """The object as a pass found it. `accept_missing` is 0 where nobody accepted a loss."""

    key: Key
    uid: str
    generation: int
    requested_at: str
    accept_missing: int

    @staticmethod
    def of(key: Key, obj: Mapping[str, Any]) -> "Request":
        """Read it from the API server's object."""
        metadata = obj["metadata"]
        annotations = metadata.get("annotations") or {}
        accepted = annotations.get(ACCEPT_MISSING, "")
        return Request(
            key=key,
            uid=metadata["uid"],
            generation=metadata.get("generation", 0),
            requested_at=annotations.get(RECONCILE_REQUESTED_AT, ""),
            accept_missing=int(accepted) if accepted.isdecimal() else 0,
        )

    def fingerprint(self, credentials: Credentials) -> tuple[object, ...]:
        """Changes with all that a person can change: the spec, annotations that ask for something, the Secrets."""
        return self.generation, self.requested_at, self.accept_missing, credentials.versions


def _missing(name: str, keys: str) -> Wait:
    message = f"Secret {name} does not exist in this namespace. Create it with the keys {keys}."
    return Wait(Reason.SECRET_MISSING, message, after=SECRET_CHECK)
