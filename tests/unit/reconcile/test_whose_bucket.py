"""Whose a bucket is: what the operator made, what it adopted, and what somebody else has put in its place."""

import pytest

from recording_storage_operator.core.bucket_settings import CREATED_BY, tags_of
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import ACCOUNT, BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World

OTHER_ACCOUNT = "AC" + "9" * 32
REFUSED = Wait(Reason.S3_ACCESS_DENIED, "grant s3:CreateBucket")
UNANSWERED = Transient(Reason.S3_UNREACHABLE, "no answer")
LOOSE = {"publicAccess": "Unmanaged", "objectOwnership": "Unmanaged", "secureTransport": "Unmanaged"}


def made_by_hand(world: World, *keys: str) -> StoredBucket:
    """A new bucket, with objects of others."""
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    for key in keys:
        world.s3.put(BUCKET, key, size=5000)
    return world.s3.buckets[BUCKET]


def refused(world: World, **spec: str) -> Key:
    """A resource whose bucket could not be made, though that was approved."""
    world.s3.fail("create", REFUSED)
    key = world.create(**spec)
    if spec.get("approval") == "Manual":
        world.approve(key)
    assert BUCKET not in world.s3.buckets
    return key


def later(world: World, key: Key) -> None:
    world.clock.advance(seconds=400)
    world.run(key)


def marks(bucket: StoredBucket) -> dict[str, str]:
    return tags_of(bucket.documents.get(Aspect.TAGS, {}))


@pytest.mark.parametrize("approval", ["Automatic", "Manual"])
def test_what_an_administrator_makes_after_a_refusal_is_theirs(world: World, approval: str) -> None:
    key = refused(world, approval=approval)
    bucket = made_by_hand(world, "index.html")
    later(world, key)
    assert bucket.documents == {}
    assert world.condition(key, "Ready") == ("False", "AwaitingApproval")


def test_and_is_not_deleted_though_it_is_empty(world: World) -> None:
    key = refused(world, deletionPolicy="Delete")
    bucket = made_by_hand(world)
    later(world, key)
    assert CREATED_BY not in marks(bucket)
    world.cluster.delete(key)
    world.run(key)
    assert BUCKET in world.s3.buckets


def test_a_refusal_that_lasts_is_no_write_a_try(world: World) -> None:
    world.s3.fail("create", REFUSED, times=1000)
    key = world.create()
    for _ in range(2):
        later(world, key)
    writes = world.cluster.writes
    for _ in range(5):
        later(world, key)
    assert world.cluster.writes == writes


def test_an_empty_bucket_behind_an_unanswered_request_is_the_one_that_was_made(world: World) -> None:
    world.s3.fail("create", UNANSWERED)
    key = world.create()
    bucket = made_by_hand(world)
    later(world, key)
    assert marks(bucket)[CREATED_BY] == world.cluster.uid(key)


def test_one_with_objects_of_others_is_not(world: World) -> None:
    world.s3.fail("create", UNANSWERED)
    key = world.create()
    bucket = made_by_hand(world, "index.html")
    later(world, key)
    assert bucket.documents == {}
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")


def test_an_adopted_bucket_that_was_made_anew_is_never_marked(world: World) -> None:
    made_by_hand(world)
    key = world.create(driftPolicy="Report", deletionPolicy="Delete")
    del world.s3.buckets[BUCKET]
    world.sweep(key)
    bucket = made_by_hand(world)
    world.sweep(key)
    assert marks(bucket) == {}
    world.cluster.delete(key)
    world.run(key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize("policy", ["Revert", "Report"])
def test_what_takes_the_place_of_our_bucket_waits_for_a_person(world: World, policy: str) -> None:
    key = world.create(deletionPolicy="Delete", driftPolicy=policy)
    bucket = made_by_hand(world, "index.html")
    world.sweep(key)
    assert bucket.documents == {}
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
    world.approve(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert CREATED_BY not in marks(bucket)


def test_and_waits_for_longer_than_one_pass(world: World) -> None:
    key = world.create(s3=storage()["spec"]["s3"] | LOOSE)
    bucket = made_by_hand(world, "index.html")
    for _ in range(3):
        world.sweep(key)
        assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
        assert bucket.documents == {}
    world.approve(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert CREATED_BY not in marks(bucket)


def test_an_adopted_bucket_that_one_answer_did_not_know_is_not_marked_as_made_by_us(world: World) -> None:
    bucket = made_by_hand(world)
    key = world.create(deletionPolicy="Delete")
    world.s3.absent = 1
    for _ in range(3):
        world.sweep(key)
    assert CREATED_BY not in marks(bucket)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    world.cluster.delete(key)
    world.run(key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize("approval", ["Automatic", "Manual"])
def test_a_bucket_that_somebody_makes_right_before_us_is_theirs(world: World, approval: str) -> None:
    """Between our look and our request to make it, which would be answered: already yours."""
    theirs = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    bucket = made_by_hand(world, "index.html")
    bucket.documents[Aspect.OWNERSHIP] = theirs
    world.s3.absent = 1 if approval == "Automatic" else 9
    key = world.create(deletionPolicy="Delete", approval=approval)
    if approval == "Manual":
        assert "create bucket" in world.message(key, "InSync")
        world.s3.absent = 1
        world.approve(key)
    for _ in range(2):
        world.sweep(key)
    assert bucket.documents == {Aspect.OWNERSHIP: theirs}
    assert world.condition(key, "InSync") in [("False", "AwaitingApproval"), ("False", "ApprovalStale")]


def test_so_is_an_empty_one(world: World) -> None:
    bucket = made_by_hand(world)
    world.s3.absent = 1
    key = world.create(deletionPolicy="Delete")
    world.sweep(key)
    assert CREATED_BY not in marks(bucket)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    world.cluster.delete(key)
    world.run(key)
    assert BUCKET in world.s3.buckets


def test_a_mark_that_somebody_took_away_is_not_put_back(world: World) -> None:
    """Their settings are, and the bucket outlives the resource."""
    key = world.create(deletionPolicy="Delete")
    bucket = world.s3.buckets[BUCKET]
    bucket.documents.pop(Aspect.TAGS)
    bucket.documents.pop(Aspect.PUBLIC_ACCESS)
    world.sweep(key)
    assert marks(bucket) == {}
    assert bucket.documents[Aspect.PUBLIC_ACCESS]
    world.cluster.delete(key)
    world.run(key)
    assert BUCKET in world.s3.buckets


def test_a_guest_that_becomes_the_host_asks_before_it_stops_others(world: World) -> None:
    bucket = made_by_hand(world, "index.html")
    s3 = storage()["spec"]["s3"]
    other = {"accountSid": OTHER_ACCOUNT, "credentialsSecretRef": {"name": "twilio"}}
    host = world.cluster.create(storage("host", twilio=other, s3=s3 | {"prefix": "a"} | LOOSE))
    world.run(host)
    guest = world.cluster.create(storage("guest", s3=s3 | {"prefix": "b"}))
    world.run(guest)
    world.cluster.delete(host)
    world.clock.advance(seconds=1000)
    world.run(guest)
    assert Aspect.PUBLIC_ACCESS not in bucket.documents
    assert world.condition(guest, "InSync") == ("False", "AwaitingApproval")


def test_a_right_that_is_granted_later_stops_nobody_unasked(world: World) -> None:
    bucket = made_by_hand(world, "index.html")
    denied = {Aspect.PUBLIC_ACCESS, Aspect.OWNERSHIP, Aspect.POLICY}
    world.s3.unreadable |= denied
    key = world.create()
    world.s3.unreadable -= denied
    world.sweep(key)
    assert not denied & bucket.documents.keys()
    world.approve(key)
    assert denied <= bucket.documents.keys()


@pytest.mark.parametrize("recordings", [1500, 11_000])
def test_objects_of_others_are_looked_for_behind_the_first_page(world: World, recordings: int) -> None:
    """And what nobody has looked at may be theirs."""
    bucket = made_by_hand(world)
    for number in range(recordings):
        world.s3.put(BUCKET, f"{ACCOUNT}/RE{number:032x}")
    world.s3.put(BUCKET, "index.html", size=5000)
    key = world.create()
    assert Aspect.PUBLIC_ACCESS not in bucket.documents
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")


def test_what_takes_the_place_of_our_bucket_waits_for_a_person_though_its_tags_cannot_be_read(world: World) -> None:
    key = world.create(approval="Manual")
    world.approve(key)
    bucket = made_by_hand(world, "index.html")
    world.s3.unreadable.add(Aspect.TAGS)
    world.sweep(key)
    assert bucket.documents == {}


@pytest.mark.parametrize("looks", [2, 3])
def test_an_adopted_bucket_that_several_answers_did_not_know_is_not_marked_as_made_by_us(
    world: World, looks: int
) -> None:
    """Terraform has made it a moment ago, and S3 has not told all of its servers."""
    theirs = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    bucket = world.s3.buckets[BUCKET] = StoredBucket("eu-west-1")
    bucket.documents[Aspect.OWNERSHIP] = theirs
    world.s3.put(BUCKET, "index.html", size=5000)
    world.s3.absent = looks
    key = world.create(deletionPolicy="Delete", s3=storage()["spec"]["s3"] | {"region": "eu-west-1"})
    world.sweep(key)
    assert CREATED_BY not in tags_of(bucket.documents.get(Aspect.TAGS, {}))
    assert bucket.documents == {Aspect.OWNERSHIP: theirs}


@pytest.mark.parametrize("approval", ["Automatic", "Manual"])
@pytest.mark.parametrize("method", ["read", "write"])
def test_a_bucket_that_s3_does_not_show_right_after_it_was_made_is_ours_all_the_same(
    world: World, approval: str, method: str
) -> None:
    """S3 answers NoSuchBucket for some seconds to whoever asks for a bucket that was made just now."""
    key = world.cluster.create(storage(approval=approval, deletionPolicy="Delete"))
    world.s3.absent = 1
    world.s3.fail(method, Wait(Reason.BUCKET_MISSING, "bucket acme-recordings does not exist"))
    world.run(key)
    if approval == "Manual":
        world.approve(key)
    assert BUCKET in world.s3.buckets
    for _ in range(3):
        world.sweep(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted"), world.message(key, "InSync")
    assert tags_of(world.s3.buckets[BUCKET].documents[Aspect.TAGS]) == {CREATED_BY: world.cluster.uid(key)}
