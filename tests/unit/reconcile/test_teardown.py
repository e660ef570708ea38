"""The end of a resource: nothing with a recording in it goes, and nothing hangs."""

from typing import Any

import pytest

from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, BUCKET_URL, storage
from tests.fakes.s3 import StoredBucket
from tests.fakes.twilio import Call
from tests.unit.reconcile.world import World, object_key


def deleted(world: World, **spec: Any) -> Key:
    """A resource with deletionPolicy Delete that somebody has deleted, before the operator sees that."""
    key = world.create(**{"deletionPolicy": "Delete"} | spec)
    world.cluster.delete(key)
    asked_at = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    world.cluster.objects[key]["metadata"]["deletionTimestamp"] = asked_at
    return key


def is_gone(world: World, key: Key) -> bool:
    return key not in world.cluster.objects


def test_a_retained_resource_is_gone_without_the_operator(world: World) -> None:
    key = world.create()
    world.cluster.delete(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_a_resource_is_held_only_while_something_shall_be_deleted_with_it(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    assert world.cluster.objects[key]["metadata"]["finalizers"]
    world.cluster.edit(key, lambda obj: obj["spec"].update(deletionPolicy="Retain"))
    world.run(key)

    assert not world.cluster.objects[key]["metadata"]["finalizers"]


def test_an_empty_bucket_that_was_made_for_it_goes_with_it(world: World) -> None:
    key = deleted(world)
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets == {}


def test_a_bucket_with_anything_in_it_blocks_and_says_so(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.external()
    world.cluster.delete(key)
    outcome = world.run(key)

    assert outcome.after is not None
    assert world.s3.buckets[BUCKET].versions
    assert world.condition(key, "DeletionBlocked") == ("True", "BucketNotEmpty")
    assert world.condition(key, "Ready") == ("False", "BucketNotEmpty")
    assert "1 recording of this account" in world.message(key, "DeletionBlocked")
    told = world.message(key, "DeletionBlocked")
    assert "save it first: recordings deleted acme -n default -o csv. " in told
    assert told.index("recordings deleted") < told.index("kubectl patch recst acme -n default ")


@pytest.mark.parametrize("left", ["delete marker", "upload"])
def test_what_may_still_be_a_recording_blocks_too(world: World, left: str) -> None:
    key = world.create(deletionPolicy="Delete")
    if left == "upload":
        world.s3.buckets[BUCKET].uploads.add(object_key("RE" + "1" * 32))
    else:
        world.s3.put(BUCKET, "a")
        world.s3.delete(BUCKET, "a")
    world.cluster.delete(key)
    world.run(key)

    assert BUCKET in world.s3.buckets
    assert world.condition(key, "DeletionBlocked") == ("True", "BucketNotEmpty")


def test_changing_to_retain_ends_the_block(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.external()
    world.cluster.delete(key)
    world.run(key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(deletionPolicy="Retain"))
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets[BUCKET].versions


def test_an_empty_bucket_that_twilio_still_writes_to_stays(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    sid = world.external()
    world.s3.purge_versions(BUCKET, object_key(sid))
    world.cluster.delete(key)
    world.run(key)

    assert BUCKET in world.s3.buckets
    assert world.condition(key, "DeletionBlocked") == ("True", "ExternalStorageInUse")


def test_an_empty_bucket_that_twilio_writes_to_under_another_prefix_stays(world: World) -> None:
    key = world.create(deletionPolicy="Delete", s3=storage()["spec"]["s3"] | {"prefix": "voice"})
    world.twilio.store_in(BUCKET_URL)
    world.twilio.record()
    world.sweep(key)
    assert "another prefix of bucket" in world.message(key, "Ready")
    world.cluster.delete(key)
    world.run(key)

    assert BUCKET in world.s3.buckets
    assert world.condition(key, "DeletionBlocked") == ("True", "ExternalStorageInUse")


def test_a_defect_keeps_the_bucket_and_lets_the_resource_go(world: World) -> None:
    key = world.create(deletionPolicy="Delete")

    def fall_over(call: Call) -> None:
        raise ZeroDivisionError(call.method)

    world.twilio.on_call = fall_over
    world.cluster.delete(key)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_an_adopted_bucket_stays(world: World) -> None:
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    key = deleted(world)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_a_bucket_made_for_another_resource_stays(world: World) -> None:
    first = world.create()
    world.cluster.delete(first)
    world.run(first)
    second = deleted(world)
    world.run(second)

    assert is_gone(world, second)
    assert BUCKET in world.s3.buckets


def test_a_suspended_resource_goes_without_a_call(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.cluster.edit(key, lambda obj: obj["spec"].update(suspend=True))
    world.cluster.delete(key)
    calls = len(world.s3.calls)
    world.run(key)

    assert is_gone(world, key)
    assert len(world.s3.calls) == calls


@pytest.mark.parametrize("name", ["twilio", "s3"])
def test_a_missing_secret_keeps_the_bucket_and_lets_the_resource_go(world: World, name: str) -> None:
    key = deleted(world)
    world.cluster.delete_secret("default", name)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_a_dead_account_keeps_the_bucket_and_lets_the_resource_go(world: World, status: str) -> None:
    key = deleted(world)
    world.twilio.set_status(status)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_a_block_ends_when_the_secrets_go_as_they_do_with_their_namespace(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.external()
    world.cluster.delete(key)
    after = world.run(key).after or 0.0
    world.cluster.delete_secret("default", "s3")
    for _ in range(2):
        world.clock.advance(seconds=after)
        world.run(key)
    assert not is_gone(world, key), "it may be about to be replaced"
    world.clock.advance(seconds=60)
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets[BUCKET].versions


@pytest.mark.parametrize("method", ["describe", "read", "versions", "delete"])
def test_refused_rights_keep_the_bucket_and_let_the_resource_go(world: World, method: str) -> None:
    key = deleted(world)
    world.s3.fail(method, Wait(Reason.S3_ACCESS_DENIED, "grant it"))
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_an_unreadable_mark_counts_as_none(world: World) -> None:
    key = deleted(world)
    world.s3.unreadable.add(Aspect.TAGS)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize("method", ["describe", "delete"])
def test_a_passing_fault_is_sat_out(world: World, method: str) -> None:
    key = deleted(world)
    world.s3.fail(method, Transient(Reason.S3_UNREACHABLE, "busy"))
    assert world.run(key).failed
    assert not is_gone(world, key)
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets == {}


def test_a_lasting_fault_ends_in_letting_go(world: World) -> None:
    key = deleted(world)
    world.s3.fail("describe", Transient(Reason.S3_UNREACHABLE, "down"), times=100)
    assert world.run(key).failed
    world.clock.advance(seconds=601)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_a_spec_that_cannot_be_read_lets_go(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.cluster.objects[key]["spec"]["s3"]["bucket"] = "Not A Bucket"
    world.cluster.delete(key)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize(("at_twilio", "left"), [(True, 0), (False, 1)])
def test_the_writers_key_goes_with_the_bucket_where_twilio_is_proven_to_keep_recordings(
    world: World, at_twilio: bool, left: int
) -> None:
    writer = {"writerCredentialsSecretRef": {"name": "writer"}}
    key = world.create(deletionPolicy="Delete", s3=storage()["spec"]["s3"] | writer)
    assert len(world.twilio.key_pairs()) == 1
    if at_twilio:
        world.twilio.record()
    world.cluster.delete(key)
    world.run(key)

    assert is_gone(world, key)
    assert len(world.twilio.key_pairs()) == left


WRITER = storage()["spec"]["s3"] | {"writerCredentialsSecretRef": {"name": "writer"}}


def test_a_blip_of_twilio_does_not_leave_the_writers_key(world: World) -> None:
    key = deleted(world, s3=WRITER)
    world.twilio.record()
    world.twilio.fail("listed", Transient(Reason.TWILIO_THROTTLED, "too fast"))
    assert world.run(key).failed
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets == {}
    assert world.twilio.key_pairs() == []


@pytest.mark.parametrize("trouble", ["denied", "malformed"])
def test_a_writers_key_that_cannot_be_found_keeps_no_bucket(world: World, trouble: str) -> None:
    key = deleted(world, s3=WRITER)
    world.twilio.record()
    if trouble == "denied":
        world.twilio.fail("listed", Wait(Reason.TWILIO_ACCESS_DENIED, "no"))
    else:
        world.cluster.put_secret("default", "writer", {"accessKeyId": "none"})
    world.run(key)

    assert is_gone(world, key)
    assert world.s3.buckets == {}
    assert len(world.twilio.key_pairs()) == 1


def test_a_bucket_that_is_only_observed_stays(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.edit_s3(key, management="Observe")
    world.cluster.delete(key)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


@pytest.mark.parametrize("endpoint", [{}, {"endpointUrl": "https://s3.us-east-1.amazonaws.com"}])
def test_an_empty_bucket_that_another_resource_names_stays(world: World, endpoint: dict[str, str]) -> None:
    """By whichever name of the same servers."""
    key = world.create(deletionPolicy="Delete", s3=storage()["spec"]["s3"] | {"prefix": "a"})
    guest = storage("guest", s3=storage()["spec"]["s3"] | {"prefix": "b"} | endpoint)
    guest["spec"]["twilio"]["accountSid"] = "AC" + "b" * 32
    world.run(world.cluster.create(guest))
    world.cluster.delete(key)
    world.run(key)

    assert is_gone(world, key)
    assert BUCKET in world.s3.buckets


def test_the_pair_that_another_resource_of_the_account_writes_with_stays(world: World) -> None:
    """One account, two Regions, one IAM user to write with."""
    writer = {"writerCredentialsSecretRef": {"name": "writer"}}
    twilio = storage()["spec"]["twilio"]
    other = world.cluster.create(
        storage("home", s3={**storage()["spec"]["s3"], **writer, "bucket": "home-bucket"}, twilio=twilio)
    )
    world.run(other)
    key = world.create(
        deletionPolicy="Delete",
        s3={**storage()["spec"]["s3"], **writer},
        twilio={**twilio, "region": "ie1", "edge": "dublin"},
    )
    world.twilio.record()
    [pair] = world.twilio.key_pairs()
    world.cluster.delete(key)
    world.run(key)
    assert is_gone(world, key)
    assert world.twilio.key_pairs() == [pair]
