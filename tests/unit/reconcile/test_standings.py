"""What a monitoring system is told of each resource."""

from recording_storage_operator.core.errors import Terminal
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.standing import Standing
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET
from tests.unit.reconcile.world import World, object_key


def standing(world: World, key: Key) -> Standing:
    (only,) = [one for place, one in world.visits.standings() if place == key]
    return only


def test_a_resource_stands_as_its_status_says(world: World) -> None:
    key = world.create()
    gone = world.external()
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(key)
    told = standing(world, key)
    shown = {one["type"]: one["status"] == "True" for one in world.cluster.status(key)["conditions"]}
    assert told.conditions == shown
    assert (told.deleted, told.swept_at) == (1, world.clock.now())


def test_each_sweep_moves_its_time_though_nothing_is_written(world: World) -> None:
    key = world.create()
    world.sweep(key)
    before, writes = standing(world, key).swept_at, world.cluster.writes
    world.sweep(key)
    after = standing(world, key).swept_at
    assert before is not None
    assert after is not None
    assert after > before
    assert world.cluster.writes == writes


def test_a_sweep_that_fails_does_not_move_it(world: World) -> None:
    key = world.create()
    world.sweep(key)
    before = standing(world, key).swept_at
    world.twilio.fail("recordings", Terminal(Reason.TWILIO_ACCESS_DENIED, "no"), times=100)
    world.sweep(key)
    told = standing(world, key)
    assert told.swept_at == before
    assert not told.conditions["Ready"]


def test_a_resource_that_is_gone_is_no_longer_told_of(world: World) -> None:
    key = world.create()
    world.cluster.delete(key)
    world.run(key)
    assert world.visits.standings() == []
