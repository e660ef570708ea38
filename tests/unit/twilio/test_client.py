"""What the client sends, and what it makes of answers that came in whole."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import AccountFacts, DeletionEvent, UploadAlert
from recording_storage_operator.core.reasons import Reason
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve
from tests.unit.twilio.wire import ACCOUNT, OTHER_ACCOUNT, TOKEN, Reply, Seen

SINCE = datetime(2026, 2, 28, 23, 30, tzinfo=timezone(timedelta(hours=1)))


def query(seen: Seen) -> dict[str, list[str]]:
    return parse_qs(urlsplit(seen.path).query)


def test_the_account_comes_with_twilios_time(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.account()))
    facts = connect(server.url).account()
    assert facts == AccountFacts(ACCOUNT, "active", "Calls", datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert server.seen[0].path == f"/2010-04-01/Accounts/{ACCOUNT}.json"
    expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert server.authorizations == [f"Basic {expected}"]


@pytest.mark.parametrize("friendly_name", [None, ""])
def test_an_account_needs_no_name(serve: Serve, connect: Connect, friendly_name: str | None) -> None:
    server = serve(Reply(wire.account(friendly_name=friendly_name)))
    assert connect(server.url).account().friendly_name == ""


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(wire.account(status="suspended")), Reason.TWILIO_ACCOUNT_SUSPENDED),
        (Reply(wire.account(status="closed")), Reason.TWILIO_ACCOUNT_CLOSED),
        (Reply(wire.problem(20404, 404), 404), Reason.TWILIO_ACCOUNT_NOT_FOUND),
        (Reply(wire.problem(20003, 401), 401), Reason.TWILIO_CREDENTIALS_REJECTED),
        (Reply(wire.problem(20003, 403), 403), Reason.TWILIO_ACCESS_DENIED),
    ],
)
def test_an_account_somebody_has_to_look_after(serve: Serve, connect: Connect, reply: Reply, reason: Reason) -> None:
    with pytest.raises(Wait) as caught:
        connect(serve(reply).url).account()
    assert caught.value.reason is reason


@pytest.mark.parametrize("document", [wire.account(sid=OTHER_ACCOUNT), wire.account(status=None), {}])
def test_what_is_not_the_account_is_no_answer(serve: Serve, connect: Connect, document: Any) -> None:
    with pytest.raises(Transient) as caught:
        connect(serve(Reply(document)).url).account()
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_account_without_twilios_time_is_no_answer(serve: Serve, connect: Connect, date: str) -> None:
    server = serve(replace(Reply(wire.account()), date=date))
    with pytest.raises(Transient) as caught:
        connect(server.url).account()
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


API_KEY = {"apiKeySid": "SK" + "c" * 32, "apiKeySecret": "s3cret"}


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_key_barred_from_the_account_learns_of_it_from_its_recordings(
    serve: Serve, connect: Connect, status: int
) -> None:
    server = serve(Reply(wire.problem(20003, status), status), Reply(wire.recordings_page(wire.recording())))
    facts = connect(server.url, secret=API_KEY).account()
    assert facts == AccountFacts(ACCOUNT, "active", "", datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert server.seen[1].path == f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?PageSize=1"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (Reply(wire.problem(20003, 401), 401), Reason.TWILIO_CREDENTIALS_REJECTED),
        (Reply(wire.problem(20003, 403), 403), Reason.TWILIO_ACCESS_DENIED),
        (Reply(wire.problem(20404, 404), 404), Reason.TWILIO_ACCOUNT_NOT_FOUND),
        (Reply(wire.problem(20500, 500), 500), Reason.TWILIO_UNREACHABLE),
        (Reply(wire.recordings_page(wire.recording(account_sid=OTHER_ACCOUNT))), Reason.TWILIO_ANSWER_UNUSABLE),
        (Reply(wire.recordings_page(), date=""), Reason.TWILIO_ANSWER_UNUSABLE),
    ],
)
def test_an_api_key_barred_from_the_recordings_too_learns_nothing(
    serve: Serve, connect: Connect, second: Reply, reason: Reason
) -> None:
    server = serve(Reply(wire.problem(20003, 401), 401), second)
    with pytest.raises(ReconcileError) as caught:
        connect(server.url, secret=API_KEY).account()
    assert caught.value.reason is reason


def test_a_page_of_recordings_asks_for_deleted_ones_and_for_as_many_as_twilio_serves(
    serve: Serve, connect: Connect
) -> None:
    server = serve(Reply(wire.recordings_page()))
    connect(server.url).recordings()
    assert query(server.seen[0]) == {"PageSize": ["1000"], "IncludeSoftDeleted": ["true"]}


def test_a_page_of_recordings_is_read_as_it_is(serve: Serve, connect: Connect) -> None:
    bucket = "https://calls.s3.eu-west-1.amazonaws.com/x"
    server = serve(
        Reply(
            wire.recordings_page(
                wire.recording(3, status="deleted", date_created="Sun, 01 Mar 2026 13:00:00 +0200"),
                wire.recording(2, status="absent", error_code=16101, media_url=None, duration=None, price=None),
                wire.recording(1, status="a-status-of-tomorrow", media_url=bucket),
            )
        )
    )
    page = connect(server.url).recordings()
    media = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{wire.sid(3)}"
    assert [(one.sid, one.status, one.date_created, one.media_url, one.duration) for one in page.recordings] == [
        (wire.sid(3), "deleted", "Sun, 01 Mar 2026 13:00:00 +0200", media, "9"),
        (wire.sid(2), "absent", "Sun, 01 Mar 2026 11:00:00 +0000", None, None),
        (wire.sid(1), "a-status-of-tomorrow", "Sun, 01 Mar 2026 11:00:00 +0000", bucket, "9"),
    ]
    assert page.recordings[0].created_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert page.next_page is None


def test_the_next_page_still_asks_for_deleted_ones_even_where_its_address_does_not(
    serve: Serve, connect: Connect
) -> None:
    following = "PageSize=1000&Page=1&PageToken=PA%2B1"
    server = serve(Reply(wire.recordings_page(wire.recording(), following=following)), Reply(wire.recordings_page()))
    client = connect(server.url)
    client.recordings(client.recordings().next_page)
    assert query(server.seen[1]) == {
        "PageSize": ["1000"],
        "Page": ["1"],
        "PageToken": ["PA+1"],
        "IncludeSoftDeleted": ["true"],
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        {"recordings": [wire.recording()]},
        {"next_page_uri": None},
        {"recordings": None, "next_page_uri": None},
        {"recordings": {}, "next_page_uri": None},
        wire.recordings_page(wire.recording(sid=None)),
        wire.recordings_page(wire.recording(sid="")),
        wire.recordings_page(wire.recording(sid="RE1")),
        wire.recordings_page(wire.recording(status=None)),
        wire.recordings_page(wire.recording(date_created=None)),
        wire.recordings_page({key: value for key, value in wire.recording().items() if key != "sid"}),
        wire.recordings_page({key: value for key, value in wire.recording().items() if key != "account_sid"}),
        wire.recordings_page(wire.recording(1), wire.recording(2, account_sid=OTHER_ACCOUNT)),
        wire.recordings_page(next_page_uri=7),
        wire.recordings_page(next_page_uri="https://evil.example/2010-04-01/Accounts?PageToken=x"),
        wire.recordings_page(following="PageSize=1000&IncludeSoftDeleted=true"),
        wire.problem(20404, 404),
    ],
)
def test_half_a_page_is_no_page(serve: Serve, connect: Connect, document: Any) -> None:
    with pytest.raises(Transient) as caught:
        connect(serve(Reply(document)).url).recordings()
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_a_page_that_names_itself_as_the_next_is_never_followed(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.recordings_page(wire.recording(), following="Page=1&PageToken=PA1")))
    client = connect(server.url)
    first = client.recordings()
    with pytest.raises(Transient) as caught:
        client.recordings(first.next_page)
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_a_page_twilio_no_longer_knows_asks_for_a_fresh_start(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.problem(21481, 400), 400))
    with pytest.raises(Transient) as caught:
        connect(server.url).recordings("Page=1&PageToken=PA1")
    assert caught.value.reason is Reason.LISTING_INCONSISTENT


def test_a_list_that_is_not_found_is_not_an_empty_list(serve: Serve, connect: Connect) -> None:
    client = connect(serve(Reply(wire.problem(20404, 404), 404)).url)
    with pytest.raises(Transient) as caught:
        client.recordings()
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_one_recording_is_asked_for_even_if_deleted(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.recording(5, status="deleted")))
    found = connect(server.url).recording(wire.sid(5))
    assert found is not None
    assert (found.sid, found.status) == (wire.sid(5), "deleted")
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{wire.sid(5)}.json"
    assert server.seen[0].path == f"{path}?IncludeSoftDeleted=true"


def test_a_recording_twilio_knows_nothing_of_is_none(serve: Serve, connect: Connect) -> None:
    assert connect(serve(Reply(wire.problem(20404, 404), 404)).url).recording(wire.sid(1)) is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(wire.recording(2)),
        Reply(wire.recording(1, account_sid=OTHER_ACCOUNT)),
        Reply({}),
        Reply(wire.problem(20404, 404)),
        Reply({"status": 404, "error": "Not Found"}, 404),
        Reply(body=b"<html>not found</html>", status=404, content_type="text/html"),
    ],
)
def test_what_is_not_the_recording_is_not_taken_for_its_absence(serve: Serve, connect: Connect, reply: Reply) -> None:
    with pytest.raises(Transient) as caught:
        connect(serve(reply).url).recording(wire.sid(1))
    assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_a_sid_cannot_lead_to_another_path(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.problem(20404, 404), 404))
    connect(server.url).recording("../../Keys?x=")
    assert server.seen[0].path.startswith(f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/..%2F..%2FKeys%3Fx%3D.json?")


def test_deletion_events_are_asked_for_with_one_filter_beside_the_time(serve: Serve, connect: Connect) -> None:
    server = serve(Reply(wire.monitor_page("events")))
    connect(server.url).deletion_events(SINCE)
    assert urlsplit(server.seen[0].path).path == "/v1/Events"
    assert query(server.seen[0]) == {
        "StartDate": ["2026-02-28T22:30:00Z"],
        "EventType": ["recording.deleted"],
        "PageSize": ["1000"],
    }


def test_deletion_events_are_the_accounts_own_deletions_in_utc(serve: Serve, connect: Connect) -> None:
    server = serve(
        Reply(
            wire.monitor_page(
                "events",
                wire.event(1),
                wire.event(2, event_type="recording.created"),
                wire.event(3, account_sid=OTHER_ACCOUNT),
                wire.event(4, event_date="2026-03-01T13:30:00+02:00"),
            )
        )
    )
    page = connect(server.url).deletion_events(SINCE)
    moment = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert page.events == [DeletionEvent(wire.sid(1), moment), DeletionEvent(wire.sid(4), moment)]
    assert all(event.deleted_at.tzinfo is UTC for event in page.events)


def test_upload_alerts_are_only_the_two_kinds_and_only_about_recordings(serve: Serve, connect: Connect) -> None:
    server = serve(
        Reply(
            wire.monitor_page(
                "alerts",
                wire.alert(1, "16111"),
                wire.alert(2, "16112", date_generated=None),
                wire.alert(3, "11200"),
                wire.alert(4, None),
                wire.alert(5, account_sid=OTHER_ACCOUNT),
                wire.alert(6, resource_sid="CA" + "1" * 32),
                wire.alert(7, resource_sid=None),
                wire.alert(8, account_sid=None, date_generated=None, date_created=None),
            )
        )
    )
    page = connect(server.url).upload_alerts(SINCE)
    assert page.alerts == [
        UploadAlert(wire.sid(1), 16111, datetime(2026, 3, 1, 11, 45, 0, tzinfo=UTC)),
        UploadAlert(wire.sid(2), 16112, datetime(2026, 3, 1, 11, 45, 1, tzinfo=UTC)),
        UploadAlert(wire.sid(8), 16112, None),
    ]
    assert "without saying of which recording" in page.doubt
    assert query(server.seen[0]) == {"StartDate": ["2026-02-28T22:30:00Z"], "PageSize": ["1000"]}


@pytest.mark.parametrize("key", ["events", "alerts"])
def test_monitors_next_page_is_read_at_our_own_address(serve: Serve, connect: Connect, key: str) -> None:
    name = key.capitalize()
    server = serve(
        Reply(wire.monitor_page(key, following=f"https://monitor.twilio.com/v1/{name}?PageToken=PT1")),
        Reply(wire.monitor_page(key)),
    )
    client = connect(server.url)
    read = client.deletion_events if key == "events" else client.upload_alerts
    first = read(SINCE)
    second = read(SINCE, first.next_page)
    assert second.next_page is None
    assert server.seen[1].path == f"/v1/{name}?PageToken=PT1"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"events": [], "alerts": []},
        {"events": [], "alerts": [], "meta": {}},
        {"meta": {"next_page_url": None}},
        wire.monitor_page("events", wire.event(event_date="2026-03-01T11:30:00")) | {"alerts": 7},
        wire.monitor_page("events", wire.event(event_date="0001-01-01T00:00:00+01:00")) | {"alerts": 7},
        wire.monitor_page("events", following="https://evil.example/v1/Events?PageToken=x") | {"alerts": 7},
    ],
)
def test_half_a_page_of_monitor_is_no_page(serve: Serve, connect: Connect, document: Any) -> None:
    client = connect(serve(Reply(document)).url)
    for read in (client.deletion_events, client.upload_alerts):
        with pytest.raises(Transient) as caught:
            read(SINCE)
        assert caught.value.reason is Reason.TWILIO_ANSWER_UNUSABLE
