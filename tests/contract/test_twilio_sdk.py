"""Twilio's own SDK, unchanged, against the simulator: what it lists, fetches, deletes and reads in Monitor."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]  # the SDK has no types
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]  # the SDK has no types
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # the SDK has no types
from twilio.rest import Client  # type: ignore[import-untyped]  # the SDK has no types

from lab.simulator import Credentials, SimulatorControl, SimulatorServer


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(clock_start="2026-01-01T12:00:00Z") as server:
        yield server


@pytest.fixture
def control(simulator: SimulatorServer) -> Iterator[SimulatorControl]:
    control = SimulatorControl(simulator.url)
    yield control
    control.clear_faults()
    control.close()


@pytest.fixture
def account(control: SimulatorControl) -> Credentials:
    return control.create_account("sdk")


@pytest.fixture
def http() -> Iterator[TwilioHttpClient]:
    http = TwilioHttpClient()
    yield http
    http.session.close()


@pytest.fixture
def client(control: SimulatorControl, account: Credentials, http: TwilioHttpClient) -> Client:
    return pointed_at(control.url, Client(account.account_sid, account.auth_token, http_client=http))


def pointed_at(url: str, client: Client) -> Client:
    """The SDK has a base URL per product."""
    for product in (client.api, client.monitor, client.accounts):
        product.base_url = url
    return client


def test_it_lists_every_page(client: Client, control: SimulatorControl, account: Credentials) -> None:
    made = control.record(account.account_sid, 130, spacing_seconds=1, duration=7, channels=2)
    listed = client.recordings.list(page_size=50)

    assert [row.sid for row in listed] == [row["sid"] for row in reversed(made)]
    assert listed[-1].date_created == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert (listed[0].duration, listed[0].channels, listed[0].status) == ("7", 2, "completed")
    assert len(client.recordings.list(limit=60)) == 60


def test_it_filters_by_date(client: Client, control: SimulatorControl, account: Credentials) -> None:
    (old,) = control.record(account.account_sid, date_created="2025-06-01T10:00:00Z")
    (new,) = control.record(account.account_sid, date_created="2025-06-03T10:00:00Z")
    assert [row.sid for row in client.recordings.list(date_created_after=datetime(2025, 6, 2, tzinfo=UTC))] == [
        new["sid"]
    ]
    assert [row.sid for row in client.recordings.list(date_created_before=date(2025, 6, 2))] == [old["sid"]]
    assert [row.sid for row in client.recordings.list(date_created=date(2025, 6, 3))] == [new["sid"]]


def test_it_fetches_and_deletes(client: Client, control: SimulatorControl, account: Credentials) -> None:
    (made,) = control.record(account.account_sid)
    sid = made["sid"]
    assert client.recordings(sid).fetch().media_url == made["media_url"]
    assert client.recordings(sid).delete() is True

    with pytest.raises(TwilioRestException) as missing:
        client.recordings(sid).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)
    assert client.recordings(sid).fetch(include_soft_deleted=True).status == "deleted"
    assert client.recordings.list() == []
    assert [row.sid for row in client.recordings.list(include_soft_deleted=True)] == [sid]


def test_it_reads_events_and_alerts(client: Client, control: SimulatorControl, account: Credentials) -> None:
    sids = [row["sid"] for row in control.record(account.account_sid, 5)]
    control.record(account.account_sid, status="absent")
    for sid in sids:
        client.recordings(sid).delete()

    events = client.monitor.v1.events.list(event_type="recording.deleted", page_size=2)
    assert {event.resource_sid for event in events} == set(sids)
    assert {event.actor_sid for event in events} == {account.account_sid}
    assert events[0].event_date == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert client.monitor.v1.events(events[0].sid).fetch().event_type == "recording.deleted"
    (alert,) = client.monitor.v1.alerts.list(log_level="warning")
    assert alert.error_code == "16101"
    assert client.monitor.v1.alerts(alert.sid).fetch().alert_text == alert.alert_text


def test_it_reads_the_account(client: Client, control: SimulatorControl, account: Credentials) -> None:
    control.create_account("child", owner_account_sid=account.account_sid)
    assert client.api.accounts(account.account_sid).fetch().status == "active"
    assert {row.friendly_name for row in client.api.accounts.list()} == {"sdk", "child"}


def test_it_manages_aws_credentials(client: Client) -> None:
    credentials = client.accounts.v1.credentials.aws
    made = credentials.create(credentials=f"{'A' * 20}:{'s' * 40}", friendly_name="writer")
    assert [row.sid for row in credentials.list()] == [made.sid]
    assert credentials.list()[0].date_created == datetime(2026, 1, 1, 12, tzinfo=UTC)
    spare = credentials.create(credentials=f"{'A' * 20}:{'s' * 40}", friendly_name="writer")
    assert {row.sid for row in credentials.list(page_size=1)} == {made.sid, spare.sid}
    assert credentials(made.sid).update(friendly_name="other").friendly_name == "other"
    assert credentials(made.sid).delete() is True
    assert [row.sid for row in credentials.list()] == [spare.sid]
    with pytest.raises(TwilioRestException) as malformed:
        credentials.create(credentials="nonsense")
    assert malformed.value.code == 70106


def test_it_reads_nested_recordings_and_transcriptions(
    client: Client, control: SimulatorControl, account: Credentials
) -> None:
    (made,) = control.record(account.account_sid)
    control.ask("POST", "transcriptions", {"recording_sid": made["sid"], "text": "hello"})
    (nested,) = client.calls(made["call_sid"]).recordings.list()
    assert (nested.sid, nested.track) == (made["sid"], "both")
    (transcription,) = client.recordings(made["sid"]).transcriptions.list()
    assert transcription.transcription_text == "hello"
    assert client.transcriptions(transcription.sid).delete() is True


def test_its_errors_are_twilios(
    client: Client, control: SimulatorControl, account: Credentials, http: TwilioHttpClient
) -> None:
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        client.recordings.list(page_size=1001)
    control.fault("429", path=account.account_sid)
    with pytest.raises(TwilioRestException) as busy:
        client.api.accounts(account.account_sid).fetch()
    assert (busy.value.status, busy.value.code) == (429, 20429)
    stranger = pointed_at(control.url, Client(account.account_sid, "wrong", http_client=http))
    with pytest.raises(TwilioRestException) as refused:
        stranger.api.accounts(account.account_sid).fetch()
    assert (refused.value.status, refused.value.code) == (401, 20003)


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # the SDK's own use of aiohttp
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")  # the same
def test_it_works_asynchronously(control: SimulatorControl, account: Credentials) -> None:
    sids = {row["sid"] for row in control.record(account.account_sid, 60)}
    gone = min(sids)

    async def run() -> None:
        async with AsyncTwilioHttpClient() as http:
            client = pointed_at(control.url, Client(account.account_sid, account.auth_token, http_client=http))
            assert {row.sid for row in await client.recordings.list_async(page_size=25)} == sids
            assert (await client.recordings(gone).fetch_async()).status == "completed"
            assert await client.recordings(gone).delete_async() is True
            assert (await client.recordings(gone).fetch_async(include_soft_deleted=True)).status == "deleted"
            events = await client.monitor.v1.events.list_async(event_type="recording.deleted")
            assert [event.resource_sid for event in events] == [gone]

    asyncio.run(run())
