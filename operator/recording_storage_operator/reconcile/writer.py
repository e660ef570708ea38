"""The key pair Twilio writes with: registering it, and finding out that the one it replaces is out of use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..core.errors import ReconcileError, Terminal, Transient, Wait
from ..core.facts import AccountFacts
from ..core.reasons import Reason
from ..core.recordings import COMPLETED, Locator, Place, Recording
from ..core.secret import Secret
from ..core.writer import WriterFacts, misfit, ours, writer_name
from .ports import AwsCredentials, BucketClient

IAM_SETTLES = timedelta(minutes=1)
"""IAM is eventually consistent: where we are refused, an upload of Twilio's may still be taken for some seconds."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """An access key of S3."""

    access_key_id: str
    secret_access_key: str

    @property
    def name(self) -> str:
        """What it is called at Twilio."""
        return writer_name(self.access_key_id, self.secret_access_key)

    def as_secret(self) -> Secret:
        """As the Secret of a bucket's credentials has it."""
        return Secret({"accessKeyId": self.access_key_id, "secretAccessKey": self.secret_access_key})


@dataclass(frozen=True, slots=True)
class Writer:
    """The pair to write with, and the one it replaces where the Secret has it. `as_replaced` uses that one.

    `refused_since` remembers, by name, Twilio's time when the replaced pair was first seen refused in this rotation:
    one that was taken back meanwhile proves nothing. All of it may be lost: it is only seen later then. `known` is what
    was seen last, by the names of the pair and of the one it replaces.
    """

    credentials: AwsCredentials
    pair: KeyPair
    replaced: KeyPair | None
    as_replaced: BucketClient | None
    refused_since: dict[str, datetime]
    known: dict[tuple[str, str], WriterFacts]

    def facts(self, account: AccountFacts, arrivals: "Arrivals") -> WriterFacts:
        """What is registered, and whether the replaced pair is out of use."""
        _, replaced = self._names
        self._forget_all_but(replaced)
        try:
            registered = ours(self.credentials.listed())
        except Wait as error:
            return WriterFacts(self.pair.name, denied=error.message)
        names = {one.name for one in registered}
        both = self.pair.name in names and replaced in names
        if not both:
            self._forget_all_but("")
        unused = (
            both
            and self._stays_refused(account.server_time)
            and arrivals.since(self.refused_since[replaced] + IAM_SETTLES)
        )
        facts = self.known[self._names] = WriterFacts(self.pair.name, registered, replaced, unused)
        return facts

    @property
    def last_known(self) -> WriterFacts | None:
        """For a while in which Twilio does not answer: what waits for approval keeps its id."""
        return self.known.get(self._names)

    @property
    def _names(self) -> tuple[str, str]:
        return self.pair.name, self.replaced.name if self.replaced else ""

    def register(self) -> None:
        """Unless it is there: an earlier answer may have been lost."""
        if not any(one.name == self.pair.name for one in self.credentials.listed()):
            self.credentials.register(self.pair.name, self.pair.access_key_id, self.pair.secret_access_key)

    def remove(self, sid: str) -> None:
        """Take out the replaced pair, unless it is in use again: it may have waited long for an approval."""
        if not self._is_refused():
            raise Transient(Reason.WORLD_MOVED, "S3 does not refuse the replaced key pair now; a new plan is made.")
        self.credentials.remove(sid)

    def _forget_all_but(self, name: str) -> None:
        for other in self.refused_since.keys() - {name}:
            del self.refused_since[other]

    def _stays_refused(self, now: datetime) -> bool:
        """Whether it is refused, and remembers since when."""
        assert self.replaced is not None
        if not self._is_refused():
            self.refused_since.pop(self.replaced.name, None)
            return False
        self.refused_since.setdefault(self.replaced.name, now)
        return True

    def _is_refused(self) -> bool:
        """Whether S3 itself says that the replaced pair is none. No answer, and any other, is not that."""
        assert self.as_replaced is not None
        try:
            self.as_replaced.describe()
        except ReconcileError as error:
            return error.reason is Reason.S3_CREDENTIALS_REJECTED
        return False


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The newest recordings, and the bucket that proves them there."""

    recordings: Iterable[Recording]
    locator: Locator
    bucket: BucketClient | None

    def since(self, moment: datetime) -> bool:
        """Whether a recording begun after `moment` is in the bucket: an external URL alone proves no upload."""
        return any(self._arrived(one) for one in self.recordings if (one.created_at or moment) > moment)

    def _arrived(self, recording: Recording) -> bool:
        location = self.locator.locate(recording.media_url)
        if recording.status != COMPLETED or location.place is not Place.WATCHED_BUCKET or self.bucket is None:
            return False
        try:
            return self.bucket.has(location.key)
        except Wait:  # no bucket, or no right to look: that proves nothing, and all else goes on
            return False


def pairs_of(name: str, secret: Secret, own: Secret | None) -> tuple[KeyPair, KeyPair | None]:
    """The pair, and the one it replaces. `own` is the operator's Secret for the bucket.

    Raises Terminal for a Secret without a usable pair, and for the operator's own key: who holds Twilio's key must
    never be able to read or delete.
    """
    pair = _pair(name, secret, "accessKeyId", "secretAccessKey")
    if own is not None and own.values.get("accessKeyId", "").strip() == pair.access_key_id:
        raise Terminal(
            Reason.WRITER_KEY_SHARED,
            f"Secret {name} holds the operator's own key. Make a user in IAM that may only write, as `recordings iam` "
            "prints it, and put its key there.",
        )
    if "previousAccessKeyId" not in secret.values:
        return pair, None
    replaced = _pair(name, secret, "previousAccessKeyId", "previousSecretAccessKey")
    return pair, replaced if replaced != pair else None


def _pair(name: str, secret: Secret, key_id: str, key: str) -> KeyPair:
    found = KeyPair(secret.values.get(key_id, "").strip(), secret.values.get(key, "").strip())
    # Before anything is named after it: somebody may have put the secret into the place of the id.
    if wrong := misfit(found.access_key_id, found.secret_access_key):
        raise Terminal(Reason.SECRET_MALFORMED, f"{key_id} and {key} in Secret {name} are no key pair: {wrong}.")
    return found
