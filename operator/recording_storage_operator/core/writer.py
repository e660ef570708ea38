"""The key pair Twilio writes into the bucket with: how it is named at Twilio, and when an old one may go.

Twilio never shows a registered pair again, so the name has to tell which one it is. It does not tell either which one
External Storage uses: that is chosen in its Console. So an old pair is known to be out of use only once S3 no longer
accepts it and recordings have arrived since.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .facts import AwsCredential

NAME_PREFIX = "recordings.dev "
"""All names we give begin so; a registered pair with any other name is none of ours."""


_ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{20}")
_SECRET_ACCESS_KEY = re.compile(r"[A-Za-z0-9/+=]{40}")


@dataclass(frozen=True, slots=True)
class WriterFacts:
    """What is registered under names of ours, and what is wanted.

    `wanted` is the name of the pair in the Secret. `replaced` is that of the pair it replaces, empty where the Secret
    does not have it; `unused` says that nothing writes with that one any more. `denied` is the sentence that says why
    Twilio does not show what is registered, empty where it does.
    """

    wanted: str
    registered: tuple[AwsCredential, ...] = ()
    replaced: str = ""
    unused: bool = False
    denied: str = ""

    @property
    def others(self) -> tuple[AwsCredential, ...]:
        """Registered pairs of ours that are not wanted any more."""
        return tuple(one for one in self.registered if one.name != self.wanted)

    @property
    def removable(self) -> tuple[AwsCredential, ...]:
        """Those that are proven out of use, while the wanted one is there."""
        if not self.unused or not any(one.name == self.wanted for one in self.registered):
            return ()
        return tuple(one for one in self.registered if one.name == self.replaced != self.wanted)


def misfit(access_key_id: str, secret_access_key: str) -> str:
    """What is wrong with a pair in words, empty where Twilio takes it (error 70106 has these forms)."""
    if not _ACCESS_KEY_ID.fullmatch(access_key_id):
        return "the access key id is not of 20 capital letters and digits"
    if not _SECRET_ACCESS_KEY.fullmatch(secret_access_key):
        return "the secret access key is not of 40 letters, digits, slashes, pluses and equal signs"
    return ""


def writer_name(access_key_id: str, secret_access_key: str) -> str:
    """The name of a pair at Twilio, at most 64 characters: a corrected secret makes it another pair."""
    digest = hashlib.sha256(secret_access_key.encode()).hexdigest()[:8]
    return f"{NAME_PREFIX}{access_key_id} {digest}"


def ours(registered: Iterable[AwsCredential]) -> tuple[AwsCredential, ...]:
    """Those that bear a name of ours, by name."""
    return tuple(sorted((one for one in registered if one.name.startswith(NAME_PREFIX)), key=lambda one: one.name))
