"""The AWS credentials that an account keeps at Twilio (accounts.twilio.com)."""

import re
from dataclasses import dataclass, field

from .reply import ApiError

LONGEST_NAME = 64
_KEY_PAIR = re.compile(r"[A-Z0-9]{20}:[A-Za-z0-9/+=]{40}")


@dataclass(slots=True)
class AwsCredential:
    """A registered key pair, kept for uploads and never shown again."""

    sid: str
    account_sid: str
    friendly_name: str
    created: int
    updated: int
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)

    @property
    def position(self) -> tuple[int, int]:
        """Its place in the list; the SID tells apart those of one second."""
        return self.created, int(self.sid.removeprefix("CR"), 16)


def key_pair(text: str) -> tuple[str, str]:
    """The key and its secret. Raises ApiError 70106 for anything but `key:secret` in AWS's form."""
    if not _KEY_PAIR.fullmatch(text):
        raise ApiError(400, 70106, "Invalid AWS credentials")
    key, _, secret = text.partition(":")
    return key, secret


def checked_name(text: str) -> str:
    """A FriendlyName. Raises ApiError 20001 above 64 characters."""
    if len(text) > LONGEST_NAME:
        raise ApiError(400, 20001, f"FriendlyName must have at most {LONGEST_NAME} characters")
    return text
