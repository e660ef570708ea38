"""The AWS credentials that an account keeps at Twilio (accounts.twilio.com)."""

import re
from dataclasses import dataclass

from .reply import ApiError

_KEY_PAIR = re.compile(r"[A-Z0-9]{20}:[A-Za-z0-9/+=]{40}")


@dataclass(slots=True)
class AwsCredential:
    """A registered key pair. Its secret is never shown again."""

    sid: str
    account_sid: str
    friendly_name: str
    created: int
    updated: int


def check_key_pair(text: str) -> None:
    """Raises ApiError 70106 for anything but `key:secret` in AWS's form."""
    if not _KEY_PAIR.fullmatch(text):
        raise ApiError(400, 70106, "Invalid AWS credentials")
