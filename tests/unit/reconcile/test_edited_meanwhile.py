"""What the resource said when a pass began may be over by the time something is changed."""

from collections.abc import Callable
from typing import Any

import pytest

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, storage
from tests.unit.reconcile.world import World

EDITS: dict[str, Callable[[World, Key], object]] = {
    "Manual": lambda w, k: w.cluster.edit(k, lambda obj: obj["spec"].update(approval="Manual")),
    "suspended": lambda w, k: w.cluster.edit(k, lambda obj: obj["spec"].update(suspend=True)),
    "observed": lambda w, k: w.cluster.edit(k, lambda obj: obj["spec"]["s3"].update(management="Observe")),
    "another bucket": lambda w, k: w.cluster.edit(k, lambda obj: obj["spec"]["s3"].update(bucket="the-right-one")),
    "deleted": lambda w, k: w.cluster.delete(k),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_nothing_is_made_for_a_spec_that_was_edited_while_its_pass_looked_around(
    world: World, change: Callable[[World, Key], object]
) -> None:
    key = world.cluster.create(storage())
    world.cluster.meanwhile("find", lambda: change(world, key))
    world.turn(key)
    assert BUCKET not in world.s3.buckets


def test_a_bucket_stays_that_is_to_be_retained_before_it_is_deleted(world: World) -> None:
    key = world.create(deletionPolicy="Delete")
    world.twilio.record()
    assert BUCKET in world.s3.buckets
    world.cluster.delete(key)
    retained: dict[str, Any] = {"deletionPolicy": "Retain"}
    world.cluster.meanwhile("find", lambda: world.cluster.edit(key, lambda obj: obj["spec"].update(retained)))
    world.run(key)
    assert BUCKET in world.s3.buckets


def test_an_approval_withdrawn_while_the_pass_looked_around_approves_nothing(world: World) -> None:
    key = world.create(approval="Manual")
    world.cluster.annotate(key, APPROVED_PLAN, world.cluster.status(key)["plan"]["id"])
    world.cluster.meanwhile("find", lambda: world.cluster.annotate(key, APPROVED_PLAN, ""))
    world.turn(key)
    assert BUCKET not in world.s3.buckets
