"""Every fault of Twilio's at every endpoint that a sweep reads: nothing listed falsely, nothing lost, all heals."""

from collections.abc import Iterator
from typing import get_args

import pytest

from lab.s3 import VersityGateway
from lab.twilio_simulator.faults import Kind
from recording_storage_operator.core.work import Key
from recording_storage_operator.twilio.network import Timeouts
from tests.integration.cloud_world import HASTY, INTERVAL, PAGE, CloudLab, CloudWorld, lab_on_machine_time

ENDPOINTS = {
    "account": r"/AC\.json",
    "newest": r"/AC/Recordings\.json\?PageSize=100&",
    "first page": rf"/AC/Recordings\.json\?PageSize={PAGE}&(?!.*PageToken)",
    "later page": r"/AC/Recordings\.json\?.*PageToken",
    "single": r"/AC/Recordings/RE",
    "events": r"/v1/Events\?(?!.*PageToken)",
    "later events": r"/v1/Events\?.*PageToken",
    "alerts": r"/v1/Alerts\?(?!.*PageToken)",
    "later alerts": r"/v1/Alerts\?.*PageToken",
}

UNDETECTABLE = {"duplicate_record", "missing_record", "stale_list"}
"""Whole pages that do not tell the truth, and nothing in them shows it."""

OF_LISTS = {*UNDETECTABLE, "page_loop"}

REASONS = {
    "429": "TwilioThrottled",
    "500": "TwilioUnreachable",
    "502_html": "TwilioUnreachable",
    "503": "TwilioUnreachable",
    "401": "TwilioCredentialsRejected",
    "hang": "TwilioUnreachable",
    "slow_drip": "TwilioUnreachable",
    "reset_before": "TwilioUnreachable",
    "reset_after": "TwilioUnreachable",
    "truncated_body": "TwilioUnreachable",
    "short_body": "TwilioAnswerUnusable",
    "wrong_content_type": "TwilioAnswerUnusable",
    "xml_error_200": "TwilioAnswerUnusable",
    "invalid_json": "TwilioAnswerUnusable",
    "page_loop": "TwilioAnswerUnusable",
    "commit_then_500": "TwilioUnreachable",
}

SECONDS = {"slow_drip": 1.0, "stale_list": 3600}

OUTAGE = 4
"""Virtual seconds: three tries, after which a sweep starts over."""

SLOW = {"hang", "slow_drip"}
"""Each try of these costs real time, so there are two."""

AS_ANOTHER = {"reset_after", "commit_then_500"}
"""For a read that is no other fault than `reset_before` or `500`: once is enough."""

STALE = 3600


@pytest.fixture(scope="module")
def lab(versitygw: VersityGateway) -> Iterator[CloudLab]:
    """The faster S3 server, as it is asked ten thousand times."""
    with lab_on_machine_time(versitygw) as made:
        yield made


@pytest.fixture(scope="module", params=get_args(Kind))
def site(
    request: pytest.FixtureRequest, lab: CloudLab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[CloudWorld, Key]]:
    """A world for each kind of fault: recordings in both places, some absent, some deleted, several pages of each."""
    timeouts = HASTY if request.param in SLOW else Timeouts()
    work_dir = tmp_path_factory.mktemp("sweeps")
    with lab.world(work_dir, small_pages=True, timeouts=timeouts) as world:
        key = world.create()
        world.record(PAGE)
        world.record(PAGE + 1, status="absent", duration=0)
        world.delete_at_twilio(*world.record(PAGE + 1))
        lose(world)
        world.sweep(key)
        world.assert_true(key)
        assert world.conditions(key) == world.healthy(key)
        yield world, key


@pytest.fixture(autouse=True)
def forgiven(lab: CloudLab) -> Iterator[None]:
    yield
    lab.control.clear_faults()


@pytest.fixture
def kind(request: pytest.FixtureRequest, site: tuple[CloudWorld, Key]) -> str:
    return str(request.node.callspec.params["site"])


@pytest.fixture(params=ENDPOINTS)
def endpoint(request: pytest.FixtureRequest, kind: str) -> str:
    name = str(request.param)
    if kind in OF_LISTS and name in ("account", "single"):
        pytest.skip("only a list can be distorted so")
    return name


def lose(world: CloudWorld) -> None:
    """True deletions in both places, one of them of a recording that has to be asked for by its SID."""
    world.switch(False)
    world.delete_at_twilio(*world.record())
    world.clock.advance(seconds=1)
    world.delete_in_bucket(world.external(2)[0])
    world.delete_unlisted()


def strike(world: CloudWorld, kind: str, endpoint: str, times: int | None) -> None:
    world.fault(kind, ENDPOINTS[endpoint], times=times, seconds=SECONDS.get(kind))


def assert_safe(world: CloudWorld, key: Key, known: set[str]) -> None:
    """Nothing that was listed is gone, and nothing is listed that is not deleted."""
    assert known <= set(world.entries(key)) <= world.deleted
    [rule] = world.control.faults()
    assert rule["fired"] > 0


def expected(kind: str, endpoint: str, before: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The conditions while a fault lasts."""
    if kind in UNDETECTABLE:
        return before
    if kind == "401" and endpoint in ("events", "later events"):
        return before | {"LedgerComplete": ("True", "MonitorDenied")}
    if kind == "401" and endpoint in ("alerts", "later alerts"):
        return before | {"LedgerComplete": ("False", "MonitorDenied")}
    reason = REASONS[kind]
    failed = {"Ready": ("False", reason), "LedgerComplete": ("False", reason), "Reconciling": ("True", reason)}
    return before | failed


def test_a_single_fault_is_got_over_without_a_false_deletion(
    site: tuple[CloudWorld, Key], kind: str, endpoint: str
) -> None:
    world, key = site
    before, known = world.conditions(key), set(world.entries(key))
    lose(world)
    strike(world, kind, endpoint, times=1)

    world.sweep(key)
    assert_safe(world, key, known)
    if kind != "401":
        assert world.conditions(key) == before
    world.live(key, 65)
    assert_safe(world, key, known)
    if kind in UNDETECTABLE:
        world.live(key, STALE)
    elif kind == "401":
        world.live(key, INTERVAL)

    assert world.conditions(key) == before
    world.assert_true(key)


def test_a_lasting_fault_is_named_without_haste_or_flapping_and_heals(
    site: tuple[CloudWorld, Key], kind: str, endpoint: str
) -> None:
    if kind in AS_ANOTHER:
        pytest.skip("a lasting one is no other fault for a read")
    world, key = site
    before, known = world.conditions(key), set(world.entries(key))
    lose(world)
    strike(world, kind, endpoint, times=None)
    writes = world.cluster.calls["patch_status"]
    world.clock.advance(seconds=INTERVAL)

    world.live(key, OUTAGE / 2 if kind in SLOW else OUTAGE)

    assert_safe(world, key, known)
    assert world.conditions(key) == expected(kind, endpoint, before)
    assert world.cluster.calls["patch_status"] - writes <= 2
    if kind not in UNDETECTABLE:
        assert world.control.faults()[0]["fired"] <= 4
    world.control.clear_faults()
    world.live(key, STALE if kind in UNDETECTABLE else INTERVAL if kind == "401" else 10)
    assert world.conditions(key) == before
    world.assert_true(key)
