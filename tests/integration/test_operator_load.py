"""Many resources at once."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.waiting import until
from tests.integration.operator_site import Customer, Site, is_ready, listed, sids, site_fixtures, status, tell, total

operator_site, site = site_fixtures()

RESOURCES = 200


@pytest.mark.timeout(400)
def test_200_resources_made_at_once_are_all_worked_in_and_all_deleted(site: Site, namespace: str) -> None:
    customers = [site.customer(namespace, f"acme-{number}") for number in range(RESOURCES)]
    deleted: dict[str, list[str]] = {}
    for number, customer in enumerate(customers):
        recorded = customer.record(3 + number % 3)
        deleted[customer.tenant.name] = sorted(recorded[: number % 4])
        if number % 4:
            customer.erase(deleted[customer.tenant.name])

    started = time.monotonic()
    for_all(customers, lambda customer: customer.declare())
    made = time.monotonic() - started
    until(lambda: all(map(is_ready, site.storages(namespace).values())), timeout=240, every=0.5, what="all Ready")
    ready = time.monotonic() - started

    found = site.storages(namespace)
    assert len(found) == RESOURCES
    for number, customer in enumerate(customers):
        obj = found[customer.tenant.name]
        gone = deleted[customer.tenant.name]
        assert listed(obj) == sids(customer.ledger()) == gone
        assert total(obj) == len(gone)
        assert status(obj)["recordings"]["twilio"] == 3 + number % 3 - len(gone)
    requests = len(site.twilio.requests())

    started = time.monotonic()
    for_all(customers, Customer.delete)
    until(lambda: not site.storages(namespace), timeout=120, every=0.2, what="all gone")
    gone_after = time.monotonic() - started
    until(lambda: not list(site.sweeps.glob("*.sqlite")), what="their files gone too")
    tell(
        f"{RESOURCES} resources: made in {made:.1f} s, all Ready after {ready:.1f} s, all gone {gone_after:.1f} s after"
        f" the first deletion; {requests} requests to Twilio"
    )


def for_all(customers: Iterable[Customer], act: Callable[[Customer], object]) -> None:
    """Do it for all of them, a few at a time."""
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(act, customers):
            pass
