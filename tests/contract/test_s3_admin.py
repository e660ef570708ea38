"""What the operator relies on when it administers a bucket, held against the fake, moto and versitygw alike."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from typing import Any

import pytest

from lab.s3 import Credentials, MotoServer
from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import Aspect, BucketFacts, Obstacle, Reading
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.ports import BucketAdmin
from tests.contract.s3_worlds import REGION, FakeWorld, ServerWorld, World, world_of

LACKING: dict[str, set[Aspect]] = {
    "fake": set(),
    "moto": set(),
    "versitygw": {Aspect.ENCRYPTION, Aspect.PUBLIC_ACCESS, Aspect.LIFECYCLE},
}
"""What a server does not have."""

HAVING = [(kind, aspect) for kind, lacking in LACKING.items() for aspect in Aspect if aspect not in lacking]

PRESET = {"versitygw": {Aspect.OWNERSHIP: {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}}
"""What a new bucket has at a server without being asked."""


def secure_transport(bucket: str) -> dict[str, Any]:
    """As the operator writes it."""
    return {
        "Sid": "SecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def somebodys(bucket: str) -> dict[str, Any]:
    """A statement of somebody else, single values where lists may be."""
    return {
        "Sid": "Readers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def rule(name: str, days: int) -> dict[str, Any]:
    return {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }


SMALLEST = {"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}


def documents(aspect: Aspect, bucket: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two documents that an aspect may have one after the other."""
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    encrypted = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/recordings"}
    pairs: dict[Aspect, tuple[dict[str, Any], dict[str, Any]]] = {
        Aspect.VERSIONING: ({"Status": "Suspended"}, {"Status": "Enabled"}),
        Aspect.ENCRYPTION: (
            {"Rules": [encrypted]},
            {"Rules": [{"ApplyServerSideEncryptionByDefault": kms, "BucketKeyEnabled": True}]},
        ),
        Aspect.PUBLIC_ACCESS: (dict.fromkeys(blocks, False) | {blocks[0]: True}, dict.fromkeys(blocks, True)),
        Aspect.OWNERSHIP: (
            {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        ),
        Aspect.LIFECYCLE: (
            {"Rules": [rule("a", 3)], **SMALLEST},
            {"Rules": [rule("a", 7), rule("b", 9)], **SMALLEST},
        ),
        Aspect.POLICY: (policy(somebodys(bucket)), policy(somebodys(bucket), secure_transport(bucket))),
        Aspect.TAGS: (
            {"TagSet": [{"Key": "team", "Value": "voice"}, {"Key": "grün", "Value": "a b=c"}]},
            {"TagSet": [{"Key": "team", "Value": "calls"}]},
        ),
    }
    return pairs[aspect]


NOTHING_IN_IT: dict[Aspect, dict[str, Any]] = {
    Aspect.ENCRYPTION: {"Rules": []},
    Aspect.OWNERSHIP: {"Rules": []},
    Aspect.LIFECYCLE: {"Rules": [], **SMALLEST},
    Aspect.POLICY: policy(),
    Aspect.TAGS: {"TagSet": []},
}


@pytest.fixture(scope="module")
def worlds() -> Iterator[Callable[[str], World]]:
    """The services by kind, each started once it is asked for."""
    with ExitStack() as started:

        @cache
        def get(kind: str) -> World:
            world = started.enter_context(world_of(kind))
            if isinstance(world, FakeWorld):
                world.s3.unsupported |= LACKING[kind]
            return world

        yield get


@pytest.fixture(params=LACKING)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(worlds: Callable[[str], World], kind: str) -> World:
    return worlds(kind)


_names = (f"administered-{number}" for number in count(1))


@pytest.fixture
def name() -> str:
    """A bucket name nobody has used."""
    return next(_names)


@pytest.fixture
def admin(world: World, name: str) -> BucketAdmin:
    """The administration of an existing bucket."""
    made = world.admin(name)
    made.create()
    return made


def reason_of(call: Callable[[], object]) -> Reason:
    with pytest.raises(Wait) as caught:
        call()
    return caught.value.reason


def in_order(document: Any) -> Any:
    """Tags come in no order."""
    return {"TagSet": sorted(document["TagSet"], key=str)} if "TagSet" in document else document


@pytest.mark.parametrize(("kind", "aspect"), HAVING, indirect=["kind"])
def test_what_is_written_is_read_and_replaces_what_was_there(
    admin: BucketAdmin, kind: str, name: str, aspect: Aspect
) -> None:
    assert admin.read(aspect) == Reading(PRESET.get(kind, {}).get(aspect, {}))

    for document in documents(aspect, name):
        admin.write(aspect, document)
        found = admin.read(aspect)
        assert (found.obstacle, found.advice) == (None, "")
        assert in_order(found.document) == in_order(document)


@pytest.mark.parametrize(("kind", "aspect"), HAVING, indirect=["kind"])
def test_what_was_read_may_be_written_back(admin: BucketAdmin, name: str, aspect: Aspect) -> None:
    admin.write(aspect, documents(aspect, name)[1])
    before = admin.read(aspect)

    admin.write(aspect, before.document)

    assert admin.read(aspect) == before


@pytest.mark.parametrize(
    ("kind", "aspect"), [pair for pair in HAVING if pair[1] is not Aspect.VERSIONING], indirect=["kind"]
)
def test_an_empty_document_removes_an_aspect(admin: BucketAdmin, name: str, aspect: Aspect) -> None:
    nothing: list[dict[str, Any]] = [{}, NOTHING_IN_IT.get(aspect, {})]
    for empty in nothing:
        admin.write(aspect, documents(aspect, name)[0])
        admin.write(aspect, empty)
        admin.write(aspect, empty)

        assert admin.read(aspect) == Reading({})


def test_versioning_cannot_be_removed(admin: BucketAdmin) -> None:
    admin.write(Aspect.VERSIONING, {"Status": "Enabled"})

    with pytest.raises(ReconcileError):
        admin.write(Aspect.VERSIONING, {})
    assert admin.read(Aspect.VERSIONING) == Reading({"Status": "Enabled"})


def test_what_a_server_lacks_is_told_and_not_written(admin: BucketAdmin, kind: str, name: str) -> None:
    lacking = {aspect for aspect in Aspect if admin.read(aspect).obstacle is Obstacle.UNSUPPORTED}

    assert lacking == LACKING[kind]
    for aspect in lacking:
        assert aspect in admin.read(aspect).advice
        anything: list[dict[str, Any]] = [documents(aspect, name)[0], {}]
        for document in anything:
            with pytest.raises(Wait, match=aspect) as caught:
                admin.write(aspect, document)
            assert (caught.value.reason, caught.value.after) == (Reason.NOT_SUPPORTED, 3600)


def test_the_aspects_of_one_bucket_are_not_anothers(world: World, admin: BucketAdmin, name: str) -> None:
    other = world.admin(f"{name}-other")
    other.create()
    admin.write(Aspect.TAGS, documents(Aspect.TAGS, name)[1])

    assert other.read(Aspect.TAGS) == Reading({})


@pytest.mark.parametrize("aspect", Aspect)
def test_a_missing_bucket_is_not_one_without_settings(world: World, name: str, aspect: Aspect) -> None:
    missing = world.admin(name)

    assert reason_of(lambda: missing.read(aspect)) is Reason.BUCKET_MISSING
    assert reason_of(lambda: missing.write(aspect, documents(aspect, name)[0])) is Reason.BUCKET_MISSING


def test_an_empty_bucket_is_deleted_and_deleting_it_again_is_success(
    world: World, admin: BucketAdmin, name: str
) -> None:
    admin.delete()
    admin.delete()

    assert world.client(name).describe() is None


def test_a_bucket_takes_its_settings_with_it(world: World, admin: BucketAdmin, name: str) -> None:
    admin.write(Aspect.VERSIONING, {"Status": "Enabled"})
    admin.delete()
    admin.create()

    assert world.client(name).describe() == BucketFacts(name, REGION, versioned=False)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_bucket_with_an_object_is_kept(world: World, admin: BucketAdmin, name: str, versioned: bool) -> None:
    if versioned:
        admin.write(Aspect.VERSIONING, {"Status": "Enabled"})
    world.put(name, "a")

    assert reason_of(admin.delete) is Reason.BUCKET_NOT_EMPTY
    assert world.client(name).has("a")


def test_a_bucket_with_nothing_but_an_older_version_is_kept(world: World, admin: BucketAdmin, name: str) -> None:
    admin.write(Aspect.VERSIONING, {"Status": "Enabled"})
    world.put(name, "a")
    world.delete(name, "a")

    assert reason_of(admin.delete) is Reason.BUCKET_NOT_EMPTY
    world.undelete(name, "a")
    assert world.client(name).has("a")


def test_a_bucket_with_nothing_but_a_delete_marker_is_kept(world: World, admin: BucketAdmin, name: str) -> None:
    """The marker is all that tells when the object was deleted."""
    admin.write(Aspect.VERSIONING, {"Status": "Enabled"})
    world.put(name, "a")
    world.delete(name, "a")
    world.purge(name, "a")

    assert reason_of(admin.delete) is Reason.BUCKET_NOT_EMPTY
    (marker,) = world.client(name).versions("").versions
    assert marker.is_delete_marker


def test_a_bucket_with_an_upload_under_way_is_kept(world: World, admin: BucketAdmin, name: str) -> None:
    world.begin_upload(name, "a")

    with pytest.raises(Wait, match="upload into it is under way") as caught:
        admin.delete()

    assert caught.value.reason is Reason.BUCKET_NOT_EMPTY
    assert world.client(name).describe() is not None


RIGHTS = {
    Aspect.VERSIONING: ("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
    Aspect.ENCRYPTION: ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
    Aspect.PUBLIC_ACCESS: ("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    Aspect.OWNERSHIP: ("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    Aspect.LIFECYCLE: ("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    Aspect.POLICY: ("s3:GetBucketPolicy", "s3:PutBucketPolicy"),
    Aspect.TAGS: ("s3:GetBucketTagging", "s3:PutBucketTagging"),
}
"""AWS's IAM actions to read and to write an aspect. Removing it is writing it, but for a policy."""


def all_but(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}]}


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[MotoServer, dict[str, Credentials]]]:
    """A server that checks signatures and rights, with a bucket `guarded` and key pairs by what they lack."""
    with MotoServer() as server:
        pairs = {
            "everything": server.create_user("nobody", all_but("s3:*")),
            "GetBucketTagging": server.create_user("blind", all_but("s3:GetBucketTagging")),
            "PutBucketTagging": server.create_user("reader", all_but("s3:PutBucketTagging")),
            "DeleteBucket": server.create_user("keeper", all_but("s3:DeleteBucket")),
        }
        server.enforce_iam()
        pairs["a valid key"] = Credentials("AKIANOBODYNOBODYNOBO", "secret")
        pairs["the secret"] = Credentials(server.access_key_id, "secret")
        administrator = server.client()
        administrator.create_bucket(Bucket="guarded")
        administrator.close()
        yield server, pairs


@pytest.fixture(scope="module")
def lacks(guarded: tuple[MotoServer, dict[str, Credentials]]) -> Iterator[Callable[[str], BucketAdmin]]:
    """The administration of `guarded` as somebody who lacks something."""
    server, pairs = guarded
    worlds = {what: ServerWorld(server.endpoint, *pair) for what, pair in pairs.items()}
    yield lambda what: worlds[what].admin("guarded")
    for world in worlds.values():
        world.__exit__()


@pytest.mark.parametrize("aspect", Aspect)
def test_a_right_that_is_missing_is_named(lacks: Callable[[str], BucketAdmin], aspect: Aspect) -> None:
    admin = lacks("everything")
    read, write = RIGHTS[aspect]
    remove = "s3:DeleteBucketPolicy" if aspect is Aspect.POLICY else write
    found = admin.read(aspect)

    assert (found.document, found.obstacle) == ({}, Obstacle.DENIED)
    assert found.advice.endswith(f"grant {read}")
    with pytest.raises(Wait, match=f"grant {write}$") as caught:
        admin.write(aspect, documents(aspect, "guarded")[0])
    assert caught.value.reason is Reason.S3_ACCESS_DENIED
    with pytest.raises(Wait, match=f"grant {remove}$"):
        admin.write(aspect, {})


def test_only_the_right_that_is_missing_is_an_obstacle(lacks: Callable[[str], BucketAdmin]) -> None:
    tags = documents(Aspect.TAGS, "guarded")[1]
    lacks("GetBucketTagging").write(Aspect.TAGS, tags)

    assert lacks("GetBucketTagging").read(Aspect.TAGS).obstacle is Obstacle.DENIED
    assert lacks("GetBucketTagging").read(Aspect.OWNERSHIP) == Reading({})
    assert lacks("PutBucketTagging").read(Aspect.TAGS) == Reading(tags)
    assert reason_of(lambda: lacks("PutBucketTagging").write(Aspect.TAGS, {})) is Reason.S3_ACCESS_DENIED


def test_a_bucket_is_not_deleted_without_the_right_to(lacks: Callable[[str], BucketAdmin]) -> None:
    for who in ("everything", "DeleteBucket"):
        with pytest.raises(Wait, match=r"grant s3:ListBucketMultipartUploads and s3:DeleteBucket") as caught:
            lacks(who).delete()
        assert caught.value.reason is Reason.S3_ACCESS_DENIED


@pytest.mark.parametrize("what", ["a valid key", "the secret"])
def test_refused_credentials_are_no_obstacle_of_one_aspect(lacks: Callable[[str], BucketAdmin], what: str) -> None:
    admin = lacks(what)
    calls: list[Callable[[], object]] = [
        lambda: admin.read(Aspect.TAGS),
        lambda: admin.write(Aspect.TAGS, {}),
        admin.delete,
        admin.create,
    ]

    assert {reason_of(call) for call in calls} == {Reason.S3_CREDENTIALS_REJECTED}


@pytest.mark.parametrize("kind", ["fake", "moto"])
def test_a_bucket_in_another_region_is_administered_there(name: str, kind: str) -> None:
    with world_of(kind) as world:
        admin = world.admin(name, "eu-west-1")
        admin.create()
        admin.write(Aspect.TAGS, documents(Aspect.TAGS, name)[1])

        assert admin.read(Aspect.TAGS) == Reading(documents(Aspect.TAGS, name)[1])
        with pytest.raises(Transient) as caught:
            admin.create()
        assert caught.value.reason is Reason.WORLD_MOVED, "it may be somebody else's"
        admin.delete()
        assert world.client(name, "eu-west-1").describe() is None
