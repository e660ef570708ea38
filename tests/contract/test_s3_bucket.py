"""What the operator relies on when it reads a bucket, held against the fake, moto and versitygw alike."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count

import boto3
import pytest

from lab.s3 import Credentials, MotoServer
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.facts import Aspect, BucketFacts, ObjectVersion
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.ports import BucketClient
from tests.contract.s3_worlds import REGION, ServerWorld, World, world_of

ODD_KEYS = [
    "odd/ leading and trailing ",
    "odd/a+b",
    "odd/a%20b",
    "odd/a&b<c>d\"e'f",
    "odd/ab=c;d,e:f@g",
    "odd/grün/日本",
    "odd/\U0001f399",
]
ENABLED = {"Status": "Enabled"}


@pytest.fixture(scope="module", params=["fake", "moto", "versitygw"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with world_of(request.param) as made:
        yield made


_names = (f"recordings-{number}" for number in count(1))


@pytest.fixture
def name() -> str:
    """A bucket name nobody has used."""
    return next(_names)


@pytest.fixture
def bucket(world: World, name: str) -> BucketClient:
    """An existing bucket without versioning."""
    world.admin(name).create()
    return world.client(name)


@pytest.fixture
def versioned(world: World, bucket: BucketClient, name: str) -> BucketClient:
    world.admin(name).write(Aspect.VERSIONING, ENABLED)
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


def test_creating_a_bucket_that_is_there_changes_nothing_in_it(world: World, bucket: BucketClient, name: str) -> None:
    """To us-east-1 that is success, to others a refusal."""
    world.put(name, "kept")

    with suppress(Transient):
        world.admin(name).create()

    assert state(bucket) == [("kept", False)]


def test_versioning_stays_on_however_often_it_is_enabled(world: World, bucket: BucketClient, name: str) -> None:
    world.admin(name).write(Aspect.VERSIONING, ENABLED)
    world.admin(name).write(Aspect.VERSIONING, ENABLED)

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
    world.admin(name).write(Aspect.VERSIONING, ENABLED)
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
    for ask in (lambda: client.versions("rec/"), lambda: client.has("rec/a")):
        with pytest.raises(Wait) as caught:
            ask()
        reasons.append(caught.value.reason)

    assert reasons == [Reason.BUCKET_MISSING] * 2


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
        for ask in (client.describe, lambda: client.versions(""), lambda: client.has("a")):
            with pytest.raises(Wait) as caught:
                ask()
            reasons.append(caught.value.reason)

    assert reasons == [on_describe, on_use, on_use]


def test_a_name_that_another_account_took_cannot_be_created(name: str) -> None:
    with (
        MotoServer() as server,
        another_account(server) as theirs,
        ServerWorld(server.endpoint, server.access_key_id, server.secret_access_key) as ours,
    ):
        theirs.admin(name).create()
        with pytest.raises(Wait) as caught:
            ours.admin(name).create()

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
        world.admin(name, region).create()

        assert world.client(name, region).describe() == BucketFacts(name, region, versioned=False)
