"""Secrets that come late, are written anew, or are renewed while a sweep is under way."""

from tests.builders import storage
from tests.unit.reconcile.test_failures import live_for
from tests.unit.reconcile.world import World


def test_a_secret_that_appears_is_noticed_within_a_minute_and_twilio_is_not_asked_before(world: World) -> None:
    world.cluster.delete_secret("default", "twilio")
    key = world.create()
    assert world.condition(key, "Ready") == ("False", "SecretMissing")
    calls = len(world.twilio.calls)
    live_for(world, key, 3600)
    assert len(world.twilio.calls) == calls
    world.cluster.put_secret("default", "twilio", {"authToken": "0" * 32})
    live_for(world, key, 61)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")


def test_a_sweep_goes_on_while_somebody_keeps_writing_the_same_secret(world: World) -> None:
    """As a tool does that copies Secrets from a vault, however long the sweep lasts."""
    world.twilio.page_size = 1
    sids = [world.twilio.record() for _ in range(30)]
    key = world.cluster.create(storage(backend="Twilio", s3=None))
    world.should_yield = lambda: True
    for _ in range(2 * len(sids)):
        world.cluster.put_secret("default", "twilio", {"authToken": "0" * 32})
        world.turn(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    assert world.cluster.status(key)["recordings"]["twilio"] == len(sids)


def test_a_sweep_goes_on_with_credentials_that_are_renewed_more_often_than_it_lasts(world: World) -> None:
    """A session token of S3 may live for a quarter of an hour; a sweep of a million recordings takes longer."""
    world.twilio.page_size = 1
    key = world.cluster.create(storage())
    world.turn(key)
    sids = [world.external() for _ in range(30)]
    world.should_yield = lambda: True
    pair = {"accessKeyId": "A" * 20, "secretAccessKey": "s" * 40}
    for number in range(100):
        world.turn(key)
        if number % 8 == 7:
            world.refused_keys.add(pair["accessKeyId"])
            pair |= {"accessKeyId": f"{number:A>20}"}
            world.cluster.put_secret("default", "s3", pair)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept"), world.message(key, "Ready")
    assert world.cluster.status(key)["recordings"]["s3"] == len(sids)


def test_a_resource_is_not_ready_before_its_first_sweep_though_its_secret_came_late(world: World) -> None:
    world.cluster.delete_secret("default", "twilio")
    key = world.create(backend="Twilio", s3=None)
    assert world.condition(key, "Ready") == ("False", "SecretMissing")
    world.cluster.put_secret("default", "twilio", {"authToken": "0" * 32})
    world.should_yield = lambda: True
    world.clock.advance(seconds=61)
    world.turn(key)
    assert world.condition(key, "Ready") == ("False", "Sweeping")
    assert world.condition(key, "LedgerComplete") == ("False", "SweepPending")
