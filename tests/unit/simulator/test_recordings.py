"""List, fetch and delete, with every option that changes them."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .conftest import Api, code

NOT_COMPLETED = ["in-progress", "paused", "stopped", "processing", "absent"]


def test_a_deleted_recording_is_seen_only_where_it_is_asked_for(api: Api) -> None:
    (sid,) = api.record()
    answer = api.delete(sid)

    assert (answer.status_code, answer.content) == (204, b"")
    assert code(api.fetch(sid, deleted=False)) == (404, 20404)
    assert api.fetch(sid).json()["status"] == "deleted"
    assert api.listed() == []
    assert api.listed(IncludeSoftDeleted="true") == [sid]


def test_a_deleted_recording_keeps_all_of_its_fields(api: Api) -> None:
    (sid,) = api.record()
    before = api.fetch(sid).json()
    api.delete(sid)
    assert api.fetch(sid).json() == before | {"status": "deleted"}


def test_the_error_of_an_unknown_recording_is_json_or_xml_as_asked(api: Api) -> None:
    sid = "RE" + "0" * 32
    assert api.fetch(sid).json() == {
        "code": 20404,
        "message": f"The requested resource {api.url(sid)} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }
    for ext in ("", ".xml", ".wav"):
        answer = api.http.get(api.url(sid, ext))
        assert answer.headers["Content-Type"] == "application/xml"
        assert "<TwilioResponse><RestException><Code>20404</Code>" in answer.text


def test_metadata_is_xml_where_the_path_says_so(api: Api) -> None:
    (sid,) = api.record()
    assert f"<Recording><AccountSid>{api.sid}</AccountSid>" in api.http.get(api.url(sid, ".xml")).text
    assert f"<Sid>{sid}</Sid>" in api.http.get(f"{api.root}/Recordings").text


def test_another_accounts_recording_is_not_found(api: Api) -> None:
    stranger = api.control.create_account()
    (other,) = api.control.record(stranger.account_sid)
    assert code(api.fetch(other["sid"])) == (404, 20404)
    assert code(api.delete(other["sid"])) == (404, 20404)


def test_an_unknown_path_is_404_and_a_wrong_method_405(api: Api) -> None:
    assert code(api.http.get(f"{api.root}/Nothing.json")) == (404, 20404)
    assert code(api.http.put(f"{api.root}/Recordings.json")) == (405, 20004)


@pytest.mark.parametrize("status", NOT_COMPLETED)
def test_only_completed_recordings_can_be_deleted(api: Api, status: str) -> None:
    (sid,) = api.record(status=status)
    assert code(api.delete(sid)) == (400, 20009)
    assert api.fetch(sid).json()["status"] == status


def test_the_refusal_to_delete_is_an_option(api: Api) -> None:
    api.control.options(delete_not_completed_status=409, delete_not_completed_code=20010)
    (sid,) = api.record(status="processing")
    assert code(api.delete(sid)) == (409, 20010)


@pytest.mark.parametrize(("option", "status"), [("404", 404), ("204", 204)])
def test_what_a_repeated_delete_answers_is_an_option(api: Api, option: str, status: int) -> None:
    api.control.options(repeat_delete=option)
    (sid,) = api.record()
    api.delete(sid)
    api.control.advance(days=1)
    assert api.delete(sid).status_code == status
    assert len(api.events(EventType="recording.deleted")) == 1
    api.control.advance(days=39)
    assert api.fetch(sid).status_code == 404, "the second delete does not begin the 40 days again"


@pytest.mark.parametrize(("option", "days"), [("stay", 0), ("move", 3)])
def test_whether_deleting_moves_date_updated_is_an_option(api: Api, option: str, days: int) -> None:
    api.control.options(date_updated_on_delete=option)
    (sid,) = api.record()
    api.control.advance(days=3)
    api.delete(sid)
    row = api.fetch(sid).json()
    assert (_time(row["date_updated"]) - _time(row["date_created"])).days == days


@pytest.mark.parametrize("offset", ["+0000", "+0100", "-0530"])
def test_dates_are_the_same_moment_at_any_offset(api: Api, offset: str) -> None:
    api.control.options(date_offset=offset)
    (sid,) = api.record(date_created="2025-12-31T23:30:00Z")
    shown = api.fetch(sid).json()["date_created"]
    assert shown.endswith(offset)
    assert _time(shown) == datetime.fromisoformat("2025-12-31T23:30:00+00:00")


def test_the_newest_comes_first_and_one_second_has_an_order_too(api: Api) -> None:
    older = api.record(2, date_created="2025-06-01T00:00:00Z")
    newer = api.record(3, date_created="2025-06-02T00:00:00Z")
    expected = sorted(newer, reverse=True) + sorted(older, reverse=True)
    assert api.listed() == expected
    assert api.listed(PageSize=1) == expected


def test_recordings_of_a_call_or_a_conference_are_found(api: Api) -> None:
    call, conference = "CA" + "1" * 32, "CF" + "2" * 32
    (of_call,) = api.record(call_sid=call)
    (of_conference,) = api.record(conference_sid=conference, source="Conference")
    assert api.listed(CallSid=call) == [of_call]
    assert api.listed(ConferenceSid=conference) == [of_conference]


def test_unknown_parameters_are_ignored(api: Api) -> None:
    assert api.listed(Status="completed", Nonsense="1") == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"DateCreated": "2025-06-02"}, "bc"),
        ({"DateCreated>": "2025-06-02"}, "bcd"),
        ({"DateCreated<": "2025-06-02"}, "abc"),
        ({"DateCreated>": "2025-06-02", "DateCreated<": "2025-06-02"}, "bc"),
        ({"DateCreated>": "2025-06-02T18:00:00Z"}, "bcd"),
        ({"DateCreated<": "2025-06-01T01:00:00Z"}, "a"),
    ],
)
def test_date_filters_are_days_in_gmt(api: Api, filters: dict[str, str], found: str) -> None:
    assert _letters(api, filters) == found


def test_date_filters_by_second_are_an_option(api: Api) -> None:
    api.control.options(date_filter="second")
    assert _letters(api, {"DateCreated>": "2025-06-02T23:59:59Z"}) == "cd"
    assert _letters(api, {"DateCreated<": "2025-06-02T00:00:00Z"}) == "ab"


@pytest.mark.parametrize(("option", "found"), [(True, "abc"), (False, "a")])
def test_whether_before_includes_its_day_is_an_option(api: Api, option: bool, found: str) -> None:
    api.control.options(date_before_includes_day=option)
    assert _letters(api, {"DateCreated<": "2025-06-02"}) == found


def test_a_filter_that_is_no_date_is_refused(api: Api) -> None:
    assert api.page(**{"DateCreated>": "yesterday"}).status_code == 400


def _letters(api: Api, filters: dict[str, str]) -> str:
    """Which of four recordings around 2 June a filter finds, oldest first."""
    dates = ["2025-06-01T23:59:59Z", "2025-06-02T00:00:00Z", "2025-06-02T23:59:59Z", "2025-06-03T00:00:00Z"]
    account = Api(api.control, api.control.create_account())
    letters = {account.record(date_created=date)[0]: letter for letter, date in zip("abcd", dates, strict=True)}
    found = "".join(letters[sid] for sid in reversed(account.listed(**filters)))
    account.http.close()
    return found


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({}, "https://api.twilio.com/2010-04-01/"),
        ({"media_url_scheme": "http"}, "http://api.twilio.com/2010-04-01/"),
        ({"media_url_host": "request"}, "{url}/2010-04-01/"),
    ],
)
def test_the_form_of_media_url_is_an_option(api: Api, options: dict[str, Any], start: str) -> None:
    api.control.options(**options)
    (sid,) = api.record()
    assert (
        api.fetch(sid).json()["media_url"] == start.format(url=api.control.url) + f"Accounts/{api.sid}/Recordings/{sid}"
    )


def test_a_recording_in_the_making_has_no_duration_or_price(api: Api) -> None:
    (sid,) = api.record(status="in-progress")
    row = api.fetch(sid).json()
    assert (row["duration"], row["price"]) == (None, None)


def test_a_recording_moves_on_with_time(api: Api) -> None:
    (sid,) = api.record(status="in-progress", duration=30)
    statuses = []
    for seconds in (29, 1, 9, 1):
        api.control.advance(seconds=seconds)
        statuses.append(api.fetch(sid).json()["status"])
    assert statuses == ["in-progress", "processing", "processing", "completed"]
    assert api.fetch(sid).json()["duration"] == "30"
    assert [row["event_type"] for row in api.events(ResourceSid=sid)] == ["recording.updated", "recording.created"]


@pytest.mark.parametrize(("option", "status"), [(10, "completed"), (3600, "processing")])
def test_how_long_processing_takes_is_an_option(api: Api, option: int, status: str) -> None:
    api.control.options(processing_seconds=option)
    (sid,) = api.record(status="processing")
    api.control.advance(seconds=60)
    assert api.fetch(sid).json()["status"] == status


def test_a_recording_without_length_is_absent_and_alerted(api: Api) -> None:
    (sid,) = api.record(status="processing", duration=0)
    api.control.advance(seconds=10)
    row = api.fetch(sid).json()
    assert (row["status"], row["error_code"], row["duration"]) == ("absent", 16101, None)
    assert [(alert["resource_sid"], alert["error_code"]) for alert in api.alerts()] == [(sid, "16101")]


def test_encryption_details_belong_to_encrypted_recordings(api: Api) -> None:
    (plain,), (encrypted,) = api.record(), api.record(encrypted=True)
    assert api.fetch(plain).json()["encryption_details"] is None
    details = api.fetch(encrypted).json()["encryption_details"]
    assert set(details) == {"encryption_public_key_sid", "encryption_cek", "encryption_iv"}


def test_nested_lists_show_no_deleted_ones_and_no_media_url(api: Api) -> None:
    call, conference = "CA" + "3" * 32, "CF" + "4" * 32
    kept, gone = api.record(2, call_sid=call, conference_sid=conference)
    api.delete(gone)
    for parent, extra in ((f"Calls/{call}", {"track"}), (f"Conferences/{conference}", set())):
        answer = api.http.get(f"{api.root}/{parent}/Recordings.json", params={"IncludeSoftDeleted": "true"})
        (row,) = answer.json()["recordings"]
        assert row["sid"] == kept
        assert set(api.fetch(kept).json()) - set(row) == {"media_url", "subresource_uris"}
        assert set(row) - set(api.fetch(kept).json()) == extra


@pytest.mark.parametrize(("option", "left"), [("keep", 1), ("cascade", 0)])
def test_whether_transcriptions_outlive_their_recording_is_an_option(api: Api, option: str, left: int) -> None:
    api.control.options(transcriptions_on_delete=option)
    (sid,) = api.record()
    made = api.control.ask("POST", "transcriptions", {"recording_sid": sid, "text": "hello"})
    api.delete(sid)
    path = f"{api.root}/Recordings/{sid}/Transcriptions.json"
    assert len(api.http.get(path).json()["transcriptions"]) == left
    one = f"{api.root}/Transcriptions/{made['sid']}.json"
    assert api.http.get(one).status_code == (200 if left else 404)


def test_a_transcription_is_deleted_by_itself(api: Api) -> None:
    (sid,) = api.record()
    made = api.control.ask("POST", "transcriptions", {"recording_sid": sid})
    path = f"{api.root}/Transcriptions/{made['sid']}.json"
    assert api.http.get(path).json()["recording_sid"] == sid
    assert api.http.delete(path).status_code == 204
    assert code(api.http.get(path)) == (404, 20404)
    assert [row["event_type"] for row in api.events(ResourceSid=made["sid"])] == [
        "transcription.deleted",
        "transcription.accessed",
        "transcription.created",
    ]


def test_add_on_results_are_always_empty(api: Api) -> None:
    (sid,) = api.record()
    assert api.http.get(f"{api.root}/Recordings/{sid}/AddOnResults.json").json()["add_on_results"] == []


def _time(text: str) -> datetime:
    return parsedate_to_datetime(text)
