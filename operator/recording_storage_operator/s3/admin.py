"""One bucket at S3, as its administrator sees it: its making, its settings, its end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..core.errors import Transient, Wait
from ..core.facts import Aspect, Obstacle, Reading
from ..core.iam import RIGHTS
from ..core.reasons import Reason
from .answers import Place, code_of, denied, lacking, malformed, refusal, says_absent, translated, unusable
from .aspects import KEPT, Keeping
from .documents import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

UNNAMED_REGION = "us-east-1"
"""The one region that CreateBucket wants not to be named."""

DELETE_RIGHTS = "s3:ListBucketMultipartUploads and s3:DeleteBucket"

UNSUPPORTED_RETRY_SECONDS = 3600.0
"""Servers learn settings with a new release at the soonest."""


class S3BucketAdmin:
    """Satisfies the reconciler's port for a bucket's administration. Threads may share it."""

    def __init__(self, client: "S3Client", place: Place) -> None:
        self._client = client
        self._place = place

    def __repr__(self) -> str:
        return f"S3BucketAdmin({self._place.bucket!r})"

    def create(self) -> None:
        """Make the bucket in its region. Raises Transient(WORLD_MOVED) where the account has it already: somebody was
        faster. Not so in us-east-1, where S3 answers that with success, nor after an answer that was lost on the way.
        """
        region = self._place.region
        with translated(self._place, "s3:CreateBucket"):
            try:
                if region == UNNAMED_REGION:
                    self._client.create_bucket(Bucket=self._place.bucket)
                else:
                    # The SDK's types list the regions of their day; S3 has more.
                    constraint: Any = {"LocationConstraint": region}
                    self._client.create_bucket(Bucket=self._place.bucket, CreateBucketConfiguration=constraint)
            except ClientError as error:
                if code_of(error) != "BucketAlreadyOwnedByYou":
                    raise
                if not error.response["ResponseMetadata"].get("RetryAttempts"):
                    raise Transient(
                        Reason.WORLD_MOVED,
                        f"bucket {self._place.bucket} has just been made by somebody else; a new plan is made of it",
                    ) from error

    def delete(self) -> None:
        """Delete an empty bucket. Already gone is success.

        Raises Wait(BUCKET_NOT_EMPTY) for a single version, delete marker or upload under way. Uploads are asked for
        first: servers of S3's kind delete a bucket from under an upload, and what is being uploaded would be lost.
        """
        with translated(self._place, DELETE_RIGHTS):
            try:
                self._refuse_uploads()
                self._client.delete_bucket(Bucket=self._place.bucket)
            except ClientError as error:
                if code_of(error) == "BucketNotEmpty":
                    raise self._not_empty() from error
                if not says_absent(error, "NoSuchBucket"):
                    raise

    def read(self, aspect: Aspect) -> Reading:
        """An aspect as it is; empty only where S3 itself says that nothing is set.

        A server without it, a refusal to show it, and one that holds more than can be written back come as an obstacle.
        Raises as every other call does, Wait(BUCKET_MISSING) for one.
        """
        kept, (right, _) = KEPT[aspect], RIGHTS[aspect]
        with translated(self._place, right):
            try:
                answer = getattr(self._client, kept.get)(Bucket=self._place.bucket)
            except ClientError as error:
                reading = self._without(aspect, kept, error)
                if reading is None:
                    raise
                return reading
            if strange := answer.get(UNKNOWN):
                return Reading({}, Obstacle.UNSUPPORTED, self._not_understood(aspect, strange))
            return Reading(kept.document(answer))

    def write(self, aspect: Aspect, document: Mapping[str, Any]) -> None:
        """Replace an aspect as a whole; a document with nothing in it removes it, where S3 has a removal.

        Raises Wait(NOT_SUPPORTED) where the server does not have it, or not in this form.
        """
        kept, (_, right) = KEPT[aspect], RIGHTS[aspect]
        removing = bool(kept.remove) and kept.is_empty(document)
        call = getattr(self._client, kept.remove if removing else kept.put)
        with translated(self._place, kept.remove_right if removing else right):
            try:
                call(Bucket=self._place.bucket, **({} if removing else kept.request(document)))
            except ClientError as error:
                if lacking(error) or malformed(error):
                    raise self._not_taken(aspect, kept, error) from error
                raise

    def _refuse_uploads(self) -> None:
        answer = self._client.list_multipart_uploads(Bucket=self._place.bucket)
        if answer.get("Bucket") != self._place.bucket:
            raise unusable(self._place, "it is about another bucket")
        if answer.get("Uploads") or answer.get("IsTruncated"):
            raise Wait(
                Reason.BUCKET_NOT_EMPTY,
                f"bucket {self._place.bucket} is not deleted, because an upload into it is under way: "
                "let it finish and keep what it brings, or abort it",
            )

    def _not_empty(self) -> Wait:
        return Wait(
            Reason.BUCKET_NOT_EMPTY,
            f"bucket {self._place.bucket} is not deleted, because there are objects, older versions or delete markers "
            "in it: move or delete them, or set spec.deletionPolicy to Retain",
        )

    def _without(self, aspect: Aspect, kept: Keeping, error: ClientError) -> Reading | None:
        """What an error answer says of an aspect; None where it says nothing of it."""
        if kept.unset and says_absent(error, kept.unset):
            return Reading({})
        if lacking(error):
            return Reading(
                {},
                Obstacle.UNSUPPORTED,
                f"{self._place.service} has no {aspect} setting for bucket {self._place.bucket} ({code_of(error)})",
            )
        if denied(error):
            return Reading({}, Obstacle.DENIED, refusal(error, self._place, RIGHTS[aspect][0]).message)
        return None

    def _not_understood(self, aspect: Aspect, element: str) -> str:
        return (
            f"the {aspect} setting of bucket {self._place.bucket} holds {element}, which this operator does not know "
            "and would take away by writing: it is left as it is"
        )

    def _not_taken(self, aspect: Aspect, kept: Keeping, error: ClientError) -> Wait:
        how = "has none" if lacking(error) else "does not take it in the wanted form"
        return Wait(
            Reason.NOT_SUPPORTED,
            f"the {aspect} setting of bucket {self._place.bucket} cannot be written: {self._place.service} {how} "
            f"({code_of(error)}); change spec.s3.{kept.setting}",
            UNSUPPORTED_RETRY_SECONDS,
        )
