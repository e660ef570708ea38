"""What an operator costs that has nothing to do."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.s3 import MotoServer
from lab.simulator import SimulatorServer
from lab.waiting import until
from tests.integration.bucket_view import s3_requests
from tests.integration.operator_site import Customer, Site, is_ready, listed, site_fixtures, tell, total

operator_site, site = site_fixtures()

STEP = 60.0
LONGEST_INTERVAL = 990.0
"""Virtual seconds: the default sweepInterval and a tenth of it, by which resources are spread."""


@pytest.fixture(scope="module")
def s3_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("moto") / "moto.log"


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, s3_log: Path) -> Iterator[MotoServer]:
    """One that nobody else asks anything."""
    with MotoServer(s3_log.parent, clock_url=simulator.url) as server:
        yield server


def test_an_idle_resource_costs_no_write_in_an_hour_and_only_reads(site: Site, s3_log: Path, namespace: str) -> None:
    acme = in_bucket(site, namespace)
    recorded = acme.record(20)
    acme.erase_objects(recorded[:4])
    assert total(acme.sweep()) == 4
    before, slices = acme.read(), acme.slices()
    known, reads, writes = acme.last_call(), site.kubernetes_requests(method="GET"), kubernetes_writes(site)
    swept = last_sweep(site, acme)
    s3_before = s3_requests(s3_log, acme.tenant)

    sweeps = pass_an_hour(site, acme, known)

    calls = acme.calls(known)
    assert last_sweep(site, acme) > swept + 1800, "nobody could see that sweeps go on"
    assert acme.read()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert acme.slices() == slices
    assert kubernetes_writes(site) == writes
    assert {call["method"] for call in calls} == {"GET"}
    assert {call["status"] for call in calls} == {200}
    asked = Counter(call["path"].rsplit("/", 1)[-1].replace(acme.account_sid, "account") for call in calls)
    s3_asked = s3_requests(s3_log, acme.tenant) - s3_before
    assert set(s3_asked) <= {"GET", "HEAD"}
    tell(
        f"idle, per hour: {sweeps} sweeps; Twilio {len(calls)} GETs {dict(asked)}; S3 {dict(s3_asked)};"
        f" Kubernetes {site.kubernetes_requests(method='GET') - reads:g} GETs and no write"
    )


def test_a_restarted_operator_writes_nothing_where_nothing_changed(site: Site, namespace: str) -> None:
    acme = in_bucket(site, namespace)
    recorded = acme.record(3)
    acme.erase_objects(recorded[:1])
    assert is_ready(acme.sweep())
    before, slices, known = acme.read(), acme.slices(), acme.last_call()

    site.operator.restart()

    until_swept(acme, known, 1)
    until(lambda: not site.busy(), what="an idle operator")
    assert acme.read() == before
    assert acme.slices() == slices
    assert kubernetes_writes(site) == 0


def test_a_suspended_resource_causes_no_calls_until_it_is_resumed(site: Site, s3_log: Path, namespace: str) -> None:
    acme = in_bucket(site, namespace)
    recorded = acme.record(2)
    assert is_ready(acme.sweep())
    acme.edit(suspend=True)
    acme.until_reason("Suspended")
    acme.erase_objects(recorded[:1])
    known, s3_before = acme.last_call(), s3_requests(s3_log, acme.tenant)

    for _ in range(4):
        looks = site.kubernetes_requests(method="GET")
        site.advance(seconds=900)
        site.until_looked_at(looks)
    assert acme.calls(known) == []
    assert s3_requests(s3_log, acme.tenant) == s3_before
    assert total(acme.read()) == 0

    acme.edit(suspend=False)
    obj = acme.wait(lambda obj: is_ready(obj) and total(obj), "the deletion found")
    assert listed(obj) == recorded[:1]


def last_sweep(site: Site, acme: Customer) -> float:
    """When it finished: the status tells that only beside another change."""
    return site.metric(
        "recordings_storage_last_sweep_timestamp_seconds", namespace=acme.tenant.namespace, name=acme.tenant.name
    )


def in_bucket(site: Site, namespace: str) -> Customer:
    """One whose recordings go to its bucket."""
    acme = site.customer(namespace)
    acme.declare(**acme.in_s3()).until_reason("EnableExternalStorage")
    acme.tenant.external_storage(site.twilio, True)
    return acme


def pass_an_hour(site: Site, acme: Customer, known: int) -> int:
    """In steps, each sweep waited for before the next falls due; returns how many there were."""
    since_last, sweeps = 0.0, 0
    for _ in range(int(3600 / STEP)):
        site.advance(seconds=STEP)
        since_last += STEP
        if since_last > LONGEST_INTERVAL:
            until_swept(acme, known, sweeps + 1)
        if (now := sweeps_of(acme, known)) > sweeps:
            since_last, sweeps = 0.0, now
    until(lambda: not site.busy(), what="an idle operator")
    return sweeps


def until_swept(acme: Customer, known: int, times: int) -> None:
    until(lambda: sweeps_of(acme, known) >= times, what="a sweep")


def sweeps_of(acme: Customer, known: int) -> int:
    return sum(call["path"].endswith("/Alerts") for call in acme.calls(known))


def kubernetes_writes(site: Site) -> float:
    return sum(site.kubernetes_requests(method=method) for method in ("PATCH", "POST", "PUT", "DELETE"))
