"""A clock that is wrong: nothing expires, nothing is listed, and all goes on once it is right."""

from datetime import timedelta

import pytest

from tests.integration.bad_days import endure, heal
from tests.integration.cloud_world import CloudWorld, world_fixtures

cloud_lab, world = world_fixtures()


@pytest.mark.parametrize(
    ("skew", "restarted"),
    [
        (timedelta(days=41), False),
        (timedelta(days=41), True),
        (timedelta(days=-41), False),
        (timedelta(days=-3), True),
        (timedelta(minutes=6), False),
    ],
    ids=str,
)
def test_a_wrong_clock_expires_and_lists_nothing(world: CloudWorld, skew: timedelta, restarted: bool) -> None:
    key = world.known()
    [late] = world.external()
    world.delete_in_bucket(late)
    world.clock.skew = skew
    if restarted:
        world.restart_operator()

    endure(world, key, "ClockSkew", "nothing is listed as deleted and nothing expires", "Set the clock")

    assert late not in world.entries(key)
    world.clock.skew = timedelta(0)
    heal(world, key, within=60)
    assert world.entries(key)[late].precision == "Exact"


@pytest.mark.parametrize("skew", [timedelta(minutes=4), timedelta(minutes=-4)], ids=str)
def test_a_clock_that_is_minutes_off_is_good_enough(world: CloudWorld, skew: timedelta) -> None:
    world.clock.skew = skew
    key = world.known()
    world.live(key, 3600)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)


def test_a_clock_that_jumps_while_a_sweep_is_under_way_lists_nothing(world: CloudWorld) -> None:
    key = world.known()
    world.delete_at_twilio(*world.record())
    world.delete_in_bucket(*world.external())
    listed = world.entries(key)
    world.clock.advance(seconds=1000)
    world.fault("503", "/v1/Alerts", times=1)
    assert world.run(key).failed
    world.clock.skew = timedelta(days=41)
    world.live(key, 600)
    assert world.entries(key) == listed
    assert world.conditions(key)["Ready"] == ("False", "ClockSkew")
    world.clock.skew = timedelta(0)
    heal(world, key, within=60)
