"""Every kind of fault at work, seen by a plain HTTP client, and the rules that choose what is hit."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lab.simulator import ControlRefused, SimulatorControl, SimulatorServer
from lab.waiting import until

from .conftest import Api, code


@pytest.mark.parametrize(("kind", "expected"), [("429", (429, 20429)), ("500", (500, 20500)), ("401", (401, 20003))])
def test_error_faults_answer_once_and_do_nothing(api: Api, kind: str, expected: tuple[int, int]) -> None:
    (sid,) = api.record()
    api.control.fault(kind, method="DELETE", path=sid)
    assert code(api.delete(sid)) == expected
    assert api.fetch(sid).json()["status"] == "completed"
    assert api.delete(sid).status_code == 204


def test_503_can_ask_for_patience(api: Api) -> None:
    api.control.fault("503", path=api.sid, retry_after=7)
    answer = api.page()
    assert (code(answer), answer.headers["Retry-After"]) == ((503, 20503), "7")


@pytest.mark.parametrize("seconds", [None, 3])
def test_retry_after_of_a_429_is_an_option(api: Api, seconds: int | None) -> None:
    api.control.options(retry_after_seconds=seconds)
    api.control.fault("429", path=api.sid)
    assert api.page().headers.get("Retry-After") == (None if seconds is None else "3")


def test_502_is_a_page_of_html(api: Api) -> None:
    api.control.fault("502_html", path=api.sid)
    answer = api.page()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


def test_a_reset_before_does_nothing(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("reset_before", method="DELETE", path=sid)
    with pytest.raises(httpx.ReadError):
        api.delete(sid)
    assert api.fetch(sid).json()["status"] == "completed"


def test_a_reset_after_comes_when_it_is_done(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("reset_after", method="DELETE", path=sid)
    with pytest.raises(httpx.ReadError):
        api.delete(sid)
    assert api.fetch(sid).json()["status"] == "deleted"


def test_a_500_can_come_when_it_is_done(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("commit_then_500", method="DELETE", path=sid)
    assert api.delete(sid).status_code == 500
    assert api.fetch(sid).json()["status"] == "deleted"


def test_a_hang_times_out_the_client_and_nobody_else(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("hang", method="DELETE", path=sid)
    with pytest.raises(httpx.ReadTimeout):
        api.http.delete(api.url(sid), timeout=0.2)
    assert api.fetch(sid).json()["status"] == "completed"


def test_a_hang_that_ends_is_answered(api: Api) -> None:
    api.control.fault("hang", path=api.sid, seconds=0.1)
    started = time.monotonic()
    assert api.page().status_code == 200
    assert time.monotonic() - started >= 0.1


def test_a_request_given_up_during_a_hang_is_never_processed(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("hang", method="DELETE", path=sid, seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        api.http.delete(api.url(sid), timeout=0.05)
    until(lambda: api.page().headers["Twilio-Concurrent-Requests"] == "1", what="the end of the hang")
    assert api.fetch(sid).json()["status"] == "completed"


def test_a_hang_does_not_block_shutdown() -> None:
    server = SimulatorServer()
    control = SimulatorControl(server.url)
    api = Api(control, control.create_account())
    control.fault("hang", path="Recordings")
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(api.page)
        until(lambda: control.faults()[0]["fired"] == 1, what="the hang")
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 4, "the process ended by itself, not by a kill after 5 s"
        hanging.exception(timeout=5)
    api.http.close()
    control.close()


def test_a_slow_drip_arrives_whole_in_the_end(api: Api) -> None:
    (sid,) = api.record(duration=1)
    whole = api.http.get(api.url(sid, ".wav")).content
    api.control.fault("slow_drip", path=sid, seconds=0.4, times=2)
    started = time.monotonic()
    assert api.http.get(api.url(sid, ".wav")).content == whole
    assert time.monotonic() - started >= 0.3
    assert api.fetch(sid).json()["sid"] == sid


@pytest.mark.parametrize("ext", [".json", ".wav"])
def test_a_truncated_body_ends_before_its_length(api: Api, ext: str) -> None:
    (sid,) = api.record(duration=1)
    api.control.fault("truncated_body", path=sid)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        api.http.get(api.url(sid, ext))
    assert api.http.get(api.url(sid, ext)).status_code == 200


def test_a_short_body_has_a_length_that_fits(api: Api) -> None:
    (sid,) = api.record(duration=1)
    api.control.fault("short_body", path=sid, times=2)
    audio = api.http.get(api.url(sid, ".wav"))
    assert (audio.status_code, len(audio.content)) == (200, 16_044 // 2)
    assert audio.headers["Content-Length"] == str(16_044 // 2)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        api.fetch(sid).json()


def test_a_wrong_content_type_leaves_the_body_alone(api: Api) -> None:
    (sid,) = api.record(duration=1)
    api.control.fault("wrong_content_type", path=sid, times=2)
    assert api.fetch(sid).headers["Content-Type"] == "text/plain"
    audio = api.http.get(api.url(sid, ".wav"))
    assert (audio.headers["Content-Type"], audio.content[:4]) == ("text/html", b"RIFF")


def test_an_xml_error_can_come_with_200(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("xml_error_200", path=sid)
    answer = api.http.get(api.url(sid, ".wav"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    assert "<Code>20404</Code>" in answer.text


def test_invalid_json_says_that_it_is_json(api: Api) -> None:
    api.control.fault("invalid_json", path=api.sid)
    answer = api.page()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json;charset=utf-8")
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


def test_a_record_is_duplicated_across_pages(api: Api) -> None:
    sids = api.record(4, spacing_seconds=1)[::-1]
    api.control.fault("duplicate_record", path="PageToken")
    assert api.listed(PageSize=2) == [sids[0], sids[1], sids[1], sids[2], sids[3]]


def test_a_record_is_duplicated_on_the_first_page(api: Api) -> None:
    sids = api.record(2, spacing_seconds=1)[::-1]
    api.control.fault("duplicate_record", path=api.sid)
    assert api.listed() == [sids[0], *sids]


def test_a_record_is_missing_between_pages(api: Api) -> None:
    sids = api.record(5, spacing_seconds=1)[::-1]
    api.control.fault("missing_record", path="PageToken")
    assert api.listed(PageSize=2) == [sids[0], sids[1], sids[3], sids[4]]


def test_a_page_can_point_to_itself(api: Api) -> None:
    api.record(4)
    api.control.fault("page_loop", path=api.sid)
    first = api.page(PageSize=2).json()
    assert first["next_page_uri"] == first["uri"]
    api.control.fault("page_loop", path="/v1/Events")
    meta = api.http.get("/v1/Events", params={"PageSize": 2}).json()["meta"]
    assert meta["next_page_url"] == meta["url"]


def test_a_stale_list_still_shows_what_is_deleted(api: Api) -> None:
    (sid,) = api.record()
    api.control.fault("stale_list", path="Recordings.json", seconds=60, times=None)
    api.delete(sid)
    assert [row["status"] for row in api.page().json()["recordings"]] == ["completed"]
    assert api.fetch(sid).json()["status"] == "deleted", "only lists are stale"
    api.control.advance(seconds=60)
    assert api.page().json()["recordings"] == []
    assert api.page(IncludeSoftDeleted="true").json()["recordings"][0]["status"] == "deleted"


def _statuses(api: Api, count: int) -> list[int]:
    return [api.page().status_code for _ in range(count)]


def test_a_rule_hits_the_nth_request(api: Api) -> None:
    api.control.fault("500", path=api.sid, nth=3)
    assert _statuses(api, 4) == [200, 200, 500, 200]


def test_a_rule_hits_after_some_and_so_many_times(api: Api) -> None:
    rule = api.control.fault("503", path=api.sid, after=1, times=2)
    assert _statuses(api, 5) == [200, 503, 503, 200, 200]
    (found,) = [row for row in api.control.faults() if row["id"] == rule["id"]]
    assert (found["matched"], found["fired"]) == (5, 2)


def test_a_rule_without_times_lasts_until_it_is_cleared(api: Api) -> None:
    api.control.fault("500", path=api.sid, times=None)
    assert _statuses(api, 3) == [500] * 3
    api.control.clear_faults()
    assert _statuses(api, 1) == [200]


def test_probability_is_repeatable_by_seed(api: Api) -> None:
    runs = []
    for _ in range(2):
        api.control.fault("500", path=api.sid, times=None, probability=0.5, seed=7)
        runs.append(_statuses(api, 20))
        api.control.clear_faults()
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_rule_can_be_for_one_method_and_one_query(api: Api) -> None:
    api.control.fault("500", method="get", path="IncludeSoftDeleted=true", times=None)
    (sid,) = api.record()
    assert [api.fetch(sid).status_code, api.fetch(sid, deleted=False).status_code] == [500, 200]
    assert api.delete(sid).status_code == 204


@pytest.mark.parametrize(
    "rule",
    [{"kind": "bang"}, {"kind": "500", "path": "("}, {"kind": "500", "pth": "x"}, {"kind": "500", "probability": 2}],
)
def test_a_rule_that_makes_no_sense_is_refused(api: Api, rule: dict[str, object]) -> None:
    with pytest.raises(ControlRefused):
        api.control.ask("POST", "faults", rule)


def test_a_kind_may_be_a_number(api: Api) -> None:
    assert api.control.ask("POST", "faults", {"kind": 429})["kind"] == "429"


@pytest.mark.parametrize(("limit", "refused", "peak"), [(4, 2, 5), (100, 0, 6)])
def test_how_many_requests_may_be_in_flight_is_an_option(api: Api, limit: int, refused: int, peak: int) -> None:
    api.control.options(concurrency_limit=limit)
    api.control.fault("hang", path=api.sid, times=None, seconds=0.5)
    answers = asyncio.run(_at_once(api, 6))
    busy = [answer for answer in answers if answer.status_code == 429]
    assert len(busy) == refused
    assert {code(answer) for answer in busy} <= {(429, 20429)}
    assert max(int(answer.headers["Twilio-Concurrent-Requests"]) for answer in answers) >= peak
    assert api.control.ask("GET", "requests")["concurrency_peaks"][api.sid] >= peak


async def _at_once(api: Api, count: int) -> list[httpx.Response]:
    auth = api.sid, api.credentials.auth_token
    async with httpx.AsyncClient(base_url=api.control.url, auth=auth, verify=False, timeout=20) as http:
        return await asyncio.gather(*(http.get(f"{api.root}/Recordings.json") for _ in range(count)))
