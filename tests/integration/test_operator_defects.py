"""Defects that are known and not mended yet. Each test fails until its defect is gone, and then moves to its kind."""

from tests.integration.operator_site import HANG, Site, site_fixtures
from tests.integration.test_operator_kstatus import kstatus, until_kstatus

operator_site, site = site_fixtures()


def test_a_resource_nobody_has_looked_at_yet_is_in_progress(site: Site, namespace: str) -> None:
    """An object without a status counts as Current: the CRD has to begin with `status: {observedGeneration: -1}`."""
    site.operator.stop()
    acme = site.customer(namespace)
    acme.declare()
    try:
        assert kstatus(acme.read()) == "InProgress"
    finally:
        site.operator.start()
    until_kstatus(acme, "Current")


def test_a_resource_is_deleted_within_seconds_while_twilio_hangs(site: Site, namespace: str) -> None:
    """Its deletion waits for the worker that waits for Twilio: 30 seconds, the time limit of one request."""
    acme = site.customer(namespace)
    acme.declare().until_ready()
    acme.fault("hang", r"/Recordings\.json", seconds=HANG)
    acme.request()
    acme.until_fault_fired()

    acme.delete()

    acme.until_gone(timeout=10)
