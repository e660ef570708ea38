"""Virtual time: the purge at its exact second, the Date header, the process and its clock."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from lab.simulator import SimulatorClock, SimulatorControl, SimulatorServer
from lab.twilio_simulator.clock import VirtualClock
from lab.waiting import until
from recording_storage_operator.core.clock import Clock

from .conftest import Api, code


def test_metadata_is_there_a_second_before_40_days_and_gone_at_the_instant(api: Api) -> None:
    (sid,) = api.record()
    api.control.advance(days=3, seconds=17)
    api.delete(sid)

    api.control.advance(days=39, seconds=86_399)
    assert api.fetch(sid).json()["status"] == "deleted"
    assert api.listed(IncludeSoftDeleted="true") == [sid]

    api.control.advance(seconds=1)
    assert code(api.fetch(sid)) == (404, 20404)
    assert api.listed(IncludeSoftDeleted="true") == []
    assert code(api.delete(sid)) == (404, 20404)


def test_recordings_that_are_not_deleted_stay_for_ever(api: Api) -> None:
    (sid,) = api.record()
    api.control.advance(days=400)
    assert api.listed() == [sid]


def test_a_recording_made_as_deleted_is_purged_too(api: Api) -> None:
    (sid,) = api.record(status="deleted", date_created="2025-01-01T00:00:00Z")
    api.control.advance(days=39, seconds=86_399)
    assert api.fetch(sid).status_code == 200
    api.control.advance(seconds=1)
    assert api.fetch(sid).status_code == 404


def test_the_date_header_is_virtual_on_every_answer(api: Api) -> None:
    (sid,) = api.record(duration=1)
    api.control.advance(seconds=5)
    answers = [
        api.page(),
        api.fetch("RE" + "0" * 32),
        api.http.get(api.url(sid, ".wav")),
        api.http.get("/v1/Events"),
        api.http.get("/_sim/clock"),
        api.delete(sid),
    ]
    for answer in answers:
        assert answer.headers["Date"].endswith(" GMT")
        assert parsedate_to_datetime(answer.headers["Date"]) == api.control.now()


def test_time_stands_until_it_is_advanced(api: Api) -> None:
    before = api.control.now()
    api.record(200)
    assert api.control.now() == before
    assert api.control.advance(days=1, seconds=2) == before + timedelta(days=1, seconds=2)


def test_every_answer_has_twilios_headers(api: Api) -> None:
    headers = api.page().headers
    assert len(headers["Twilio-Request-Id"]) == 34
    assert headers["Twilio-Request-Id"].startswith("RQ")
    assert float(headers["Twilio-Request-Duration"]) >= 0
    assert headers["Twilio-Concurrent-Requests"] == "1"
    assert headers["X-Home-Region"] == "us1"


def test_a_clock_with_a_rate_runs_by_itself() -> None:
    now = [100.0]
    clock = VirtualClock(start=0, rate=2, monotonic=lambda: now[0])
    now[0] += 3
    assert clock.now() == 6
    assert clock.advance(10) == 16
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_where_time_runs_purges_happen_by_themselves() -> None:
    with SimulatorServer(clock_start="2026-01-01T00:00:00Z", clock_rate=40 * 86_400) as server:
        control = SimulatorControl(server.url)
        api = Api(control, control.create_account())
        (sid,) = api.record()
        api.delete(sid)
        until(lambda: api.fetch(sid).status_code == 404, timeout=10, what="the purge")
        api.http.close()
        control.close()


def test_the_simulators_clock_is_the_operators(api: Api) -> None:
    clock: Clock = (following := SimulatorClock(api.control.url))
    try:
        before, ticks = clock.now(), clock.monotonic()
        assert before == api.control.now()
        assert before.tzinfo is UTC
        api.control.advance(days=1)
        until(lambda: clock.now() == before + timedelta(days=1), what="the clock following")
        assert clock.monotonic() == ticks + 86_400
    finally:
        following.stop()


def test_the_server_starts_at_the_given_time_and_ends_when_stopped() -> None:
    with SimulatorServer(clock_start="2030-05-06T07:08:09Z") as server:
        control = SimulatorControl(server.url)
        assert control.now() == datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)
        clock = SimulatorClock(server.url)
        control.close()
    with httpx.Client(verify=False) as http, pytest.raises(httpx.ConnectError):
        http.get(f"{server.url}/_sim/clock")
    assert clock.now() == datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC), "where nobody answers, time stands"
    clock.stop()
