"""A deletion that waits for a person waits as long as it takes: the ledger goes with the resource."""

import pytest

from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET
from tests.unit.reconcile.test_teardown import is_gone
from tests.unit.reconcile.world import World, object_key


def blocked_for_a_day(world: World) -> Key:
    key = world.create(deletionPolicy="Delete")
    kept, gone = world.external(), world.external()
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(key)
    assert [entry.sid for entry in world.entries(key)] == [gone]
    assert kept
    world.cluster.delete(key)
    world.run(key)
    assert world.condition(key, "DeletionBlocked") == ("True", "BucketNotEmpty")
    world.clock.advance(days=1)
    world.run(key)
    assert world.condition(key, "DeletionBlocked") == ("True", "BucketNotEmpty")
    return key


S3_AWAY = Transient(Reason.S3_UNREACHABLE, "S3 does not answer")
API_AWAY = Transient(Reason.KUBERNETES_UNREACHABLE, "the API server is starting")
DENIED = Wait(Reason.KUBERNETES_ACCESS_DENIED, "RBAC is being applied again", after=60)


@pytest.mark.parametrize("method", ["describe", "versions"])
def test_one_blip_of_s3_does_not_end_a_block(world: World, method: str) -> None:
    key = blocked_for_a_day(world)
    world.s3.fail(method, S3_AWAY)
    world.run(key)
    assert not is_gone(world, key), "nobody has decided"
    world.clock.advance(seconds=60)
    world.run(key)
    assert not is_gone(world, key)


@pytest.mark.parametrize("method", ["find", "get_secret"])
@pytest.mark.parametrize("error", [API_AWAY, DENIED])
def test_one_blip_of_the_api_server_does_not_end_a_block(world: World, method: str, error: ReconcileError) -> None:
    key = blocked_for_a_day(world)
    world.cluster.fail(method, error)
    world.run(key)
    assert not is_gone(world, key), "nobody has decided"


def test_a_secret_that_is_replaced_does_not_end_a_block(world: World) -> None:
    """`kubectl replace --force` deletes it first; a look may fall in between."""
    key = blocked_for_a_day(world)
    world.cluster.delete_secret("default", "s3")
    world.run(key)
    world.cluster.put_secret("default", "s3", {"accessKeyId": "A" * 20, "secretAccessKey": "s" * 40})
    world.clock.advance(seconds=120)
    world.run(key)
    world.cluster.delete_secret("default", "s3")
    world.run(key)
    assert not is_gone(world, key), "the second time is not the end of the first"


def test_credentials_that_are_refused_for_a_while_do_not_end_a_block(world: World) -> None:
    key = blocked_for_a_day(world)
    refused = Wait(Reason.S3_CREDENTIALS_REJECTED, "S3 does not accept this key pair", after=60)
    world.s3.fail("describe", refused, times=100)
    world.run(key)
    assert not is_gone(world, key), "they are being rotated"
    world.clock.advance(seconds=660)
    world.run(key)
    assert is_gone(world, key), "what cannot be had any more keeps nobody"


def test_a_namesake_has_patience_of_its_own(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.cluster.delete(key)
    world.s3.fail("describe", S3_AWAY, times=2)
    world.run(key)
    del world.cluster.objects[key]
    world.run(key)
    world.clock.advance(days=1)
    world.create(deletionPolicy="Delete")
    world.external()
    world.cluster.delete(key)
    world.s3.fail("describe", S3_AWAY)
    world.run(key)
    assert not is_gone(world, key)


def test_the_first_look_after_a_night_without_an_operator_survives_one_blip(world: World) -> None:
    """Deleted in the evening, the operator is back in the morning, and S3 answers 503 once."""
    key = world.create(deletionPolicy="Delete")
    world.external()
    world.sweep(key)
    world.cluster.delete(key)
    world.clock.advance(days=1)
    world.restart_operator()
    world.s3.fail("describe", S3_AWAY)
    world.run(key)
    assert not is_gone(world, key)
