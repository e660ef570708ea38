"""A sweep over the real Twilio client, fed with what Monitor may answer: never a deletion where there was none."""

from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.core.deletions import State
from recording_storage_operator.core.errors import ReconcileError, Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.recordings import Locator
from recording_storage_operator.core.sweeps import BucketPlace, Feed, Sweep
from recording_storage_operator.core.work import Key
from recording_storage_operator.reconcile.sweep import Scope, Sweeper
from recording_storage_operator.twilio.documents import UNATTRIBUTED
from tests.fakes.kube import FakeCluster
from tests.fakes.s3 import FakeS3
from tests.fakes.twilio import VirtualClock
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve, connect, resources, serve
from tests.unit.twilio.wire import ACCOUNT, OTHER_ACCOUNT, Reply

__all__ = ["connect", "resources", "serve"]  # fixtures

BUCKET = "calls"
URL = f"https://{BUCKET}.s3.eu-west-1.amazonaws.com"
API_KEY = {"apiKeySid": "SK" + "c" * 32, "apiKeySecret": "s3cret"}
NO_EVENTS, NO_ALERTS = Reply(wire.monitor_page("events")), Reply(wire.monitor_page("alerts"))
NOT_THERE = Reply(wire.problem(20404, 404), 404)
OWN_EVENT = Reply(wire.monitor_page("events", wire.event(1, event_type="call.created")))
PARENTS_EVENT = Reply(wire.monitor_page("events", wire.event(1, event_type="call.created", account_sid=OTHER_ACCOUNT)))
MISSING, KEPT = 1, 2
"""Two recordings of three days ago that Twilio says to have put into the bucket. Only the second one is there."""


class Lab:
    """One sweep of the two, whatever else Twilio answers."""

    def __init__(self, tmp_path: Path, serve: Serve, connect: Connect) -> None:
        self.clock = VirtualClock()
        self.s3 = FakeS3(self.clock)
        self.s3.admin(BUCKET, "eu-west-1").create()
        self.s3.put(BUCKET, key(KEPT))
        self.url = URL
        """Where Twilio says to have put the one that is missing."""
        self._path, self._serve, self._connect = tmp_path / "sweep.sqlite", serve, connect

    def sweep(self, *monitor: Reply, secret: Any = None, owner: str = ACCOUNT) -> Sweep:
        """`monitor` are the answers between the list of recordings and the last look at the account."""
        account = Reply(wire.account(owner_account_sid=owner))
        listed = Reply(wire.recordings_page(self.stored(MISSING, self.url), self.stored(KEPT)))
        self.server = self._serve(account, listed, *monitor, account)
        sweeper = Sweeper(self._path, self.clock)
        sweeper.start(
            Scope(
                twilio=self._connect(self.server.url, secret=secret),
                bucket=self.s3.bucket(BUCKET, "eu-west-1"),
                ledger=FakeCluster().ledger(Key("default", "calls"), "uid"),
                locator=Locator(bucket=BUCKET),
                key_prefix=f"{ACCOUNT}/",
                metadata_days=40,
                place=BucketPlace("", BUCKET, ""),
            )
        )
        sweeper.advance(lambda: False)
        assert sweeper.latest
        return sweeper.latest

    def stored(self, number: int, url: str = URL) -> dict[str, Any]:
        media_url = f"{url}/{ACCOUNT}/{wire.sid(number)}"
        return wire.recording(number, date_created=format_datetime(self.days_ago(3)), media_url=media_url)

    def alert(self, **changes: Any) -> Reply:
        moment = self.days_ago(3).isoformat()
        said = {"date_created": moment, "date_generated": moment, **changes}
        return Reply(wire.monitor_page("alerts", wire.alert(MISSING, **said)))

    def days_ago(self, days: float) -> datetime:
        return self.clock.now() - timedelta(days=days)

    def asked(self) -> list[str]:
        return [seen.path.partition("?")[0] for seen in self.server.seen]


@pytest.fixture
def lab(tmp_path: Path, serve: Serve, connect: Connect) -> Lab:
    return Lab(tmp_path, serve, connect)


def key(number: int) -> str:
    return f"{ACCOUNT}/{wire.sid(number)}"


def assert_not_listed(swept: Sweep) -> None:
    """The alerts count as unread, so that nothing is concluded from what is missing."""
    assert Feed.ALERTS in swept.unread
    assert swept.found == {}
    assert swept.counts == {State.IN_BUCKET: 1, State.UNDECIDED: 1, State.DELETED: 0}


def test_what_is_missing_and_has_no_alert_is_deleted(lab: Lab) -> None:
    swept = lab.sweep(NO_EVENTS, NO_ALERTS)
    assert swept.unread == {}
    assert swept.counts[State.DELETED] == 1


@pytest.mark.parametrize("silence", [{}, {"account_sid": None}, {"date_created": None, "date_generated": None}])
def test_an_upload_failure_makes_nothing_look_deleted_whatever_else_it_does_not_say(
    lab: Lab, silence: dict[str, Any]
) -> None:
    swept = lab.sweep(NO_EVENTS, lab.alert(**silence))
    assert swept.unread == {}
    assert swept.counts == {State.IN_BUCKET: 1, State.MISSING: 1}


@pytest.mark.parametrize("resource", [None, "", f"CA{1:032x}"], ids=["none", "empty", "its call"])
def test_an_upload_failure_that_names_no_recording_may_be_of_any(lab: Lab, resource: str | None) -> None:
    """Twilio: resource_sid is empty if the alert was not generated for a particular resource."""
    swept = lab.sweep(NO_EVENTS, lab.alert(resource_sid=resource))
    assert_not_listed(swept)
    assert swept.unread == {Feed.ALERTS: UNATTRIBUTED}


def test_where_nothing_is_missing_nobody_is_told_of_alerts_that_name_no_recording(lab: Lab) -> None:
    lab.s3.put(BUCKET, key(MISSING))
    assert lab.sweep(NO_EVENTS, lab.alert(resource_sid=None)).unread == {}


def test_other_alerts_need_name_no_recording(lab: Lab) -> None:
    swept = lab.sweep(NO_EVENTS, lab.alert(code="11200", resource_sid=None))
    assert swept.unread == {}


@pytest.mark.parametrize(
    "silence", [{"resource_sid": None, "event_type": "account.updated"}, {"event_date": None}, {"account_sid": None}]
)
def test_an_event_may_lack_any_field(lab: Lab, silence: dict[str, Any]) -> None:
    """All fields of an event may be null (Twilio's OpenAPI document)."""
    swept = lab.sweep(Reply(wire.monitor_page("events", wire.event(9, **silence))), NO_ALERTS)
    assert swept.unread == {}


def test_the_newest_event_may_be_about_no_resource(lab: Lab) -> None:
    newest = wire.event(1, event_type="account.updated", resource_type="account", resource_sid=None)
    probe = Reply(wire.monitor_page("events", newest))
    swept = lab.sweep(probe, NO_EVENTS, probe, NO_ALERTS, secret=API_KEY)
    assert swept.unread == {}


def test_a_region_without_monitor_is_swept_without_it(lab: Lab) -> None:
    """Twilio lists no Monitor among the products of IE1 and AU1."""
    swept = lab.sweep(NOT_THERE, NOT_THERE)
    assert_not_listed(swept)
    assert set(swept.unread) == set(Feed)
    assert all("no Monitor in this region" in why for why in swept.unread.values())


def test_the_feeds_of_a_parents_key_count_as_unread_where_it_had_no_deletions(lab: Lab) -> None:
    """Of the subaccount there is nothing in them, and of the parent there is."""
    swept = lab.sweep(PARENTS_EVENT, PARENTS_EVENT, secret=API_KEY, owner=OTHER_ACCOUNT)
    assert_not_listed(swept)
    assert all("Monitor of another account" in why for why in swept.unread.values())
    assert set(swept.unread) == set(Feed)


def test_an_empty_feed_may_be_a_parents(lab: Lab) -> None:
    """A parent account that only holds subaccounts has had no event for 30 days."""
    account = Reply(wire.account(owner_account_sid=OTHER_ACCOUNT))
    swept = lab.sweep(NO_EVENTS, NO_EVENTS, NO_EVENTS, account, NO_ALERTS, secret=API_KEY, owner=OTHER_ACCOUNT)
    assert_not_listed(swept)
    assert "Nothing tells whose Monitor" in swept.unread[Feed.ALERTS]


def test_where_nothing_is_missing_an_empty_feed_is_enough(lab: Lab) -> None:
    """A Standard key may not read the account, and Monitor of a quiet one is empty: no reason to say anything."""
    lab.s3.put(BUCKET, key(MISSING))
    denied = Reply(wire.problem(20003, 401), 401)
    assert lab.sweep(NO_EVENTS, NO_EVENTS, NO_EVENTS, denied, NO_ALERTS, secret=API_KEY).unread == {}


@pytest.mark.parametrize("status", [401, 403])
def test_an_empty_feed_may_be_a_parents_where_the_key_may_not_read_the_account(lab: Lab, status: int) -> None:
    denied = Reply(wire.problem(20003, status), status)
    assert_not_listed(lab.sweep(NO_EVENTS, NO_EVENTS, NO_EVENTS, denied, NO_ALERTS, secret=API_KEY))


def test_an_empty_feed_is_the_accounts_own_where_it_has_no_parent(lab: Lab) -> None:
    account = Reply(wire.account(owner_account_sid=ACCOUNT))
    swept = lab.sweep(NO_EVENTS, NO_EVENTS, NO_EVENTS, account, NO_ALERTS, secret=API_KEY)
    assert swept.unread == {}
    assert swept.counts[State.DELETED] == 1


def test_a_subaccounts_own_event_tells_that_the_feeds_are_its_own(lab: Lab) -> None:
    swept = lab.sweep(OWN_EVENT, NO_EVENTS, OWN_EVENT, NO_ALERTS, secret=API_KEY, owner=OTHER_ACCOUNT)
    assert swept.unread == {}
    assert swept.counts[State.DELETED] == 1


def test_an_accounts_own_token_needs_no_proof(lab: Lab) -> None:
    assert lab.sweep(NO_EVENTS, NO_ALERTS, owner=OTHER_ACCOUNT).unread == {}
    assert [path for path in lab.asked() if path.startswith("/v1/")] == ["/v1/Events", "/v1/Alerts"]


@pytest.mark.parametrize("feed", ["events", "alerts"])
@pytest.mark.parametrize("long", [1, 2, 5])
def test_pages_of_monitor_that_lead_in_a_circle_end(lab: Lab, feed: str, long: int) -> None:
    url = f"https://monitor.twilio.com/v1/{feed.capitalize()}?PageSize=1000&PageToken=PT{{}}"
    circle = [Reply(wire.monitor_page(feed, following=url.format(n % long))) for n in range(400)]
    before = [] if feed == "events" else [NO_EVENTS]
    with pytest.raises(ReconcileError) as caught:
        lab.sweep(*before, *circle)
    assert isinstance(caught.value, Transient)
    assert caught.value.reason in (Reason.LISTING_INCONSISTENT, Reason.TWILIO_ANSWER_UNUSABLE)
    assert len(lab.asked()) < 150, "nobody noticed"


def test_a_circle_of_alerts_ends_where_their_list_would(lab: Lab) -> None:
    url = "https://monitor.twilio.com/v1/Alerts?PageSize=1000&PageToken=PT{}"
    row = wire.alert(1, "11200")
    circle = [Reply(wire.monitor_page("alerts", *[row] * 1000, following=url.format(n % 2))) for n in range(20)]
    swept = lab.sweep(NO_EVENTS, *circle)
    assert_not_listed(swept)


def test_a_key_that_begins_with_a_slash_lies_in_a_folder_of_the_account(lab: Lab) -> None:
    """A bucket URL that ends with a slash may make such keys."""
    lab.url = f"{URL}/"
    lab.s3.put(BUCKET, f"/{key(MISSING)}")
    lab.s3.calls.clear()
    swept = lab.sweep(NO_EVENTS, NO_ALERTS)
    assert swept.found == {}
    assert swept.counts == {State.IN_BUCKET: 2}
    assert [method for method, _ in lab.s3.calls if method == "has"] == []


def test_an_object_may_have_an_extension_that_its_url_lacks_under_any_path(lab: Lab) -> None:
    lab.url = f"{URL}/voice"
    lab.s3.put(BUCKET, f"voice/{key(MISSING)}.wav")
    swept = lab.sweep(NO_EVENTS, NO_ALERTS)
    assert swept.counts == {State.IN_BUCKET: 2}


@pytest.mark.parametrize("host", ["storage.googleapis.com", "minio.example.com"])
def test_what_lives_at_another_provider_is_not_missing_at_aws(lab: Lab, host: str) -> None:
    lab.url = f"https://{host}/{BUCKET}"
    swept = lab.sweep(NO_EVENTS, NO_ALERTS)
    assert swept.found == {}
    assert swept.counts == {State.IN_BUCKET: 1, State.ELSEWHERE: 1}
