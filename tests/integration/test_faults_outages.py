"""Outages: how often Twilio is asked while they last, how they show, and that the ledger is the truth afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.s3 import MotoServer
from lab.simulator import SimulatorControl
from recording_storage_operator.core.work import Key
from tests.integration.cloud_world import INTERVAL, CloudWorld, cloud_world

HOUR = 3600
ATTEMPTS = 3
"""As in production."""


@pytest.fixture
def world(simulator_control: SimulatorControl, moto: MotoServer, tmp_path: Path) -> Iterator[CloudWorld]:
    with cloud_world(simulator_control, moto, tmp_path, attempts=ATTEMPTS, small_pages=False) as made:
        yield made


def ready_key(world: CloudWorld) -> Key:
    """A resource with recordings in both places and a deletion in each, all known."""
    key = world.create()
    at_twilio = world.record(3)
    world.clock.advance(seconds=1)
    in_bucket = world.external(4)
    world.delete_at_twilio(at_twilio[0])
    world.delete_in_bucket(in_bucket[0])
    world.sweep(key)
    world.assert_true(key)
    assert world.conditions(key)["Ready"] == ("True", "Reconciled")
    return key


@pytest.mark.parametrize(
    ("kind", "path", "reason", "most"),
    [
        ("503", "/", "TwilioUnreachable", 100),
        ("429", r"/AC/Recordings\.json", "TwilioThrottled", 120),
        ("500", r"/v1/Events", "TwilioUnreachable", 240),
        ("reset_before", r"/v1/Alerts", "TwilioUnreachable", 240),
        ("401", r"/AC\.json", "TwilioCredentialsRejected", 130),
        ("401", "/", "TwilioCredentialsRejected", 130),
    ],
)
def test_an_hour_of_outage_costs_few_requests_and_writes(
    world: CloudWorld, kind: str, path: str, reason: str, most: int
) -> None:
    key = ready_key(world)
    world.clock.advance(seconds=INTERVAL)
    requests, writes = world.requests(), world.cluster.writes
    world.fault(kind, path)

    world.live(key, HOUR)

    print("REQ", kind, path, world.requests() - requests, world.cluster.writes - writes)
    assert world.requests() - requests < most
    assert world.cluster.writes - writes <= 1
    assert world.conditions(key)["Ready"] == ("False", reason)
    world.control.clear_faults()
    world.live(key, 400)
    assert world.conditions(key)["Ready"] == ("True", "Reconciled")
    assert world.conditions(key)["LedgerComplete"] == ("True", "Swept")
    world.assert_true(key)
