"""What the operator relies on of a bucket, held against the fake, moto and versitygw alike."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from time import monotonic
from typing import Protocol, Self

import boto3
import pytest

from lab.s3 import Credentials, MotoServer, VersityGateway
from lab.s3 import client as s3_client
from recording_storage_operator.core.desired import Bucket
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.facts import BucketFacts, ObjectVersion
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.ports import BucketClient
from recording_storage_operator.s3.connect import Connections, Limits
from tests.fakes.s3 import FakeS3

REGION = "us-east-1"
PAGE_SIZE = 3
ODD_KEYS = [
    "odd/ leading and trailing ",
    "odd/a+b",
    "odd/a%20b",
    "odd/a&b<c>d\"e'f",
    "odd/ab=c;d,e:f@g",
    "odd/grün/日本",
    "odd/\U0001f399",
]


class SystemClock:
    """Real servers stamp real times, so the fake does here as well."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()


class World(Protocol):
    """A service, and the hands of its other users."""

    def client(self, bucket: str, region: str = REGION) -> BucketClient: ...

    def put(self, bucket: str, key: str, size: int = 5) -> None: ...

    def delete(self, bucket: str, key: str) -> None: ...

    def undelete(self, bucket: str, key: str) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self._s3 = FakeS3(SystemClock(), page_size=PAGE_SIZE)

    def client(self, bucket: str, region: str = REGION) -> BucketClient:
        return self._s3.bucket(bucket, region)

    def put(self, bucket: str, key: str, size: int = 5) -> None:
        self._s3.put(bucket, key, size)

    def delete(self, bucket: str, key: str) -> None:
        self._s3.delete(bucket, key)

    def undelete(self, bucket: str, key: str) -> None:
        self._s3.undelete(bucket, key)


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
        wanted = Bucket(bucket, region, endpoint_url=self._endpoint, credentials_secret="s3")
        return self._connections.bucket(wanted, self._values)

    def put(self, bucket: str, key: str, size: int = 5) -> None:
        self._others.put_object(Bucket=bucket, Key=key, Body=b"x" * size)

    def delete(self, bucket: str, key: str) -> None:
        self._others.delete_object(Bucket=bucket, Key=key)

    def undelete(self, bucket: str, key: str) -> None:
        for marker in self._others.list_object_versions(Bucket=bucket, Prefix=key)["DeleteMarkers"]:
            if marker["Key"] == key and marker["IsLatest"]:
                self._others.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])


@pytest.fixture(scope="module", params=["fake", "moto", "versitygw"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    with (
        MotoServer() if request.param == "moto" else VersityGateway() as server,
        ServerWorld(server.endpoint, server.access_key_id, server.secret_access_key) as served,
    ):
        yield served


_names = (f"recordings-{number}" for number in count(1))


@pytest.fixture
def name() -> str:
    """A bucket name nobody has used."""
    return next(_names)


@pytest.fixture
def bucket(world: World, name: str) -> BucketClient:
    """An existing bucket without versioning."""
    client = world.client(name)
    client.create()
    return client


@pytest.fixture
def versioned(bucket: BucketClient) -> BucketClient:
    bucket.enable_versioning()
    return bucket


def listed(client: BucketClient, prefix: str = "") -> list[ObjectVersion]:
    """Everything under a prefix, page by page."""
    page = client.versions(prefix)
    found = page.versions
    while page.next_page is not None:
        page = client.versions(prefix, page.next_page)
        found += page.versions
    return found


def state(client: BucketClient, prefix: str = "") -> list[tuple[str, bool]]:
    """Keys, and whether they are deleted, as listed."""
    return [(version.key, version.is_delete_marker) for version in listed(client, prefix)]


def test_an_absent_bucket_is_none(world: World, name: str) -> None:
    assert world.client(name).describe() is None


def test_a_created_bucket_is_there_without_versioning(bucket: BucketClient, name: str) -> None:
    assert bucket.describe() == BucketFacts(name, REGION, versioned=False)


def test_creating_our_own_bucket_again_is_success_and_changes_nothing(
    world: World, bucket: BucketClient, name: str
) -> None:
    world.put(name, "kept")

    bucket.create()

    assert state(bucket) == [("kept", False)]


def test_versioning_stays_on_however_often_it_is_enabled(bucket: BucketClient, name: str) -> None:
    bucket.enable_versioning()
    bucket.enable_versioning()

    assert bucket.describe() == BucketFacts(name, REGION, versioned=True)


def test_a_bucket_in_another_region_waits_for_a_person(world: World, bucket: BucketClient, name: str) -> None:
    with pytest.raises(Wait, match=r"us-east-1.*eu-west-1") as caught:
        world.client(name, "eu-west-1").describe()

    assert caught.value.reason is Reason.BUCKET_WRONG_REGION


def test_a_deleted_object_is_listed_by_its_delete_marker_and_its_time(
    world: World, versioned: BucketClient, name: str
) -> None:
    world.put(name, "a")
    before = datetime.now(UTC).replace(microsecond=0)
    world.delete(name, "a")

    (found,) = listed(versioned)

    assert (found.key, found.is_delete_marker) == ("a", True)
    assert before <= found.modified_at <= datetime.now(UTC)


def test_an_object_is_listed_once_at_its_latest_version(world: World, versioned: BucketClient, name: str) -> None:
    world.put(name, "a", size=1)
    world.put(name, "a", size=2)
    world.delete(name, "a")
    world.put(name, "a", size=3)

    (found,) = listed(versioned)

    assert (found.key, found.is_delete_marker, found.size) == ("a", False, 3)


def test_removing_the_delete_marker_brings_the_object_back(world: World, versioned: BucketClient, name: str) -> None:
    world.put(name, "a")
    world.delete(name, "a")

    world.undelete(name, "a")

    assert state(versioned) == [("a", False)]
    assert versioned.has("a")


def test_objects_from_before_versioning_leave_a_delete_marker_too(
    world: World, bucket: BucketClient, name: str
) -> None:
    world.put(name, "old")
    bucket.enable_versioning()
    world.delete(name, "old")

    assert state(bucket) == [("old", True)]


def test_a_deletion_without_versioning_leaves_no_trace(world: World, bucket: BucketClient, name: str) -> None:
    world.put(name, "a")
    world.put(name, "b")
    world.delete(name, "a")

    assert state(bucket) == [("b", False)]
    assert (bucket.has("a"), bucket.has("b")) == (False, True)


def test_every_key_is_listed_once_and_in_order_over_many_pages(
    world: World, versioned: BucketClient, name: str
) -> None:
    """Page ends fall on objects, delete markers and older versions, because keys have one to three versions."""
    expected = []
    for number in range(11):
        key = f"rec/{number:02}"
        for _ in range(number % 3 + 1):
            world.put(name, key)
        if deleted := number % 2 == 0:
            world.delete(name, key)
        expected.append((key, deleted))

    assert state(versioned, "rec/") == expected


def test_pages_of_a_bucket_without_versioning_go_on_too(world: World, bucket: BucketClient, name: str) -> None:
    keys = [f"rec/{number}" for number in range(7)]
    for key in keys:
        world.put(name, key)

    assert state(bucket) == [(key, False) for key in keys]


def test_an_empty_bucket_lists_nothing(versioned: BucketClient) -> None:
    assert listed(versioned) == []


def test_only_keys_under_the_prefix_are_listed(world: World, versioned: BucketClient, name: str) -> None:
    for key in ("rec/a", "rec/sub/b", "rec2/c", "record", "other/rec/d"):
        world.put(name, key)
        world.delete(name, key)
        world.put(name, key)

    assert state(versioned, "rec/") == [("rec/a", False), ("rec/sub/b", False)]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_comes_back_as_it_was_written(world: World, versioned: BucketClient, name: str, key: str) -> None:
    world.put(name, key)

    assert state(versioned, "odd/") == [(key, False)]
    assert state(versioned, key) == [(key, False)]
    assert versioned.has(key)


def test_odd_keys_are_no_obstacle_between_pages(world: World, versioned: BucketClient, name: str) -> None:
    for key in ODD_KEYS:
        world.put(name, key)
        world.put(name, key)

    assert state(versioned, "odd/") == [(key, False) for key in sorted(ODD_KEYS, key=str.encode)]


@pytest.mark.parametrize("size", [0, 5])
def test_an_object_is_had_until_it_is_deleted(world: World, versioned: BucketClient, name: str, size: int) -> None:
    assert not versioned.has("a")

    world.put(name, "a", size)
    assert versioned.has("a")

    world.delete(name, "a")
    assert not versioned.has("a")


def test_a_missing_bucket_is_neither_an_empty_listing_nor_a_missing_object(world: World, name: str) -> None:
    client = world.client(name)
    reasons = []
    for ask in (lambda: client.versions("rec/"), lambda: client.has("rec/a"), client.enable_versioning):
        with pytest.raises(Wait) as caught:
            ask()
        reasons.append(caught.value.reason)

    assert reasons == [Reason.BUCKET_MISSING] * 3


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[MotoServer, dict[str, Credentials]]]:
    """A server that checks signatures and rights, with a bucket `guarded` and key pairs by what is the matter."""
    with MotoServer() as server:
        pairs = {"denied user": server.create_user("denied", allowing("s3:ListAllMyBuckets"))}
        server.enforce_iam()
        pairs["unknown key"] = Credentials("AKIANOBODYNOBODYNOBO", "secret")
        pairs["wrong secret"] = Credentials(server.access_key_id, "secret")
        administrator = server.client()
        administrator.create_bucket(Bucket="guarded")
        administrator.close()
        yield server, pairs


def allowing(action: str) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


@pytest.mark.parametrize(
    ("who", "on_describe", "on_use"),
    [
        ("denied user", Reason.BUCKET_NOT_OWNED, Reason.S3_ACCESS_DENIED),
        ("unknown key", Reason.S3_CREDENTIALS_REJECTED, Reason.S3_CREDENTIALS_REJECTED),
        ("wrong secret", Reason.S3_CREDENTIALS_REJECTED, Reason.S3_CREDENTIALS_REJECTED),
    ],
)
def test_without_rights_everything_waits_and_nothing_looks_gone(
    guarded: tuple[MotoServer, dict[str, Credentials]], who: str, on_describe: Reason, on_use: Reason
) -> None:
    server, pairs = guarded
    reasons = []
    with ServerWorld(server.endpoint, *pairs[who]) as world:
        client = world.client("guarded")
        for ask in (client.describe, client.enable_versioning, lambda: client.versions(""), lambda: client.has("a")):
            with pytest.raises(Wait) as caught:
                ask()
            reasons.append(caught.value.reason)

    assert reasons == [on_describe, on_use, on_use, on_use]


def test_a_name_that_another_account_took_cannot_be_created(name: str) -> None:
    with (
        MotoServer() as server,
        another_account(server) as theirs,
        ServerWorld(server.endpoint, server.access_key_id, server.secret_access_key) as ours,
    ):
        theirs.client(name).create()
        with pytest.raises(Wait) as caught:
            ours.client(name).create()

    assert caught.value.reason is Reason.BUCKET_NOT_OWNED


def another_account(server: MotoServer) -> ServerWorld:
    sts = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
        region_name=REGION,
    )
    role = sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/other", RoleSessionName="other")["Credentials"]
    sts.close()
    return ServerWorld(server.endpoint, role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])


@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-7"])
def test_a_bucket_is_created_in_the_region_asked_for(name: str, region: str) -> None:
    with (
        MotoServer() as server,
        ServerWorld(server.endpoint, server.access_key_id, server.secret_access_key) as world,
    ):
        client = world.client(name, region)
        client.create()

        assert client.describe() == BucketFacts(name, region, versioned=False)
