"""The S3 services the suite runs against: the fake in memory, and the operator's own clients of a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol, Self

from lab.s3 import MotoServer, VersityGateway
from lab.s3 import client as s3_client
from recording_storage_operator.core.desired import Bucket
from recording_storage_operator.reconcile.ports import BucketAdmin, BucketClient
from recording_storage_operator.s3.connect import Connections, Limits
from tests.fakes.s3 import FakeS3

REGION = "us-east-1"
PAGE_SIZE = 3


class SystemClock:
    """Real servers stamp real times, so the fake does here as well."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


class World(Protocol):
    """A service, and the hands of its other users."""

    def client(self, bucket: str, region: str = REGION) -> BucketClient: ...

    def admin(self, bucket: str, region: str = REGION) -> BucketAdmin: ...

    def put(self, bucket: str, key: str, size: int = 5) -> None: ...

    def delete(self, bucket: str, key: str) -> None: ...

    def undelete(self, bucket: str, key: str) -> None: ...

    def purge(self, bucket: str, key: str) -> None:
        """Remove every version of a deleted key; its delete markers stay."""
        ...

    def begin_upload(self, bucket: str, key: str) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self.s3 = FakeS3(SystemClock(), page_size=PAGE_SIZE)

    def client(self, bucket: str, region: str = REGION) -> BucketClient:
        return self.s3.bucket(bucket, region)

    def admin(self, bucket: str, region: str = REGION) -> BucketAdmin:
        return self.s3.admin(bucket, region)

    def put(self, bucket: str, key: str, size: int = 5) -> None:
        self.s3.put(bucket, key, size)

    def delete(self, bucket: str, key: str) -> None:
        self.s3.delete(bucket, key)

    def undelete(self, bucket: str, key: str) -> None:
        self.s3.undelete(bucket, key)

    def purge(self, bucket: str, key: str) -> None:
        history = self.s3.buckets[bucket].versions
        history[key] = [version for version in history[key] if version.is_delete_marker]

    def begin_upload(self, bucket: str, key: str) -> None:
        self.s3.buckets[bucket].uploads.add(key)


class ServerWorld:
    """A server over its socket: the operator's own client, and a plain SDK client for everybody else."""

    def __init__(self, endpoint: str, access_key_id: str, secret_access_key: str, session_token: str = "") -> None:
        self._endpoint = endpoint
        self._values = {"accessKeyId": access_key_id, "secretAccessKey": secret_access_key}
        if session_token:
            self._values["sessionToken"] = session_token
        self._others = s3_client(endpoint, access_key_id, secret_access_key)
        self._connections = Connections([endpoint], allow_ambient=False, limits=Limits(page_size=PAGE_SIZE, attempts=1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.close()
        self._others.close()

    def client(self, bucket: str, region: str = REGION) -> BucketClient:
        return self._connections.bucket(self._bucket(bucket, region), self._values)

    def admin(self, bucket: str, region: str = REGION) -> BucketAdmin:
        return self._connections.admin(self._bucket(bucket, region), self._values)

    def put(self, bucket: str, key: str, size: int = 5) -> None:
        self._others.put_object(Bucket=bucket, Key=key, Body=b"x" * size)

    def delete(self, bucket: str, key: str) -> None:
        self._others.delete_object(Bucket=bucket, Key=key)

    def undelete(self, bucket: str, key: str) -> None:
        for marker in self._others.list_object_versions(Bucket=bucket, Prefix=key)["DeleteMarkers"]:
            if marker["Key"] == key and marker["IsLatest"]:
                self._others.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])

    def purge(self, bucket: str, key: str) -> None:
        for version in self._others.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
            self._others.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])

    def begin_upload(self, bucket: str, key: str) -> None:
        self._others.create_multipart_upload(Bucket=bucket, Key=key)

    def _bucket(self, name: str, region: str) -> Bucket:
        return Bucket(name, region, endpoint_url=self._endpoint, credentials_secret="s3")


@contextmanager
def world_of(kind: str) -> Iterator[World]:
    """The fake, or a server of its own: `moto` or `versitygw`."""
    if kind == "fake":
        yield FakeWorld()
        return
    with (
        MotoServer() if kind == "moto" else VersityGateway() as server,
        ServerWorld(server.endpoint, server.access_key_id, server.secret_access_key) as served,
    ):
        yield served
