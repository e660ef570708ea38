"""What a pass needs of the world. Adapters satisfy these by shape; tests/contract holds them to it.

Every method raises only the errors of `core.errors`. Reads never change anything; writes may be repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from ..core.desired import Bucket, TwilioAccount
from ..core.facts import (
    AccountFacts,
    Aspect,
    AwsCredential,
    BucketFacts,
    DeletionEventPage,
    ObjectVersionPage,
    Reading,
    UploadAlertPage,
)
from ..core.ledger import Slice
from ..core.recordings import Recording, RecordingPage
from ..core.secret import Secret
from ..core.work import Key


class TwilioClient(Protocol):
    """One account at Twilio."""

    def account(self) -> AccountFacts:
        """The account itself, and Twilio's time. Raises Wait for one that is suspended, closed or not ours."""
        ...

    def recordings(self, page: str | None = None, page_size: int = 1000) -> RecordingPage:
        """A page of the account's list, soft-deleted ones included, newest first. `page` comes from the page before."""
        ...

    def recording(self, sid: str) -> Recording | None:
        """One recording, soft-deleted or not. None only where Twilio itself answered that it knows none such."""
        ...

    def deletion_events(self, since: datetime, page: str | None = None) -> DeletionEventPage:
        """A page of `recording.deleted` events. Late or missing events are normal: hints, not the truth.

        Raises Wait where they cannot be read, or may be another account's.
        """
        ...

    def upload_alerts(self, since: datetime, page: str | None = None) -> UploadAlertPage:
        """A page of alerts that External Storage could not write a recording (16111, 16112). It may be empty.

        Raises Wait where they cannot be read, or not all of them, or may be another account's.
        """
        ...


class BucketClient(Protocol):
    """One bucket."""

    def describe(self) -> BucketFacts | None:
        """The bucket, or None where S3 says that no such bucket exists. Raises Wait for a foreign or denied one."""
        ...

    def versions(self, prefix: str, page: str | None = None) -> ObjectVersionPage:
        """A page of the latest versions under a prefix, delete markers included."""
        ...

    def has(self, key: str) -> bool:
        """Whether an object is there now. False only where S3 itself answered 404 for the key."""
        ...


class BucketAdmin(Protocol):
    """One bucket as its administrator sees it."""

    def create(self) -> None:
        """Make the bucket in its region. Already ours is success."""
        ...

    def delete(self) -> None:
        """Delete an empty bucket. Already gone is success.

        Raises Wait(BUCKET_NOT_EMPTY) where S3 says that it is not empty, or an upload into it is under way.
        """
        ...

    def read(self, aspect: Aspect) -> Reading:
        """An aspect as it is. What the server lacks, or refuses to show, is told in the reading and not raised."""
        ...

    def write(self, aspect: Aspect, document: Mapping[str, Any]) -> None:
        """Replace an aspect as a whole; an empty document, or one with nothing in it, removes it.

        Raises Wait(NOT_SUPPORTED) where the server does not have it, or not in this form.
        """
        ...


class AwsCredentials(Protocol):
    """The key pairs an account keeps at Twilio for External Storage to write with."""

    def listed(self) -> list[AwsCredential]:
        """All of the account's, in no order."""
        ...

    def register(self, name: str, access_key_id: str, secret_access_key: str) -> AwsCredential:
        """Keep a key pair at Twilio. Not idempotent: look for the name first. Raises Terminal for a malformed pair."""
        ...

    def remove(self, sid: str) -> None:
        """Let Twilio forget it. Already gone is success."""
        ...


class LedgerStore(Protocol):
    """The slices of one resource."""

    def slices(self) -> Iterator[Slice]:
        """All of them, streamed."""
        ...

    def write(self, part: Slice) -> Slice:
        """Create it (no version) or replace exactly the version it was read at; Transient on a conflict.

        Returns it as stored, with its new version.
        """
        ...

    def delete(self, part: Slice) -> None:
        """Remove exactly the version it was read at. Already gone is success."""
        ...


class Secrets(Protocol):
    """Secrets, read one by one."""

    def get(self, namespace: str, name: str) -> Secret | None:
        """The Secret, or None where the API server says that it does not exist."""
        ...


class Storages(Protocol):
    """RecordingStorage objects, as the API server has them."""

    def get(self, key: Key) -> Mapping[str, Any] | None:
        """The object, fresh, or None where it does not exist."""
        ...

    def write_status(self, key: Key, uid: str, compute: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bool:
        """Write what `compute` makes of the fresh object, unless it is equal. True where something was written."""
        ...

    def hold(self, obj: Mapping[str, Any]) -> None:
        """Add our finalizer, where it is not there yet."""
        ...

    def release(self, obj: Mapping[str, Any]) -> None:
        """Take our finalizer away. Already gone is success."""
        ...

    def find(self, field: str, value: str) -> list[Mapping[str, Any]]:
        """All objects with this value in a field that the CRD names as selectable."""
        ...


class CloudClients(Protocol):
    """Makes clients from credentials, so a pass resolves these once."""

    def twilio(self, account: TwilioAccount, secret: Secret) -> TwilioClient:
        """Raises Terminal for a Secret without the keys that are needed."""
        ...

    def bucket(self, bucket: Bucket, secret: Secret | None) -> BucketClient:
        """Raises Terminal for a malformed Secret or an endpoint that the operator does not allow."""
        ...

    def admin(self, bucket: Bucket, secret: Secret | None) -> BucketAdmin:
        """As `bucket`."""
        ...

    def aws_credentials(self, account: TwilioAccount, secret: Secret) -> AwsCredentials:
        """As `twilio`."""
        ...


class Clouds(CloudClients, Protocol):
    """The same, and the ledger."""

    def ledger(self, key: Key, uid: str) -> LedgerStore: ...
