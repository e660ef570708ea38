"""The adapter on the simulator with everything that can go wrong: an error of ours, never "there is none"."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from lab.simulator import Credentials, SimulatorControl, SimulatorServer
from lab.twilio_simulator.faults import Kind
from recording_storage_operator.core.desired import TwilioAccount
from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.client import TwilioRestClient
from recording_storage_operator.twilio.connect import TwilioConnector
from recording_storage_operator.twilio.network import Timeouts
from recording_storage_operator.twilio.patience import Patience

SHORT = Timeouts(connect=2, read=0.3, answer=1.0)

UNDETECTABLE = {"duplicate_record", "missing_record", "stale_list"}
"""Whole pages that do not tell the truth. Only comparing listings can show it."""

EXPECTED: dict[str, Reason] = {
    "429": Reason.TWILIO_THROTTLED,
    "500": Reason.TWILIO_UNREACHABLE,
    "502_html": Reason.TWILIO_UNREACHABLE,
    "503": Reason.TWILIO_UNREACHABLE,
    "401": Reason.TWILIO_CREDENTIALS_REJECTED,
    "hang": Reason.TWILIO_UNREACHABLE,
    "slow_drip": Reason.TWILIO_UNREACHABLE,
    "reset_before": Reason.TWILIO_UNREACHABLE,
    "reset_after": Reason.TWILIO_UNREACHABLE,
    "truncated_body": Reason.TWILIO_UNREACHABLE,
    "short_body": Reason.TWILIO_ANSWER_UNUSABLE,
    "wrong_content_type": Reason.TWILIO_ANSWER_UNUSABLE,
    "xml_error_200": Reason.TWILIO_ANSWER_UNUSABLE,
    "invalid_json": Reason.TWILIO_ANSWER_UNUSABLE,
    "commit_then_500": Reason.TWILIO_UNREACHABLE,
    "page_loop": Reason.TWILIO_ANSWER_UNUSABLE,
}
SINGLE = [kind for kind in EXPECTED if kind != "page_loop"]


class Lab:
    """A simulator and clients of one account of it."""

    def __init__(self, url: str, control: SimulatorControl, stack: ExitStack) -> None:
        self.url = url
        self.control = control
        self.credentials: Credentials = control.create_account()
        self._stack = stack

    def client(
        self, attempts: int = 1, secret: dict[str, str] | None = None, account: TwilioAccount | None = None
    ) -> TwilioRestClient:
        connector = TwilioConnector(
            self.url, timeouts=SHORT, patience=Patience(attempts=attempts, sleep=lambda seconds: None)
        )
        self._stack.callback(connector.close)
        values = secret or {"authToken": self.credentials.auth_token}
        own = TwilioAccount(self.credentials.account_sid, "twilio")
        return connector.connect(account or own, values, "twilio")

    def record(self, count: int = 1) -> list[str]:
        return [made["sid"] for made in self.control.record(self.credentials.account_sid, count)]

    def reads(self, client: TwilioRestClient) -> list[Callable[[], object]]:
        (sid,) = self.record()
        since = self.control.now()
        return [
            client.account,
            client.recordings,
            lambda: client.recording(sid),
            lambda: client.deletion_events(since),
            lambda: client.upload_alerts(since),
        ]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with SimulatorServer() as server:
        yield server.url


@pytest.fixture
def lab(server: str) -> Iterator[Lab]:
    with ExitStack() as stack:
        control = SimulatorControl(server)
        stack.callback(control.close)
        defaults: dict[str, Any] = control.options()
        stack.callback(lambda: control.options(**defaults))
        stack.callback(control.clear_faults)
        yield Lab(server, control, stack)


def failure(read: Callable[[], object]) -> ReconcileError:
    with pytest.raises((Transient, Wait)) as caught:
        read()
    return caught.value


def test_every_fault_of_the_simulator_is_accounted_for() -> None:
    assert set(get_args(Kind)) == set(EXPECTED) | UNDETECTABLE


@pytest.mark.parametrize("kind", SINGLE)
def test_a_lasting_fault_ends_in_its_error_in_every_method(lab: Lab, kind: str) -> None:
    reads = lab.reads(lab.client())
    lab.control.fault(kind, times=None, seconds=30)
    for read in reads:
        assert failure(read).reason is EXPECTED[kind]


@pytest.mark.parametrize("kind", SINGLE)
def test_a_passing_fault_is_not_noticed(lab: Lab, kind: str) -> None:
    made = lab.record(3)
    client = lab.client(attempts=2)
    lab.control.fault(kind, times=1, seconds=30)
    assert sorted(recording.sid for recording in client.recordings().recordings) == sorted(made)


def test_a_page_that_leads_to_itself_is_refused(lab: Lab) -> None:
    lab.record(3)
    client = lab.client()
    first = client.recordings(page_size=1)
    lab.control.fault("page_loop", times=None)
    assert failure(lambda: client.recordings(page_size=1)).reason is EXPECTED["page_loop"]
    assert failure(lambda: client.recordings(first.next_page, 1)).reason is EXPECTED["page_loop"]


@pytest.mark.parametrize("kind", sorted(UNDETECTABLE))
def test_a_page_that_only_lies_is_handed_on(lab: Lab, kind: str) -> None:
    """Whoever reads the whole list has to compare: one page cannot show it."""
    lab.record(4)
    client = lab.client()
    first = client.recordings(page_size=2)
    lab.control.fault(kind, times=None)
    assert client.recordings(first.next_page, 2).recordings


def test_a_retry_after_is_handed_on(lab: Lab) -> None:
    lab.control.fault("429", times=None, retry_after=30)
    error = failure(lab.client().recordings)
    assert isinstance(error, Transient)
    assert error.retry_after == 30.0


def test_a_page_token_whose_recording_was_purged_asks_for_a_fresh_start(lab: Lab) -> None:
    lab.control.options(token_fails_when_anchor_purged=True)
    lab.record(3)
    client = lab.client()
    first = client.recordings(page_size=1)
    lab.control.bulk_delete(lab.credentials.account_sid, [first.recordings[0].sid])
    lab.control.advance(days=41)
    assert failure(lambda: client.recordings(first.next_page)).reason is Reason.LISTING_INCONSISTENT


def test_a_wrong_token_is_refused_whatever_is_read(lab: Lab) -> None:
    for read in lab.reads(lab.client(secret={"authToken": "0" * 32})):
        assert failure(read).reason is Reason.TWILIO_CREDENTIALS_REJECTED


@pytest.mark.parametrize("accounts", ["deny", "allow"])
def test_a_standard_api_key_reads_everything_that_is_needed(lab: Lab, accounts: str) -> None:
    lab.control.options(standard_key_on_accounts=accounts)
    key = {"apiKeySid": lab.credentials.api_key_sid, "apiKeySecret": lab.credentials.api_key_secret}
    client = lab.client(secret=key)
    for read in lab.reads(client):
        assert read() is not None
    facts = client.account()
    assert (facts.status, facts.server_time) == ("active", lab.control.now().replace(microsecond=0))


def test_a_parents_key_is_not_taken_for_one_that_reads_the_monitor_of_the_subaccount(lab: Lab) -> None:
    """It reads the recordings, but of Monitor the parent's own feed, which tells nothing of failed uploads."""
    child = lab.control.create_account(owner_account_sid=lab.credentials.account_sid)
    lab.control.options(external_upload="16112")
    lab.control.external_storage(child.account_sid, enabled=True, bucket_url="https://b.s3.amazonaws.com")
    [recording] = lab.control.record(child.account_sid)
    lab.record()
    since = lab.control.now() - timedelta(days=1)
    account = TwilioAccount(child.account_sid, "twilio")
    own = lab.client(secret={"apiKeySid": child.api_key_sid, "apiKeySecret": child.api_key_secret}, account=account)
    key = {"apiKeySid": lab.credentials.api_key_sid, "apiKeySecret": lab.credentials.api_key_secret}
    parents = lab.client(secret=key, account=account)
    assert [alert.recording_sid for alert in own.upload_alerts(since).alerts] == [recording["sid"]]
    assert [one.sid for one in parents.recordings().recordings] == [recording["sid"]]
    refused = failure(lambda: parents.upload_alerts(since))
    assert isinstance(refused, Wait)
    assert child.account_sid in refused.message


def test_an_empty_monitor_is_not_taken_for_the_subaccounts_where_the_key_may_be_its_parents(lab: Lab) -> None:
    """A parent that only holds subaccounts: nothing ever happens in it."""
    child = lab.control.create_account(owner_account_sid=lab.credentials.account_sid)
    key = lab.control.ask("POST", f"accounts/{lab.credentials.account_sid}/keys", {"type": "main"})
    account = TwilioAccount(child.account_sid, "twilio")
    since = lab.control.now() - timedelta(days=1)
    secret = {"apiKeySid": key["api_key_sid"], "apiKeySecret": key["api_key_secret"]}
    parents, own = lab.client(secret=secret, account=account), lab.client(secret=secret)
    assert "whose Monitor" in parents.upload_alerts(since).doubt
    assert own.upload_alerts(since).doubt == ""


def test_where_there_is_no_monitor_it_is_not_an_empty_one(lab: Lab) -> None:
    lab.control.options(monitor="missing")
    client, since = lab.client(), lab.control.now() - timedelta(days=1)
    assert isinstance(failure(lambda: client.deletion_events(since)), Wait)
    assert isinstance(failure(lambda: client.upload_alerts(since)), Wait)


def alerts_of(client: TwilioRestClient, since: datetime) -> list[str]:
    """Of which recordings the alerts are, without repetitions."""
    page = client.upload_alerts(since)
    found = [alert.recording_sid for alert in page.alerts]
    while page.next_page:
        page = client.upload_alerts(since, page.next_page)
        found += [alert.recording_sid for alert in page.alerts]
    return sorted(set(found))


def test_more_alerts_than_twilio_lists_at_once_are_all_read(lab: Lab) -> None:
    since = lab.control.now()
    lab.control.options(external_upload="16112")
    lab.control.external_storage(lab.credentials.account_sid, enabled=True, bucket_url="https://b.s3.amazonaws.com")
    made = lab.record(6000)
    lab.control.advance(days=2)
    made += lab.record(6000)
    lab.control.advance(days=2)
    client = lab.client()
    assert alerts_of(client, since) == sorted(made)
    lab.record(10_000)
    assert "in one day" in failure(lambda: alerts_of(client, since)).message


def test_another_account_is_not_found_and_not_empty(lab: Lab) -> None:
    """As where accountSid has a typing error and the key belongs to a third account."""
    other = lab.control.create_account()
    key = {"apiKeySid": other.api_key_sid, "apiKeySecret": other.api_key_secret}
    client = lab.client(secret=key)
    lab.record()
    assert isinstance(failure(client.account), Wait)
    assert failure(client.recordings).reason is Reason.TWILIO_ANSWER_UNUSABLE


@pytest.mark.parametrize("offset", ["+0100", "-0930"])
def test_a_date_is_read_with_its_offset(lab: Lab, offset: str) -> None:
    lab.control.options(date_offset=offset)
    (sid,) = lab.record()
    found = lab.client().recording(sid)
    assert found is not None
    assert found.date_created.endswith(offset)
    assert found.created_at == lab.control.now().replace(microsecond=0)
