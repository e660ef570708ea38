"""Outages and noise: how often Twilio is asked meanwhile, how they show, and that the ledger is true afterwards."""

from typing import get_args

import pytest

from lab.twilio_simulator.faults import Kind
from tests.integration.cloud_world import INTERVAL, CloudWorld, world_fixtures

HOUR = 3600
ATTEMPTS = 3
"""Within one call, as in production."""

QUICK = sorted(set(get_args(Kind)) - {"hang", "slow_drip"})
"""The faults that take no time."""


cloud_lab, world = world_fixtures(attempts=ATTEMPTS)


@pytest.mark.parametrize(
    ("kind", "path", "reason", "most"),
    [
        ("503", "/", "TwilioUnreachable", 75),
        ("429", r"/AC/Recordings\.json", "TwilioThrottled", 100),
        ("500", r"/v1/Events", "TwilioUnreachable", 150),
        ("reset_before", r"/v1/Alerts", "TwilioUnreachable", 150),
        ("401", r"/AC\.json", "TwilioCredentialsRejected", 125),
        ("401", "/", "TwilioCredentialsRejected", 125),
    ],
)
def test_an_hour_of_outage_costs_few_requests_and_one_write(
    world: CloudWorld, kind: str, path: str, reason: str, most: int
) -> None:
    key = world.known()
    world.clock.advance(seconds=INTERVAL)
    requests, writes = world.requests(), world.cluster.writes
    world.fault(kind, path)

    world.live(key, HOUR)

    assert world.requests() - requests < most
    assert world.cluster.writes - writes == 1
    assert world.conditions(key)["Ready"] == ("False", reason)
    world.control.clear_faults()
    world.live(key, 320)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)


def test_an_outage_longer_than_metadata_is_kept_ends_with_the_truth(world: CloudWorld) -> None:
    """What was deleted before is over by then; what was deleted late is found; nothing in between is made up."""
    key = world.known()
    listed = world.entries(key)
    world.clock.advance(seconds=1)
    late, *_ = world.external(2)
    world.lab.twilio_way.cut()
    world.clock.advance(days=20)
    world.delete_in_bucket(late)
    world.clock.advance(days=21)
    world.live(key, HOUR)
    assert world.entries(key) == listed
    world.lab.twilio_way.mend()
    world.deleted = {late}
    world.live(key, 400)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)


def test_what_expires_does_so_while_monitor_is_down(world: CloudWorld) -> None:
    key = world.known()
    world.fault("500", "/v1/Events")
    world.live(key, 2 * HOUR)
    assert world.conditions(key)["LedgerComplete"] == ("False", "TwilioUnreachable")
    assert set(world.entries(key)) == world.deleted
    world.clock.advance(days=40)
    world.live(key, 600)
    assert world.entries(key) == {}


def test_a_flap_of_401_is_asked_again_and_not_shown(world: CloudWorld) -> None:
    key = world.known()
    writes = world.cluster.writes
    for path in (r"/AC\.json", r"/AC/Recordings\.json", "/v1/Events", "/v1/Alerts"):
        world.fault("401", path, times=1)
        world.sweep(key)
        world.control.clear_faults()
    assert world.conditions(key) == world.healthy(key)
    assert world.cluster.writes == writes


def test_a_retry_after_is_waited_for(world: CloudWorld) -> None:
    key = world.known()
    world.fault("429", "/", retry_after=200)
    world.sweep(key)
    requests = world.requests()
    world.live(key, 199)
    assert world.requests() == requests
    world.live(key, 10)
    assert world.requests() == requests + 1


def test_a_retry_after_of_months_is_not_waited_for(world: CloudWorld) -> None:
    key = world.known()
    world.delete_in_bucket(*world.external())
    world.external()
    world.fault("429", "/", retry_after=10_000_000, times=1)
    world.sweep(key)
    world.live(key, HOUR + 10)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)


@pytest.mark.parametrize("seed", range(2))
def test_hours_of_mixed_faults_list_nothing_falsely_and_lose_nothing(world: CloudWorld, seed: int) -> None:
    key = world.known()
    for number, kind in enumerate(QUICK):
        world.fault(kind, "/(2010|v1)", probability=0.03, seed=100 * seed + number)
    known: set[str] = set()
    for _ in range(8):
        world.switch(False)
        gone, _kept = world.record(2)
        world.clock.advance(seconds=1)
        lost, _stored = world.external(2)
        world.delete_at_twilio(gone)
        world.delete_in_bucket(lost)
        world.delete_unlisted()
        world.live(key, INTERVAL)
        listed = set(world.entries(key))
        assert known <= listed <= world.deleted
        known = listed
    world.control.clear_faults()
    world.live(key, HOUR)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("truncated_body", r"/AC/Recordings\.json\?.*Page=2"),
        ("page_loop", r"/AC/Recordings\.json\?.*Page=1&"),
        ("truncated_body", r"/v1/Events\?.*PageToken"),
        ("truncated_body", r"/v1/Alerts\?.*PageToken"),
    ],
)
def test_a_fault_on_a_later_page_of_a_thousand_is_got_over(world: CloudWorld, kind: str, path: str) -> None:
    key = world.create()
    world.record(1050, status="absent", duration=0)
    world.delete_at_twilio(*world.record(1050))
    world.fault(kind, path, times=ATTEMPTS)
    assert world.sweep(key).failed
    assert world.entries(key) == {}
    world.live(key, 60)
    assert set(world.entries(key)) == world.deleted
    assert [rule["fired"] for rule in world.control.faults()] == [ATTEMPTS]
