"""One bucket at S3, as far as it is read."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..core.facts import BucketFacts, ObjectVersionPage
from .answers import Place, closed, code_of, of_identity, says_absent, status_of, translated, unusable, wrong_region
from .documents import LISTING
from .listing import Marker, latest

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

READ_RIGHTS = "s3:GetObject and s3:ListBucket, without which S3 does not tell a missing object from a denied one"


class S3Bucket:
    """Satisfies the reconciler's port for a bucket. Threads may share it. `page_size` is S3's MaxKeys, at most 1000."""

    def __init__(self, client: "S3Client", place: Place, page_size: int) -> None:
        self._client = client
        self._place = place
        self._page_size = page_size

    def __repr__(self) -> str:
        return f"S3Bucket({self._place.bucket!r})"

    def describe(self) -> BucketFacts | None:
        """The bucket; None only on S3's own NoSuchBucket. Raises Wait for a foreign, denied or misplaced one.

        Versioning is asked for first, because S3 explains a refused GET in a document and a refused HEAD not at all.
        """
        with translated(self._place, "s3:GetBucketVersioning"):
            try:
                versioning = self._client.get_bucket_versioning(Bucket=self._place.bucket)
            except ClientError as error:
                if says_absent(error, "NoSuchBucket"):
                    return None
                if code_of(error) == "AccessDenied" and not of_identity(error):
                    self._tell_whose()
                raise
        with translated(self._place, "s3:ListBucket"):
            region = self._region()
        if region != self._place.region:
            raise wrong_region(self._place, region)
        return BucketFacts(self._place.bucket, region, versioning.get("Status") == "Enabled")

    def versions(self, prefix: str, page: str | None = None) -> ObjectVersionPage:
        """A page of the latest versions under a prefix. One request; a bucket without versioning answers it too.

        Raises Transient for every answer that is not beyond doubt about this bucket, prefix and page: a page that
        lacks keys would make recordings look deleted.
        """
        after = Marker.read(page)
        with translated(self._place, "s3:ListBucketVersions"):
            answer: Any = self._client.list_object_versions(
                Bucket=self._place.bucket, Prefix=prefix, MaxKeys=self._page_size, **after.request()
            )
        return latest(answer[LISTING], self._place, prefix, after)

    def has(self, key: str) -> bool:
        """Whether an object is there now. False only on S3's own NoSuchKey, which a delete marker gives as well.

        The 404 of a HEAD carries no document: it could be the bucket that is missing, or anybody's 404. So what HEAD
        does not confirm is asked again with a GET of one byte, and that answer counts.
        """
        with translated(self._place, READ_RIGHTS):
            try:
                answer: Any = self._client.head_object(Bucket=self._place.bucket, Key=key)
            except ClientError as error:
                if status_of(error) >= 500:
                    raise
                answer = self._first_byte(key)
        if answer and not answer.get("LastModified"):
            raise unusable(self._place, "it is not about an object")
        return bool(answer)

    def _first_byte(self, key: str) -> Any:
        """The answer to a GET of an object's first byte, unread; None where S3 says that there is no such object."""
        try:
            answer = self._client.get_object(Bucket=self._place.bucket, Key=key, Range="bytes=0-0")
        except ClientError as error:
            if says_absent(error, "NoSuchKey"):
                return None
            raise
        answer["Body"].close()
        return answer

    def _region(self) -> str:
        """Where S3 says that the bucket is; other servers may not say it."""
        return self._client.head_bucket(Bucket=self._place.bucket).get("BucketRegion") or self._place.region

    def _tell_whose(self) -> None:
        """After versioning was denied: raise Wait if the bucket denies itself altogether, as a foreign one does."""
        try:
            self._region()
        except ClientError as error:
            if status_of(error) == 403:
                raise closed(self._place) from error
            raise
