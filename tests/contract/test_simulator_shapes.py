"""The simulator's answers have exactly the published fields, in type and form."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lab.simulator import SimulatorControl, SimulatorServer

RFC2822 = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
ISO8601 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

RECORDING: dict[str, str | type | None] = {
    "account_sid": "AC[0-9a-f]{32}",
    "api_version": "2010-04-01",
    "call_sid": "CA[0-9a-f]{32}",
    "conference_sid": None,
    "date_created": RFC2822,
    "date_updated": RFC2822,
    "start_time": RFC2822,
    "duration": r"\d+",
    "sid": "RE[0-9a-f]{32}",
    "price": r"-?\d+\.\d+",
    "price_unit": "USD",
    "status": "in-progress|paused|stopped|processing|completed|absent|deleted",
    "channels": int,
    "source": "DialVerb|Conference|OutboundAPI|Trunking|RecordVerb|StartCallRecordingAPI|StartConferenceRecordingAPI",
    "error_code": None,
    "uri": r"/2010-04-01/Accounts/AC[0-9a-f]{32}/Recordings/RE[0-9a-f]{32}\.json",
    "encryption_details": None,
    "subresource_uris": dict,
    "media_url": r"https://api\.twilio\.com/2010-04-01/Accounts/AC[0-9a-f]{32}/Recordings/RE[0-9a-f]{32}",
}
EVENT: dict[str, str | type | None] = {
    "account_sid": "AC[0-9a-f]{32}",
    "actor_sid": "(AC|US)[0-9a-f]{32}",
    "actor_type": "account|user|twilio-admin",
    "description": None,
    "event_data": None,
    "event_date": ISO8601,
    "event_type": r"recording\.deleted",
    "resource_sid": "RE[0-9a-f]{32}",
    "resource_type": "recording",
    "sid": "AE[0-9a-f]{32}",
    "source": "api|web|twilio",
    "source_ip_address": r"\d+\.\d+\.\d+\.\d+",
    "url": r"http://127\.0\.0\.1:\d+/v1/Events/AE[0-9a-f]{32}",
    "links": dict,
}
ALERT: dict[str, str | type | None] = {
    "account_sid": "AC[0-9a-f]{32}",
    "alert_text": ".+",
    "api_version": "2010-04-01",
    "date_created": ISO8601,
    "date_generated": ISO8601,
    "date_updated": ISO8601,
    "error_code": r"161\d\d",
    "log_level": "error|warning|notice|debug",
    "more_info": r"https://www\.twilio\.com/docs/errors/161\d\d",
    "request_method": "GET|POST",
    "request_url": "http.+",
    "resource_sid": "RE[0-9a-f]{32}",
    "service_sid": None,
    "sid": "NO[0-9a-f]{32}",
    "url": r"http://127\.0\.0\.1:\d+/v1/Alerts/NO[0-9a-f]{32}",
}
ACCOUNT: dict[str, str | type | None] = {
    "auth_token": "[0-9a-f]{32}",
    "date_created": RFC2822,
    "date_updated": RFC2822,
    "friendly_name": ".+",
    "owner_account_sid": "AC[0-9a-f]{32}",
    "sid": "AC[0-9a-f]{32}",
    "status": "active|suspended|closed",
    "subresource_uris": dict,
    "type": "Trial|Full",
    "uri": r"/2010-04-01/Accounts/AC[0-9a-f]{32}\.json",
}
LIST = {"page", "page_size", "start", "end", "uri", "first_page_uri", "next_page_uri", "previous_page_uri"}
META = {"page", "page_size", "first_page_url", "next_page_url", "previous_page_url", "url", "key"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture(scope="module")
def http(simulator: SimulatorServer) -> Iterator[httpx.Client]:
    """An account with one recording of each kind that the shapes are read from."""
    control = SimulatorControl(simulator.url)
    account = control.create_account("shapes")
    auth = account.account_sid, account.auth_token
    with httpx.Client(base_url=simulator.url, auth=auth, verify=False) as client:
        (recording,) = control.record(account.account_sid)
        client.delete(recording["uri"])
        control.record(account.account_sid, status="absent")
        control.record(account.account_sid)
        yield client
    control.close()


def assert_shape(row: dict[str, Any], shape: dict[str, str | type | None]) -> None:
    assert set(row) == set(shape)
    for name, expected in shape.items():
        value = row[name]
        if expected is None:
            assert value is None, name
        elif isinstance(expected, type):
            assert type(value) is expected, name
        else:
            assert isinstance(value, str), name
            assert re.fullmatch(expected, value), (name, value)


def recordings(http: httpx.Client, **params: Any) -> dict[str, Any]:
    (account,) = http.get("/2010-04-01/Accounts.json").json()["accounts"]
    page: dict[str, Any] = http.get(account["subresource_uris"]["recordings"], params=params).json()
    return page


def test_a_recording_has_the_19_published_fields(http: httpx.Client) -> None:
    rows = {row["status"]: row for row in recordings(http, IncludeSoftDeleted="true")["recordings"]}
    assert len(RECORDING) == 19
    assert_shape(rows["completed"], RECORDING)
    assert_shape(rows["deleted"], RECORDING)
    assert_shape(rows["absent"], RECORDING | {"duration": None, "price": None, "error_code": int})
    assert set(rows["completed"]["subresource_uris"]) == {"add_on_results", "transcriptions"}


def test_a_fetched_recording_is_the_listed_one(http: httpx.Client) -> None:
    for row in recordings(http, IncludeSoftDeleted="true")["recordings"]:
        assert http.get(row["uri"], params={"IncludeSoftDeleted": "true"}).json() == row


def test_a_list_has_the_published_envelope(http: httpx.Client) -> None:
    page = recordings(http, PageSize=1)
    assert set(page) == LIST | {"recordings"}
    assert page["next_page_uri"].startswith("/2010-04-01/"), "relative"
    assert page["uri"].startswith("/2010-04-01/")
    assert page["previous_page_uri"] is None


@pytest.mark.parametrize(
    ("path", "key", "shape"),
    [("/v1/Events?EventType=recording.deleted", "events", EVENT), ("/v1/Alerts", "alerts", ALERT)],
)
def test_monitor_lists_have_the_published_shape(
    http: httpx.Client, path: str, key: str, shape: dict[str, str | type | None]
) -> None:
    page = http.get(path).json()
    assert set(page) == {key, "meta"}
    assert set(page["meta"]) == META
    assert page["meta"]["key"] == key
    (row,) = page[key]
    assert_shape(row, shape)


def test_an_account_has_the_published_fields(http: httpx.Client) -> None:
    (row,) = http.get("/2010-04-01/Accounts.json").json()["accounts"]
    assert_shape(row, ACCOUNT)
    assert http.get(row["uri"]).json() == row


def test_an_error_has_the_published_fields(http: httpx.Client) -> None:
    error = http.get("/2010-04-01/Nothing.json").json()
    assert {name: type(value) for name, value in error.items()} == {
        "code": int,
        "message": str,
        "more_info": str,
        "status": int,
    }
