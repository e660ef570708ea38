"""Monitor's events: who did what and when, late or lost where an option says so."""

import pytest

from .conftest import Api, code


def kinds(api: Api, **params: str) -> list[str]:
    return [row["event_type"] for row in api.events(**params)]


def test_a_deletion_tells_who_and_when(api: Api) -> None:
    (sid,) = api.record()
    api.control.advance(seconds=90)
    api.delete(sid)
    (event,) = api.events(EventType="recording.deleted")

    assert event["event_date"] == f"{api.control.now():%Y-%m-%dT%H:%M:%SZ}"
    assert (event["resource_sid"], event["resource_type"], event["account_sid"]) == (sid, "recording", api.sid)
    assert (event["actor_sid"], event["actor_type"], event["source"]) == (api.sid, "account", "api")
    assert event["source_ip_address"] == "127.0.0.1"
    assert api.http.get(f"/v1/Events/{event['sid']}").json() == event
    assert code(api.http.get("/v1/Events/AE" + "0" * 32)) == (404, 20404)


def test_a_deletion_that_was_refused_is_no_event(api: Api) -> None:
    (sid,) = api.record(status="processing")
    api.delete(sid)
    assert kinds(api, ResourceSid=sid) == ["recording.created"]


@pytest.mark.parametrize(("option", "expected"), [("one_per_recording", 2), ("one", 0)])
def test_the_events_of_a_bulk_delete_are_an_option(api: Api, option: str, expected: int) -> None:
    api.control.options(bulk_delete_events=option)
    gone, kept, also = api.record(3)
    assert set(api.control.bulk_delete(api.sid, [gone, also])) == {gone, also}

    assert api.fetch(gone).json()["status"] == "deleted"
    assert api.fetch(kept).json()["status"] == "completed"
    (bulk,) = api.events(EventType="recording.bulk-delete.created")
    assert (bulk["actor_type"], bulk["source"], bulk["event_data"]) == ("user", "web", {"count": 2})
    assert bulk["resource_type"] == "recording"
    assert len(api.events(EventType="recording.deleted")) == expected


def test_a_bulk_delete_without_sids_takes_every_completed_recording(api: Api) -> None:
    sids = api.record(2)
    (processing,) = api.record(status="processing")
    assert sorted(api.control.bulk_delete(api.sid)) == sorted(sids)
    assert api.fetch(processing).json()["status"] == "processing"


def test_events_are_found_by_date(api: Api) -> None:
    (sid,) = api.record()
    api.control.advance(days=2)
    api.delete(sid)
    yesterday = f"{api.control.now():%Y-%m-%dT00:00:00Z}"
    assert kinds(api, StartDate=yesterday) == ["recording.deleted"]
    assert kinds(api, EndDate=yesterday) == ["recording.created"]
    assert kinds(api, StartDate=yesterday, ResourceSid=sid, EndDate=f"{api.control.now():%Y-%m-%dT%H:%M:%SZ}") == [
        "recording.deleted"
    ]
    assert api.http.get("/v1/Events", params={"StartDate": "soon"}).status_code == 400


def test_events_are_found_by_one_other_filter(api: Api) -> None:
    one, two = api.record(2)
    api.delete(one)
    assert kinds(api, ResourceSid=one) == ["recording.deleted", "recording.created"]
    assert kinds(api, ActorSid=api.sid) == kinds(api, SourceIpAddress="127.0.0.1") == ["recording.deleted"]
    assert kinds(api, ResourceSid=two) == ["recording.created"]


def test_two_other_filters_are_refused(api: Api) -> None:
    both = {"EventType": "recording.deleted", "ActorSid": api.sid}
    assert api.http.get("/v1/Events", params=both).status_code == 400


@pytest.mark.parametrize(("option", "at_once"), [(0, 1), (3600, 0)])
def test_how_late_events_come_is_an_option(api: Api, option: int, at_once: int) -> None:
    api.control.options(event_lag_seconds=option)
    api.delete(*api.record())
    assert len(api.events(EventType="recording.deleted")) == at_once
    api.control.advance(seconds=3599)
    assert len(api.events(EventType="recording.deleted")) == at_once
    api.control.advance(seconds=1)
    assert len(api.events(EventType="recording.deleted")) == 1


def test_how_many_events_are_lost_is_an_option(api: Api) -> None:
    api.record(200)
    api.control.options(event_loss=0.5)
    some = [row["sid"] for row in api.events(PageSize=1000)]
    assert 50 < len(some) < 150
    assert [row["sid"] for row in api.events(PageSize=1000)] == some, "lost is lost"
    api.control.options(event_loss=1)
    assert api.events() == []
    api.control.options(event_loss=0)
    assert len(api.events(PageSize=1000)) == 200


@pytest.mark.parametrize(("option", "newest_first"), [("newest_first", True), ("oldest_first", False)])
def test_the_order_of_events_is_an_option(api: Api, option: str, newest_first: bool) -> None:
    api.control.options(event_order=option)
    api.record(5, date_created="2026-01-01T00:00:00Z", spacing_seconds=60)
    dates = []
    page = api.http.get("/v1/Events", params={"PageSize": 2}).json()
    while True:
        dates += [row["event_date"] for row in page["events"]]
        if not page["meta"]["next_page_url"]:
            break
        page = api.http.get(page["meta"]["next_page_url"]).json()
    assert len(dates) == 5
    assert dates == sorted(dates, reverse=newest_first)


@pytest.mark.parametrize(("option", "left"), [(30, 0), (395, 1)])
def test_how_long_events_are_kept_is_an_option(api: Api, option: int, left: int) -> None:
    api.control.options(event_retention_days=option)
    api.delete(*api.record())
    api.control.advance(days=30)
    assert len(api.events(EventType="recording.deleted")) == 1, "30 days old is not older than 30 days"
    api.control.advance(seconds=1)
    assert len(api.events(EventType="recording.deleted")) == left


def test_a_purge_is_no_event(api: Api) -> None:
    api.control.options(event_retention_days=395)
    (sid,) = api.record()
    api.delete(sid)
    before = kinds(api, ResourceSid=sid)
    api.control.advance(days=41)
    assert kinds(api, ResourceSid=sid) == before


def test_an_event_may_be_about_no_resource(api: Api) -> None:
    api.control.account_status(api.sid, "active")
    (event,) = api.events(EventType="account.updated")
    assert (event["resource_sid"], event["account_sid"]) == (None, api.sid)
    assert "resource" not in event["links"]


def failed_uploads(api: Api, count: int) -> list[str]:
    api.control.options(external_upload="16112")
    api.control.external_storage(api.sid, enabled=True, bucket_url="https://b.s3.amazonaws.com")
    return api.record(count)


@pytest.mark.parametrize(("option", "prefix"), [("recording", "RE"), ("call", "CA"), ("nothing", None)])
def test_what_the_alert_of_a_failed_upload_names_is_an_option(api: Api, option: str, prefix: str | None) -> None:
    api.control.options(upload_alert_names=option)
    failed_uploads(api, 1)
    (alert,) = api.alerts()
    assert (alert["resource_sid"] or "")[:2] == (prefix or "")


def test_a_list_of_alerts_ends_with_the_newest(api: Api) -> None:
    api.control.options(alerts_listed_max=3)
    oldest = failed_uploads(api, 2)
    until = f"{api.control.now():%Y-%m-%dT%H:%M:%SZ}"
    api.control.advance(seconds=60)
    newest = api.record(3)
    assert sorted(row["resource_sid"] for row in api.alerts()) == sorted(newest)
    assert sorted(row["resource_sid"] for row in api.alerts(EndDate=until)) == sorted(oldest)


def test_that_there_is_no_monitor_is_an_option(api: Api) -> None:
    api.control.options(monitor="missing")
    assert code(api.http.get("/v1/Events")) == code(api.http.get("/v1/Alerts")) == (404, 20404)
