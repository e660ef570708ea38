"""The control plane itself, the request log, the invariants, and the size of what it can hold."""

from typing import Any

import httpx
import pytest

from lab.simulator import ControlRefused, SimulatorControl
from lab.twilio_simulator.options import Options

from .conftest import Api


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "advance", {"days": -1}),
        ("POST", "advance", {"hours": 1}),
        ("POST", "advance", {"seconds": "soon"}),
        ("POST", "recordings", {}),
        ("POST", "recordings", {"account_sid": "AC" + "0" * 32}),
        ("POST", "accounts", {"owner_account_sid": "AC" + "0" * 32}),
        ("PUT", "accounts/AC0/auth-token", {}),
        ("PUT", "options", {"no_such_option": 1}),
        ("PUT", "options", {"event_loss": 2}),
        ("POST", "transcriptions", {"recording_sid": "RE0"}),
        ("DELETE", "keys/SK0", None),
        ("GET", "nothing", None),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(
    control: SimulatorControl, method: str, path: str, body: dict[str, Any] | None
) -> None:
    with pytest.raises(ControlRefused, match="/_sim/"):
        control.ask(method, path, body)


@pytest.mark.parametrize(
    "fields", [{"count": 0}, {"channels": 3}, {"status": "lost"}, {"date_created": "soon"}, {"duration": -1}]
)
def test_recordings_that_make_no_sense_are_refused(api: Api, fields: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused):
        api.record(**fields)
    assert api.listed() == []


def test_options_have_defaults_and_keep_what_is_not_named(control: SimulatorControl, defaults: dict[str, Any]) -> None:
    assert set(defaults) == set(Options.__struct_fields__)
    changed = control.options(repeat_delete="204")
    assert changed == defaults | {"repeat_delete": "204"}
    assert control.ask("GET", "options") == changed


def test_a_bad_option_changes_none_of_the_others(control: SimulatorControl, defaults: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused, match="event_loss"):
        control.options(repeat_delete="204", event_loss=7)
    assert control.options() == defaults


def test_faults_do_not_touch_the_control_plane(control: SimulatorControl) -> None:
    control.fault("500", times=None)
    assert control.options()
    assert httpx.get(f"{control.url}/v1/Events", verify=False).status_code == 500


def test_requests_are_logged_without_credentials(api: Api) -> None:
    api.control.fault("500", path="Events")
    api.page(PageSize=3)
    api.http.get("/v1/Events")
    keys = api.credentials
    pair = (keys.api_key_sid, keys.api_key_secret)
    httpx.get(f"{api.control.url}/v1/Events", auth=pair, verify=False)
    httpx.get(f"{api.control.url}{api.root}.json", auth=(api.sid, "wrong"), verify=False)

    log = api.control.requests(api.sid)
    assert [(row["method"], row["status"], row["auth"], row["fault"]) for row in log] == [
        ("GET", 200, "token", None),
        ("GET", 500, "none", "500"),
        ("GET", 200, "api_key", None),
        ("GET", 401, "none", None),
    ]
    assert (log[0]["path"], log[0]["query"]) == (f"{api.root}/Recordings.json", "PageSize=3")
    assert {row["account_sid"] for row in log} == {api.sid}
    assert keys.auth_token not in str(log)
    assert keys.api_key_secret not in str(log)
    assert api.control.requests(api.sid, after=log[1]["number"]) == log[2:]


def _broken(api: Api) -> list[str]:
    """Names of the invariants that this account's recordings broke."""
    own = set(api.listed(IncludeSoftDeleted="true"))
    return [row["name"] for row in api.control.invariants() if row["subject"] in own]


def test_deleting_audio_that_nobody_downloaded_breaks_an_invariant(api: Api) -> None:
    (sid,) = api.record(duration=1)
    api.delete(sid)
    assert _broken(api) == ["audio_deleted_without_download"]


@pytest.mark.parametrize(("fault", "broken"), [(None, False), ("truncated_body", True), ("short_body", True)])
def test_only_a_whole_download_counts(api: Api, fault: str | None, broken: bool) -> None:
    (sid,) = api.record(duration=1)
    if fault:
        api.control.fault(fault, path=sid)
    try:
        api.http.get(api.url(sid, ".wav"))
    except httpx.RemoteProtocolError:
        assert fault == "truncated_body"
    api.delete(sid)
    assert bool(_broken(api)) is broken


def test_deletions_in_the_console_or_of_external_recordings_break_nothing(api: Api) -> None:
    api.control.bulk_delete(api.sid, api.record())
    api.control.external_storage(api.sid, True, "https://bucket.s3.amazonaws.com")
    api.delete(*api.record())
    assert _broken(api) == []


def test_deleting_twice_breaks_an_invariant(api: Api) -> None:
    api.control.options(repeat_delete="204")
    (sid,) = api.record(duration=1)
    api.http.get(api.url(sid, ".wav"))
    api.delete(sid)
    assert _broken(api) == []
    api.delete(sid)
    assert _broken(api) == ["deleted_twice"]


@pytest.mark.parametrize(
    ("window", "broken"), [(None, False), ("{hour}:00-{hour}:59", False), ("{other}:00-{other}:59", True)]
)
def test_the_window_for_deletions_is_an_option(api: Api, window: str | None, broken: bool) -> None:
    sids = api.record(duration=1)
    now = api.control.advance(seconds=(60 - api.control.now().minute) * 60)
    api.http.get(api.url(sids[0], ".wav"))
    api.delete(sids[0])
    if window:
        text = window.format(hour=f"{now.hour:02d}", other=f"{(now.hour + 2) % 24:02d}")
        api.control.options(delete_window_utc=text)
    assert ("deleted_outside_window" in _broken(api)) is broken


@pytest.mark.parametrize(("limit", "broken"), [(None, 0), (3, 0), (2, 1)])
def test_the_rate_of_deletions_is_an_option(api: Api, limit: int | None, broken: int) -> None:
    api.control.advance(seconds=120)
    api.control.options(deletes_per_minute_max=limit)
    for sid in api.record(3, duration=1):
        api.http.get(api.url(sid, ".wav"))
        api.delete(sid)
    api.control.advance(seconds=60)
    for sid in api.record(2, duration=1):
        api.http.get(api.url(sid, ".wav"))
        api.delete(sid)
    assert _broken(api).count("deleted_too_fast") == broken


def test_a_hundred_thousand_recordings_are_made_at_once_and_listed(api: Api) -> None:
    made = api.record(100_000, date_created="2025-06-01T00:00:00Z", spacing_seconds=60)
    assert len(set(made)) == 100_000

    found: set[str] = set()
    link = f"{api.root}/Recordings.json?PageSize=1000&IncludeSoftDeleted=true"
    while link:
        content = api.http.get(link).json()
        found |= {recording["sid"] for recording in content["recordings"]}
        link = content["next_page_uri"]
    assert found == set(made)
    assert api.page(PageSize=1, **{"DateCreated<": "2025-06-01"}).json()["recordings"][0]["sid"] == made[1439]
