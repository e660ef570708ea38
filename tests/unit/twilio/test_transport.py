"""Answers that come late, in part, or from elsewhere; each ends in one of our errors and never in "there is none"."""

import gzip
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio import transport
from recording_storage_operator.twilio.client import TwilioRestClient
from recording_storage_operator.twilio.network import Timeouts
from recording_storage_operator.twilio.patience import Patience
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve
from tests.unit.twilio.wire import Reply

PAGE = Reply(wire.recordings_page(wire.recording(1), wire.recording(2)))
WHOLE = len(PAGE.payload)
SHORT = Timeouts(connect=0.2, read=0.2, answer=0.3)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)

HTML = b"<html><body>Bad Gateway</body></html>"
XML = b"<?xml version='1.0'?><TwilioResponse><RestException><Code>20404</Code></RestException></TwilioResponse>"

FAULTS = {
    "429": (Reply(wire.problem(20429, 429), 429), Reason.TWILIO_THROTTLED),
    "500": (Reply(wire.problem(20500, 500), 500), Reason.TWILIO_UNREACHABLE),
    "502 html": (Reply(body=HTML, status=502, content_type="text/html"), Reason.TWILIO_UNREACHABLE),
    "503 empty": (Reply(body=b"", status=503, content_type=""), Reason.TWILIO_UNREACHABLE),
    "hang": (Reply(fault="hang"), Reason.TWILIO_UNREACHABLE),
    "slow drip": (replace(PAGE, fault="drip"), Reason.TWILIO_UNREACHABLE),
    "reset": (Reply(fault="reset"), Reason.TWILIO_UNREACHABLE),
    "truncated": (replace(PAGE, body=PAGE.payload[: WHOLE // 2], declared=WHOLE), Reason.TWILIO_UNREACHABLE),
    "short body": (replace(PAGE, body=PAGE.payload[: WHOLE // 2]), Reason.TWILIO_ANSWER_UNUSABLE),
    "empty body": (replace(PAGE, body=b""), Reason.TWILIO_ANSWER_UNUSABLE),
    "no content": (Reply(body=b"", status=204, content_type=""), Reason.TWILIO_ANSWER_UNUSABLE),
    "wrong content type": (replace(PAGE, content_type="text/html"), Reason.TWILIO_ANSWER_UNUSABLE),
    "xml with 200": (Reply(body=XML, content_type="application/xml"), Reason.TWILIO_ANSWER_UNUSABLE),
    "xml with 404": (Reply(body=XML, status=404, content_type="application/xml"), Reason.TWILIO_ANSWER_UNUSABLE),
    "html login page": (Reply(body=HTML, content_type="text/html"), Reason.TWILIO_ANSWER_UNUSABLE),
    "invalid json": (Reply(body=b"{'recordings': []}"), Reason.TWILIO_ANSWER_UNUSABLE),
    "two documents": (replace(PAGE, body=PAGE.payload * 2), Reason.TWILIO_ANSWER_UNUSABLE),
    "not utf-8": (Reply(body=b'{"recordings": [], "next_page_uri": "\xff"}'), Reason.TWILIO_ANSWER_UNUSABLE),
    "broken gzip": (replace(PAGE, headers={"Content-Encoding": "gzip"}), Reason.TWILIO_ANSWER_UNUSABLE),
    "redirect": (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), Reason.TWILIO_ANSWER_UNUSABLE),
}


def reads(client: TwilioRestClient) -> list[Callable[[], object]]:
    return [
        client.account,
        client.recordings,
        lambda: client.recording(wire.sid(1)),
        lambda: client.deletion_events(SINCE),
        lambda: client.upload_alerts(SINCE),
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error_of_ours_in_every_method(serve: Serve, connect: Connect, fault: str) -> None:
    reply, reason = FAULTS[fault]
    client = connect(serve(reply).url, timeouts=SHORT)
    for read in reads(client):
        with pytest.raises(Transient) as caught:
            read()
        assert caught.value.reason is reason


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_is_asked_again(serve: Serve, connect: Connect, fault: str) -> None:
    server = serve(FAULTS[fault][0], PAGE)
    client = connect(server.url, patience=Patience(sleep=lambda seconds: None), timeouts=SHORT)
    assert [recording.sid for recording in client.recordings().recordings] == [wire.sid(1), wire.sid(2)]
    assert len(server.seen) == 2


def test_a_single_401_is_asked_again(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.problem(20003, 401), 401), PAGE)
    client = connect(server.url, patience=Patience(sleep=lambda seconds: None))
    assert len(client.recordings().recordings) == 2


def test_a_compressed_answer_is_read(serve: Serve, connect: Connect) -> None:
    packed = replace(PAGE, body=gzip.compress(PAGE.payload), headers={"Content-Encoding": "gzip"})
    assert len(connect(serve(packed).url).recordings().recordings) == 2


def test_a_body_without_end_is_not_held_in_memory(serve: Serve, connect: Connect) -> None:
    bomb = gzip.compress(bytes(transport.MAX_BODY + 2**20), compresslevel=1)
    packed = replace(PAGE, body=bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Transient, match="64 MiB"):
        connect(serve(packed).url).recordings()


def test_nobody_listening_is_unreachable(connect: Connect) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(Transient) as caught:
            connect(url).recordings()
    assert caught.value.reason is Reason.TWILIO_UNREACHABLE
    assert url in caught.value.message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_go_across_a_redirect(serve: Serve, connect: Connect, status: int) -> None:
    elsewhere = serve(PAGE)
    server = serve(Reply(status=status, headers={"Location": f"{elsewhere.url}/v1/Events"}))
    for read in reads(connect(server.url)):
        with pytest.raises(Transient):
            read()
    assert len(server.seen) == 5
    assert elsewhere.seen == []


def test_credentials_do_not_go_where_a_next_page_points(serve: Serve, connect: Connect) -> None:
    elsewhere = serve(PAGE)
    server = serve(
        Reply(wire.recordings_page(next_page_uri=f"{elsewhere.url}/2010-04-01/Accounts/x?PageToken=1")),
        Reply(wire.monitor_page("events", following=f"{elsewhere.url}/v1/Events?PageToken=1")),
        Reply(wire.monitor_page("alerts", following=f"{elsewhere.url}/v1/Alerts?PageToken=1")),
    )
    client = connect(server.url)
    for read in (client.recordings, lambda: client.deletion_events(SINCE), lambda: client.upload_alerts(SINCE)):
        with pytest.raises(Transient):
            read()
    assert elsewhere.seen == []


@pytest.mark.parametrize("token", ["//evil.example/", "http://evil.example/?x=", "@evil.example/", "\x00", "#x", " "])
def test_a_page_token_of_a_stranger_stays_a_query(serve: Serve, connect: Connect, token: str) -> None:
    server = serve(PAGE)
    connect(server.url).recordings(token)
    assert server.seen[0].path.startswith(f"/2010-04-01/Accounts/{wire.ACCOUNT}/Recordings.json?")


def test_a_page_token_that_no_address_can_hold_is_an_error_of_ours(serve: Serve, connect: Connect) -> None:
    with pytest.raises(Transient) as caught:
        connect(serve(PAGE).url).deletion_events(SINCE, "\x00")
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_credentials_over_plain_http_do_not_pass_a_proxy(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(PAGE), serve(PAGE)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    connect(server.url).recordings()
    assert (len(proxy.seen), len(server.seen)) == (0, 1)


def test_one_accounts_cookies_are_not_sent_with_anothers_requests(serve: Serve, connect: Connect) -> None:
    server = serve(replace(PAGE, headers={"Set-Cookie": "session=1; Path=/"}), PAGE)
    client = connect(server.url)
    client.recordings()
    client.recordings()
    assert "Cookie" not in server.seen[1].headers


def test_a_client_may_be_used_from_several_threads(serve: Serve, connect: Connect) -> None:
    client = connect(serve(PAGE).url)
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: client.recordings(), range(16)))
    assert all(page == pages[0] for page in pages)


def test_the_user_agent_names_the_operator(serve: Serve, connect: Connect) -> None:
    server = serve(PAGE)
    connect(server.url).recordings()
    assert server.seen[0].headers["User-Agent"].startswith("recording-storage-operator/")
    assert json.loads(PAGE.payload)["recordings"]
