"""Two resources that want the same: the older has it, and nothing is done for the younger."""

from typing import Any

import pytest

from recording_storage_operator.core.work import Key
from tests.builders import ACCOUNT, storage
from tests.unit.reconcile.world import World

OTHER = "AC" + "b" * 32


def add(world: World, name: str, account: str, **s3: Any) -> Key:
    manifest = storage(name, s3=storage()["spec"]["s3"] | s3)
    manifest["spec"]["twilio"]["accountSid"] = account
    key = world.cluster.create(manifest)
    world.run(key)
    return key


def test_one_account_belongs_to_the_older(world: World) -> None:
    first = add(world, "first", ACCOUNT)
    second = add(world, "second", ACCOUNT, bucket="another-bucket")

    assert world.condition(first, "Conflict") is None
    assert world.condition(second, "Conflict") == ("True", "AccountClaimed")
    assert world.condition(second, "Ready") == ("False", "AccountClaimed")
    assert "default/first" in world.message(second, "Conflict")
    assert "another-bucket" not in world.s3.buckets


@pytest.mark.parametrize(
    ("region", "conflict"),
    [({"region": "us1", "edge": "ashburn"}, ("True", "AccountClaimed")), ({"region": "ie1", "edge": "dublin"}, None)],
)
def test_an_account_has_recordings_of_its_own_in_each_region(
    world: World, region: dict[str, str], conflict: tuple[str, str] | None
) -> None:
    add(world, "first", ACCOUNT)
    manifest = storage("second", s3=storage()["spec"]["s3"] | {"bucket": "another-bucket"})
    manifest["spec"]["twilio"] |= region
    second = world.cluster.create(manifest)
    world.run(second)

    assert world.condition(second, "Conflict") == conflict


@pytest.mark.parametrize(("older", "younger"), [("", ""), ("", "b"), ("a/b", "a"), ("a", "a/b"), ("a", "a")])
def test_overlapping_prefixes_belong_to_the_older(world: World, older: str, younger: str) -> None:
    add(world, "first", ACCOUNT, prefix=older)
    second = add(world, "second", OTHER, prefix=younger)

    assert world.condition(second, "Conflict") == ("True", "BucketClaimed")


@pytest.mark.parametrize("prefix", ["b", "ab"])
def test_disjoint_prefixes_share_a_bucket(world: World, prefix: str) -> None:
    add(world, "first", ACCOUNT, prefix="a")
    second = add(world, "second", OTHER, prefix=prefix)

    assert world.condition(second, "Conflict") is None


def test_nothing_is_asked_of_twilio_or_s3_for_the_younger(world: World) -> None:
    add(world, "first", ACCOUNT)
    calls = len(world.twilio.calls), len(world.s3.calls)
    add(world, "second", ACCOUNT)

    assert (len(world.twilio.calls), len(world.s3.calls)) == calls


def test_the_younger_goes_on_when_the_older_is_gone(world: World) -> None:
    first = add(world, "first", ACCOUNT)
    second = add(world, "second", ACCOUNT)
    world.cluster.delete(first)
    world.clock.advance(seconds=61)
    world.run(second)

    assert world.condition(second, "Conflict") is None
    assert world.condition(second, "Ready") != ("False", "AccountClaimed")


def test_a_resource_whose_spec_cannot_be_used_claims_nothing(world: World) -> None:
    first = add(world, "first", ACCOUNT)
    world.cluster.objects[first]["spec"]["s3"]["region"] = "Not A Region"
    second = add(world, "second", ACCOUNT)

    assert world.condition(second, "Conflict") is None
