"""Defects that are known and not mended yet. Each test fails until its defect is gone, and then moves to its kind."""

from tests.integration.operator_site import HANG, Site, site_fixtures

operator_site, site = site_fixtures()


def test_a_resource_is_deleted_within_seconds_while_twilio_hangs(site: Site, namespace: str) -> None:
    """Its deletion waits for the worker that waits for Twilio: 30 seconds, the time limit of one request."""
    acme = site.customer(namespace)
    acme.declare().until_ready()
    acme.fault("hang", r"/Recordings\.json", seconds=HANG)
    acme.request()
    acme.until_fault_fired()

    acme.delete()

    acme.until_gone(timeout=10)
