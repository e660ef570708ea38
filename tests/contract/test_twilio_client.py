"""What every TwilioClient does: the fake that unit tests build on, and the adapter that production runs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from lab.simulator import SimulatorControl, SimulatorServer
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.facts import DeletionEvent, UploadAlert
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.recordings import Locator, Place, Recording
from recording_storage_operator.reconcile.ports import TwilioClient
from recording_storage_operator.twilio.connect import TwilioConnector
from tests.contract.twilio_worlds import FakeWorld, SimulatorWorld, World

UNKNOWN = "RE" + "0" * 32
BUCKET_URL = "https://calls.s3.eu-west-1.amazonaws.com/voice"


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with SimulatorServer(clock_start="2026-03-01T12:00:00Z") as server:
        yield server.url


@pytest.fixture(scope="module")
def control(simulator: str) -> Iterator[SimulatorControl]:
    with closing(SimulatorControl(simulator)) as control:
        yield control


@pytest.fixture(scope="module")
def connector(simulator: str) -> Iterator[TwilioConnector]:
    with closing(TwilioConnector(simulator)) as connector:
        yield connector


@pytest.fixture(params=["fake", "adapter"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    control: SimulatorControl = request.getfixturevalue("control")
    defaults: dict[str, Any] = control.options()
    yield SimulatorWorld(control, request.getfixturevalue("connector"))
    control.options(**defaults)


def listed(client: TwilioClient, page_size: int = 1000) -> list[Recording]:
    found: list[Recording] = []
    page = client.recordings(page_size=page_size)
    found += page.recordings
    while page.next_page:
        page = client.recordings(page.next_page, page_size)
        found += page.recordings
    return found


def sids(recordings: list[Recording]) -> list[str]:
    return [recording.sid for recording in recordings]


def deletions(client: TwilioClient, since: datetime) -> list[DeletionEvent]:
    found: list[DeletionEvent] = []
    page = client.deletion_events(since)
    found += page.events
    while page.next_page:
        page = client.deletion_events(since, page.next_page)
        found += page.events
    return found


def test_the_account_is_active_and_tells_the_time(world: World) -> None:
    facts = world.client.account()
    assert (facts.sid, facts.status) == (world.account_sid, "active")
    assert facts.server_time == world.now().replace(microsecond=0)
    world.advance(days=1)
    assert world.client.account().server_time - facts.server_time == timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "reason"),
    [("suspended", Reason.TWILIO_ACCOUNT_SUSPENDED), ("closed", Reason.TWILIO_ACCOUNT_CLOSED)],
)
def test_an_account_that_is_not_active_says_so_and_refuses_the_rest(world: World, status: str, reason: Reason) -> None:
    (sid,) = world.record()
    world.set_status(status)
    with pytest.raises(Wait) as caught:
        world.client.account()
    assert caught.value.reason is reason
    since = world.now()
    for read in (
        world.client.recordings,
        lambda: world.client.recording(sid),
        lambda: world.client.deletion_events(since),
        lambda: world.client.upload_alerts(since),
    ):
        with pytest.raises(Wait) as caught:
            read()
        assert caught.value.reason is Reason.TWILIO_CREDENTIALS_REJECTED


def test_an_account_without_recordings_has_an_empty_list(world: World) -> None:
    page = world.client.recordings()
    assert (page.recordings, page.next_page) == ([], None)


def test_a_recording_is_listed_as_it_is_fetched(world: World) -> None:
    (sid,) = world.record()
    found = world.client.recording(sid)
    assert found is not None
    assert listed(world.client) == [found]
    assert (found.sid, found.status, found.seconds) == (sid, "completed", 10)
    assert found.created_at == world.now().replace(microsecond=0)
    assert Locator().locate(found.media_url).place is Place.TWILIO


def test_the_list_is_newest_first(world: World) -> None:
    made = []
    for _ in range(3):
        made += world.record()
        world.advance(seconds=1)
    assert sids(listed(world.client)) == made[::-1]


@pytest.mark.parametrize("page_size", [1, 3, 10, 1000])
def test_pages_hold_every_recording_once(world: World, page_size: int) -> None:
    made = world.record(10)
    found = sids(listed(world.client, page_size))
    assert sorted(found) == sorted(made)
    assert len(world.client.recordings(page_size=page_size).recordings) == min(page_size, 10)


def test_recordings_made_while_the_list_is_read_hide_none_and_repeat_none(world: World) -> None:
    made = world.record(4)
    world.advance(seconds=1)
    first = world.client.recordings(page_size=2)
    world.record(3)
    assert first.next_page
    second = world.client.recordings(first.next_page, 2)
    assert sorted(sids(first.recordings) + sids(second.recordings)) == sorted(made)
    assert second.next_page is None


def test_a_deletion_while_the_list_is_read_hides_none(world: World) -> None:
    made = world.record(4)
    first = world.client.recordings(page_size=2)
    world.delete(*sids(first.recordings))
    assert first.next_page
    second = world.client.recordings(first.next_page, 2)
    assert sorted(sids(first.recordings) + sids(second.recordings)) == sorted(made)


def test_a_deleted_recording_stays_listed_and_can_be_fetched(world: World) -> None:
    gone, kept = world.record(2)
    before = {recording.sid: recording for recording in listed(world.client)}
    world.delete(gone)
    after = {recording.sid: recording for recording in listed(world.client)}
    assert (after[gone].status, after[kept].status) == ("deleted", "completed")
    assert after[gone].media_url == before[gone].media_url
    assert world.client.recording(gone) == after[gone]


def test_forty_days_after_its_deletion_a_recording_is_known_no_more(world: World) -> None:
    gone, kept = world.record(2)
    world.delete(gone)
    world.advance(days=39.9)
    assert world.client.recording(gone) is not None
    world.advance(days=0.2)
    assert world.client.recording(gone) is None
    assert sids(listed(world.client)) == [kept]


def test_a_recording_that_never_was_is_none(world: World) -> None:
    assert world.client.recording(UNKNOWN) is None


@pytest.mark.parametrize("status", ["in-progress", "processing", "absent"])
def test_a_recording_without_audio_is_listed_with_its_status(world: World, status: str) -> None:
    (sid,) = world.record(status=status)
    assert [(recording.sid, recording.status) for recording in listed(world.client)] == [(sid, status)]


def test_external_storage_shows_in_the_media_url_of_new_recordings(world: World) -> None:
    (before,) = world.record()
    world.store_in(BUCKET_URL)
    (after,) = world.record()
    urls = {recording.sid: recording.media_url for recording in listed(world.client)}
    locator = Locator(bucket="calls", prefix="voice/")
    assert locator.locate(urls[before]).place is Place.TWILIO
    assert locator.locate(urls[after]).place is Place.WATCHED_BUCKET
    assert locator.locate(urls[after]).key == f"voice/{world.account_sid}/{after}"


def test_a_deletion_has_an_event_with_its_time(world: World) -> None:
    since = world.now()
    first, second = world.record(2)
    world.delete(first)
    deleted_first = world.now()
    world.advance(seconds=90)
    world.delete(second)
    events = deletions(world.client, since)
    expected = [
        DeletionEvent(first, deleted_first.replace(microsecond=0)),
        DeletionEvent(second, world.now().replace(microsecond=0)),
    ]
    assert sorted(events, key=lambda event: event.deleted_at) == expected


def test_events_before_the_asked_time_are_left_out_and_those_of_that_second_are_not(world: World) -> None:
    early, late = world.record(2)
    world.delete(early)
    world.advance(seconds=1)
    world.delete(late)
    assert [event.recording_sid for event in deletions(world.client, world.now())] == [late]


def test_a_deletion_without_an_event_shows_in_the_list_alone(world: World) -> None:
    since = world.now()
    (sid,) = world.record()
    world.delete(sid, told=False)
    assert deletions(world.client, since) == []
    assert [recording.status for recording in listed(world.client)] == ["deleted"]


def test_an_event_may_come_late_and_tells_the_true_time_then(world: World) -> None:
    world.delay_events(600)
    (sid,) = world.record()
    world.delete(sid)
    deleted_at = world.now().replace(microsecond=0)
    world.advance(seconds=599)
    assert deletions(world.client, deleted_at) == []
    world.advance(seconds=2)
    assert deletions(world.client, deleted_at) == [DeletionEvent(sid, deleted_at)]


def test_events_are_kept_thirty_days(world: World) -> None:
    since = world.now()
    (sid,) = world.record()
    world.delete(sid)
    world.advance(days=29.9)
    assert len(deletions(world.client, since)) == 1
    world.advance(days=0.2)
    assert deletions(world.client, since) == []


def test_more_events_than_one_page_holds_are_all_read(world: World) -> None:
    since = world.now()
    made = world.record(1001)
    world.delete(*made)
    events = deletions(world.client, since)
    assert sorted(event.recording_sid for event in events) == sorted(made)


@pytest.mark.parametrize("code", [16111, 16112])
def test_a_failed_upload_has_an_alert_and_a_recording_that_looks_stored(world: World, code: int) -> None:
    world.store_in(BUCKET_URL, alert=code)
    before = world.now().replace(microsecond=0)
    (sid,) = world.record()
    assert world.client.upload_alerts(before).alerts == [UploadAlert(sid, code, before)]
    assert [recording.status for recording in listed(world.client)] == ["completed"]
    assert world.client.upload_alerts(before + timedelta(seconds=1)).alerts == []


def test_a_failed_upload_whose_alert_names_no_recording_may_be_of_any(world: World) -> None:
    world.store_in(BUCKET_URL, alert=16112, names_recording=False)
    before = world.now().replace(microsecond=0)
    world.record(2)
    page = world.client.upload_alerts(before)
    assert (page.alerts, bool(page.doubt)) == ([], True)
    assert world.client.upload_alerts(before + timedelta(seconds=1)).doubt == ""


def test_accounts_do_not_see_each_other(world: World, control: SimulatorControl, connector: TwilioConnector) -> None:
    other: World = FakeWorld() if isinstance(world, FakeWorld) else SimulatorWorld(control, connector)
    (sid,) = world.record()
    world.delete(sid)
    assert listed(other.client) == []
    assert other.client.recording(sid) is None
    assert deletions(other.client, other.now() - timedelta(days=1)) == []
