"""Several resources in one bucket: the oldest that keeps it makes it and sets it up, the others are guests."""

import copy
from typing import Any

import pytest

from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.work import Key
from tests.builders import ACCOUNT, BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World

OTHER_ACCOUNT = "AC" + "b" * 32


def under(prefix: str, **fields: Any) -> dict[str, Any]:
    return {**storage()["spec"]["s3"], "prefix": prefix, **fields}


def with_guest(world: World) -> Key:
    twilio = {**storage()["spec"]["twilio"], "accountSid": OTHER_ACCOUNT}
    key = world.cluster.create(storage("guest", s3=under("b"), twilio=twilio))
    world.run(key)
    return key


def test_a_guest_does_not_make_the_bucket_that_waits_for_its_hosts_approval(world: World) -> None:
    host = world.create(approval="Manual", s3=under("a"))
    guest = with_guest(world)
    assert BUCKET not in world.s3.buckets
    assert world.condition(guest, "Ready") == ("False", "BucketMissing")
    assert "RecordingStorage default/acme" in world.message(guest, "Ready")

    world.approve(host)
    world.clock.advance(seconds=60)
    world.run(guest)
    assert world.condition(guest, "InSync") == ("True", "AsWanted")


def test_a_guest_does_not_make_a_vanished_bucket_anew_that_its_host_reports(world: World) -> None:
    world.create(driftPolicy="Report", s3=under("a"))
    guest = with_guest(world)
    del world.s3.buckets[BUCKET]
    for _ in range(2):
        world.sweep(guest)
    assert BUCKET not in world.s3.buckets


def test_a_guest_of_a_suspended_host_says_what_it_waits_for(world: World) -> None:
    world.create(suspend=True, s3=under("a"))
    guest = with_guest(world)
    assert BUCKET not in world.s3.buckets
    assert "spec.suspend" in world.message(guest, "Ready")


@pytest.mark.parametrize("watching", [{"backend": "Twilio"}, {"s3": under("a", management="Observe")}])
def test_whoever_only_watches_a_bucket_is_no_host(world: World, watching: dict[str, Any]) -> None:
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.create(**{"s3": under("a")} | watching)
    younger = with_guest(world)
    assert world.condition(younger, "InSync") == ("True", "AsWanted")
    assert bucket.versioned
    assert Aspect.PUBLIC_ACCESS in bucket.documents


def test_two_regions_of_an_account_that_share_a_bucket_keep_each_its_own_lifecycle_rules(world: World) -> None:
    home = world.cluster.create(storage("home", s3=under("us")))
    twilio = storage()["spec"]["twilio"] | {"region": "ie1", "edge": "dublin"}
    away = world.cluster.create(storage("away", twilio=twilio, s3=under("ie")))
    for key in (home, away):
        world.run(key)
    before = copy.deepcopy(world.s3.buckets[BUCKET].documents[Aspect.LIFECYCLE])
    prefixes = sorted(str(rule["Filter"]["Prefix"]) for rule in before["Rules"])
    for key in (home, away):
        world.sweep(key)
    assert prefixes == [f"ie/{ACCOUNT}/", f"us/{ACCOUNT}/"]
    assert world.s3.buckets[BUCKET].documents[Aspect.LIFECYCLE] == before
