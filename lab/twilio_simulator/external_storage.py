"""External Storage as the Console switches it: Twilio writes new recordings into the customer's bucket."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import TYPE_CHECKING

from .bucket_url import BucketUrl
from .media import Audio, wav
from .recordings import ExternalObject, Recording

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MULTIPART_ABOVE = 5 * 1024 * 1024
IN_MEMORY = 16 * 1024 * 1024
PARALLEL_UPLOADS = 8
INVALID_CONFIGURATION = 16111
ACCESS_DENIED = 16112
_DENIALS = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"})


class UploadFailed(Exception):
    """A write into the bucket did not work; `code` is the alert that Twilio raises for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an account's new recordings go. Without an endpoint they are only said to go there.

    `credential_sid` names the registered AWS credential whose key pair this is, if it is one.
    """

    place: BucketUrl
    endpoint_url: str | None
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    credential_sid: str | None = None

    def object_for(self, recording: Recording, style: str) -> ExternalObject:
        """`{prefix}/{AccountSid}/{RecordingSid}`, without an extension."""
        name = f"{recording.account_sid}/{recording.sid}"
        url = f"{self.place.styled(style)}/{name}"
        return ExternalObject(self.endpoint_url, self.place.bucket, self.place.key(name), url)


@dataclass(slots=True)
class ExternalStorage:
    """The switches, and the S3 clients behind them. Methods that block say so; they belong in a thread."""

    enabled: dict[str, Destination] = field(default_factory=dict)
    """Account SID to where new recordings go now."""
    _known: dict[tuple[str, str | None, str], Destination] = field(default_factory=dict)
    """The latest credentials by account, endpoint and bucket: for looking, also after the switch is off."""
    _clients: "dict[tuple[str | None, str, str], S3Client]" = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def enable(self, account_sid: str, destination: Destination) -> None:
        """Write the test object and, if that worked, switch on. Blocks; raises UploadFailed."""
        if destination.endpoint_url:
            key = destination.place.key(f"{account_sid}/external-storage-test.txt")
            self._put(destination, key, Audio("text/plain", b"External storage test\n", b"", 22))
        self._known[account_sid, destination.endpoint_url, destination.place.bucket] = destination
        self.enabled[account_sid] = destination

    def upload(self, destination: Destination, recordings: list[Recording]) -> dict[str, int]:
        """Upload; returns the SIDs that failed with their alert codes. Blocks."""

        def alert_of(recording: Recording) -> int | None:
            assert recording.external is not None
            try:
                self._put(destination, recording.external.key, wav(recording))
            except UploadFailed as failure:
                return failure.code
            return None

        with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
            codes = pool.map(alert_of, recordings)
            return {recording.sid: code for recording, code in zip(recordings, codes, strict=True) if code}

    def look(self, recordings: Iterable[Recording]) -> dict[str, bool]:
        """SID to whether its object is there. What S3 gave no full answer about is left out. Blocks."""
        seen: dict[str, bool] = {}
        for destination, folder, group in self._folders(recordings):
            keys = self._keys(destination, folder)
            if keys is not None:
                seen.update((row.sid, row.external is not None and row.external.key in keys) for row in group)
        return seen

    def _folders(self, recordings: Iterable[Recording]) -> Iterator[tuple[Destination, str, list[Recording]]]:
        groups: defaultdict[tuple[str, str, str, str], list[Recording]] = defaultdict(list)
        for row in recordings:
            if row.external is not None and row.external.endpoint_url:
                folder = row.external.key.rpartition("/")[0] + "/"
                groups[row.account_sid, row.external.endpoint_url, row.external.bucket, folder].append(row)
        for (account_sid, endpoint, bucket, folder), group in groups.items():
            yield self._known[account_sid, endpoint, bucket], folder, group

    def _keys(self, destination: Destination, folder: str) -> set[str] | None:
        """Every key in a folder: none where the bucket itself is gone, None where S3 did not answer in full."""
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client(destination).get_paginator("list_objects_v2")
        try:
            listing = pages.paginate(Bucket=destination.place.bucket, Prefix=folder)
            return {item["Key"] for page in listing for item in page.get("Contents", [])}
        except ClientError as error:
            return set() if error.response["Error"].get("Code") == "NoSuchBucket" else None
        except BotoCoreError:
            return None

    def _put(self, destination: Destination, key: str, content: Audio) -> None:
        from boto3.exceptions import S3UploadFailedError
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import BotoCoreError, ClientError

        config = TransferConfig(MULTIPART_ABOVE, multipart_chunksize=MULTIPART_ABOVE, use_threads=False)
        with SpooledTemporaryFile(IN_MEMORY) as body:
            body.writelines(content.chunks())
            body.seek(0)
            try:
                self._client(destination).upload_fileobj(
                    body, destination.place.bucket, key, {"ContentType": content.content_type}, Config=config
                )
            except ClientError as error:
                denied = error.response["Error"].get("Code", "") in _DENIALS
                raise UploadFailed(ACCESS_DENIED if denied else INVALID_CONFIGURATION, str(error)) from error
            except (BotoCoreError, S3UploadFailedError) as error:
                raise UploadFailed(INVALID_CONFIGURATION, str(error)) from error

    def _client(self, destination: Destination) -> "S3Client":
        import boto3
        from botocore.config import Config

        identity = (destination.endpoint_url, destination.access_key_id, destination.secret_access_key)
        config = Config(
            s3={"addressing_style": "path"},
            connect_timeout=2,
            read_timeout=10,
            max_pool_connections=PARALLEL_UPLOADS,
            retries={"total_max_attempts": 2},
        )
        with self._lock:
            if identity not in self._clients:
                self._clients[identity] = boto3.client(
                    "s3",
                    region_name=destination.place.region,
                    endpoint_url=destination.endpoint_url,
                    aws_access_key_id=destination.access_key_id,
                    aws_secret_access_key=destination.secret_access_key,
                    config=config,
                )
            return self._clients[identity]
