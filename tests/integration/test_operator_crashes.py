"""The operator and the API server go away at the worst moments."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes.client import CustomObjectsApi

from lab.waiting import until
from recording_storage_operator.api import names
from tests.integration.operator_site import (
    HANG,
    SERVED,
    Customer,
    Object,
    Site,
    is_ready,
    listed,
    sids,
    site_fixtures,
    status,
    total,
)

operator_site, site = site_fixtures()

SWEEPING = r"/Recordings\.json\?.*PageSize=1000"
OBSERVING = r"/Recordings\.json\?.*PageSize=100&"
"""A requested pass observes three times where it finds something: before the sweep, after it, and after applying."""


@contextmanager
def api_server_away(site: Site) -> Iterator[None]:
    site.plane.stop_api_server()
    try:
        yield
    finally:
        site.plane.start_api_server()


def restart_killed(site: Site) -> None:
    """Kill the operator and start it again, with a Twilio that answers."""
    site.operator.kill()
    site.twilio.clear_faults()
    site.operator.start()


def assert_ledger_is(acme: Customer, deleted: list[str]) -> None:
    """After another whole sweep slices, list and counts have exactly these."""
    obj = acme.sweep()
    assert sids(acme.ledger()) == listed(obj) == sorted(deleted)
    assert total(obj) == sum(part["count"] for part in acme.slices()) == len(deleted)


def test_an_operator_killed_in_mid_sweep_loses_and_doubles_nothing(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(2200)
    acme.declare().until_ready()
    acme.erase(recorded[:60])
    acme.sweep()
    acme.erase(recorded[60:120])
    acme.fault("hang", SWEEPING, nth=3, seconds=HANG)
    acme.request()
    acme.until_fault_fired()

    restart_killed(site)

    acme.wait(lambda obj: total(obj) == 120, "all deletions")
    assert_ledger_is(acme, recorded[:120])


def test_an_operator_killed_between_slices_and_status_doubles_nothing(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(40)
    acme.declare().until_ready()
    acme.erase(recorded[:30])
    acme.fault("hang", OBSERVING, nth=3, seconds=HANG)
    acme.request()
    acme.until_fault_fired()
    assert (sids(acme.ledger()), total(acme.read())) == (sorted(recorded[:30]), 0)

    acme.erase(recorded[30:35])
    restart_killed(site)

    acme.wait(lambda obj: total(obj) == 35, "all deletions")
    assert_ledger_is(acme, recorded[:35])


@pytest.mark.own_control_plane
def test_a_status_that_could_not_be_written_before_a_crash_is_written_after_it(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(20)
    acme.declare().until_ready()
    acme.erase(recorded[:10])
    unanswered = site.kubernetes_requests(code="none")
    acme.fault("hang", OBSERVING, nth=3, seconds=2)
    acme.request()
    acme.until_fault_fired()
    with api_server_away(site):
        until(lambda: site.kubernetes_requests(code="none") > unanswered, what="a status not written")
        site.operator.kill()
    assert total(acme.read()) == 0

    site.operator.start()

    # The API server is busy for a moment after its start: a first pass that meets that is tried again a second later.
    site.advance_until(lambda: total(acme.read()) == 10, "all deletions")
    assert_ledger_is(acme, recorded[:10])


@pytest.mark.own_control_plane
def test_the_operator_outlives_an_api_server_that_restarts_while_it_is_idle(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(5)
    acme.declare().until_ready()
    pid = site.operator.pid

    site.plane.restart_api_server()

    acme.erase(recorded[:2])
    acme.edit(sweepInterval="1h")
    site.advance_until(lambda: is_ready(acme.read()) and total(acme.read()) == 2, "the edit seen")
    assert_ledger_is(acme, recorded[:2])
    assert site.operator.pid == pid


@pytest.mark.own_control_plane
def test_the_operator_outlives_an_api_server_that_restarts_in_mid_pass(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(5)
    acme.declare().until_ready()
    acme.erase(recorded[:3])
    pid, unanswered = site.operator.pid, site.kubernetes_requests(code="none")
    acme.fault("hang", SWEEPING, seconds=2)
    value = acme.request()
    acme.until_fault_fired()

    with api_server_away(site):
        until(lambda: site.kubernetes_requests(code="none") > unanswered, what="a pass without API server")

    site.advance_until(lambda: status(acme.read()).get("lastHandledReconcileAt") == value, "the request handled")
    assert_ledger_is(acme, recorded[:3])
    assert site.operator.pid == pid


def test_an_object_replaced_while_the_operator_is_down_begins_afresh(site: Site, namespace: str) -> None:
    """What the first one left behind without an owner stays untouched, and is not taken for the second one's."""
    first = site.customer(namespace)
    lost = first.record(3)
    sweep_file = first.sweep_file(first.declare().until_ready()["metadata"]["uid"])
    first.erase(lost)
    first.sweep()
    site.operator.kill()
    assert sweep_file.exists()
    leftover = orphaned(site, first)
    first.delete()
    first.strip()
    first.until_gone()
    second = site.customer(namespace)
    second.set_secret("twilio", authToken=second.tenant.account.auth_token)
    recorded = second.record(2)
    second.make_storage()

    site.operator.start()

    assert total(second.until_ready()) == 0
    assert not sweep_file.exists()
    second.erase(recorded[:1])
    assert listed(second.sweep()) == recorded[:1]
    assert [part for part in second.slices() if part["metadata"]["name"] == "leftover"] == [leftover]


def orphaned(site: Site, customer: Customer) -> Object:
    """A copy of its slice which belongs to nobody."""
    (part,) = customer.slices()
    part["metadata"] = {"name": "leftover", "labels": part["metadata"]["labels"]}
    objects: Any = CustomObjectsApi(site.api)
    made: Object = objects.create_namespaced_custom_object(*SERVED, customer.tenant.namespace, names.SLICE_PLURAL, part)
    return made
