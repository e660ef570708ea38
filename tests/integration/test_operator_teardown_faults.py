"""A deletion while something is away: it waits for ten minutes, and no longer."""

import contextlib
from collections.abc import Iterator

import pytest

from lab.s3 import MotoServer
from lab.simulator import SimulatorControl, SimulatorServer
from lab.waiting import until
from tests.integration.operator_site import Customer, Site
from tests.integration.relay import Relay
from tests.integration.relayed_site import relayed_fixtures

MOST = 600.0
"""Virtual seconds from the deletion, whose time is the API server's, to the end of the operator's patience."""

way, operator_site, site = relayed_fixtures()


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorServer]:
    """One whose time is the API server's when it starts: nobody has moved it before."""
    with SimulatorServer() as server:
        yield server


@pytest.fixture(scope="module")
def simulator_control(simulator: SimulatorServer) -> Iterator[SimulatorControl]:
    with contextlib.closing(SimulatorControl(simulator.url)) as control:
        yield control


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer) -> Iterator[MotoServer]:
    with MotoServer(clock_url=simulator.url) as server:
        yield server


def made(customer: Customer) -> Customer:
    """One with a bucket that would go with it, if only Twilio and S3 could be asked."""
    customer.declare(**customer.in_s3(), deletionPolicy="Delete").until_reason("EnableExternalStorage")
    return customer


def test_a_fault_that_passes_in_time_leaves_nothing_behind_and_one_that_lasts_the_bucket(
    site: Site, way: Relay, namespace: str
) -> None:
    lasting, passing = (made(site.customer(namespace, name)) for name in ("lasting", "passing"))
    severed = made(site.customer(namespace, "severed", endpoint=way.url))
    way.cut()
    for customer in (lasting, passing):
        customer.fault("503", "", times=None)
    for customer in (lasting, passing, severed):
        customer.delete()
    lasting.until_fault_fired()
    passing.until_fault_fired()
    until(lambda: not site.busy(), what="the first attempts over")
    assert not any(one.is_gone() for one in (lasting, passing, severed))

    site.twilio.clear_faults()
    lasting.fault("503", "", times=None)
    site.advance_until(passing.is_gone, "the passing fault over")
    assert not passing.bucket.exists()
    assert not any(one.is_gone() for one in (lasting, severed))

    site.advance(seconds=MOST)
    site.advance_until(lambda: lasting.is_gone() and severed.is_gone(), "let go")
    assert lasting.bucket.exists()
    assert severed.bucket.exists()
