"""What every AwsCredentials does: the fake that unit tests build on, and the adapter on the simulator over a socket."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from lab.simulator import Credentials, SimulatorControl, SimulatorServer
from recording_storage_operator.core.desired import TwilioAccount
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import AwsCredential
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.ports import AwsCredentials
from recording_storage_operator.twilio.aws_credentials import MAX_NAME, PAGE_SIZE
from recording_storage_operator.twilio.connect import TwilioConnector
from recording_storage_operator.twilio.network import Timeouts
from recording_storage_operator.twilio.patience import Patience
from tests.fakes.twilio import ACCOUNT, FakeTwilio, VirtualClock

PATH = "Credentials/AWS"
KEY_ID = "AKIA" + "A" * 16
KEY_SECRET = "s" * 38 + "/+"
SHORT = Timeouts(connect=2, read=0.5, answer=1)

LOST = Transient(Reason.TWILIO_UNREACHABLE, "Twilio broke off its answer")
FAULTS: dict[str, ReconcileError] = {
    "429": Transient(Reason.TWILIO_THROTTLED, "too many"),
    "500": Transient(Reason.TWILIO_UNREACHABLE, "a server error"),
    "hang": Transient(Reason.TWILIO_UNREACHABLE, "no answer in time"),
    "reset_before": LOST,
    "401": Wait(Reason.TWILIO_CREDENTIALS_REJECTED, "refused"),
}
COMMITTED = {"reset_after": LOST, "commit_then_500": FAULTS["500"], "truncated_body": LOST}
"""The simulator's faults after which what was asked for is done, and what a client makes of them."""


class World(Protocol):
    """What happens to an account whose key pairs `keys` manages, and to another one."""

    keys: AwsCredentials
    other: AwsCredentials

    def now(self) -> datetime: ...

    def advance(self, seconds: float) -> None: ...

    def suspend(self) -> None: ...

    def break_next(self, method: str, kind: str) -> None:
        """The next call of `listed`, `register` or `remove` meets this fault."""
        ...


class FakeWorld:
    """The fake."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.twilio = FakeTwilio(self.clock)
        self.keys: AwsCredentials = self.twilio.aws_credentials()
        self.other: AwsCredentials = self.twilio.aws_credentials("AC" + "b" * 32)

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def suspend(self) -> None:
        self.twilio.set_status("suspended", ACCOUNT)

    def break_next(self, method: str, kind: str) -> None:
        self.twilio.fail(method, (FAULTS | COMMITTED)[kind], committed=kind in COMMITTED)


METHODS = {"listed": "GET", "register": "POST", "remove": "DELETE"}


class SimulatorWorld:
    """The adapter, with patience for a single attempt: every fault shows."""

    def __init__(self, control: SimulatorControl, connector: TwilioConnector) -> None:
        self.control = control
        self.account = control.create_account()
        self.keys: AwsCredentials = client(connector, self.account)
        self.other: AwsCredentials = client(connector, control.create_account())

    def now(self) -> datetime:
        return self.control.now()

    def advance(self, seconds: float) -> None:
        self.control.advance(seconds=seconds)

    def suspend(self) -> None:
        self.control.account_status(self.account.account_sid, "suspended")

    def break_next(self, method: str, kind: str) -> None:
        self.control.fault(kind, method=METHODS[method], path=PATH, seconds=20)


def client(connector: TwilioConnector, account: Credentials, token: str = "") -> AwsCredentials:
    values = {"authToken": token or account.auth_token}
    return connector.aws_credentials(TwilioAccount(account.account_sid, "twilio"), values, "twilio")


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with SimulatorServer(clock_start="2026-03-01T12:00:00Z") as server:
        yield server.url


@pytest.fixture
def control(simulator: str) -> Iterator[SimulatorControl]:
    with closing(SimulatorControl(simulator)) as control:
        yield control
        control.clear_faults()


@pytest.fixture(scope="module")
def connector(simulator: str) -> Iterator[TwilioConnector]:
    with closing(TwilioConnector(simulator, timeouts=SHORT, patience=Patience(attempts=1))) as connector:
        yield connector


@pytest.fixture(params=["fake", "adapter"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return SimulatorWorld(request.getfixturevalue("control"), request.getfixturevalue("connector"))


def register(keys: AwsCredentials, name: str = "writer") -> AwsCredential:
    return keys.register(name, KEY_ID, KEY_SECRET)


def by_sid(*credentials: AwsCredential) -> list[AwsCredential]:
    return sorted(credentials, key=lambda one: one.sid)


def test_at_first_there_are_none(world: World) -> None:
    assert world.keys.listed() == []


def test_a_registered_pair_is_listed_with_its_name_and_time(world: World) -> None:
    made = register(world.keys, "recording-storage/é+&=:")
    assert made.name == "recording-storage/é+&=:"
    assert made.created_at == world.now().replace(microsecond=0)
    assert made.created_at.utcoffset() == timedelta(0)
    world.advance(90)
    assert world.keys.listed() == [made]


def test_two_of_the_same_name_are_two(world: World) -> None:
    first = register(world.keys)
    world.advance(1)
    second = register(world.keys)
    assert second.created_at - first.created_at == timedelta(seconds=1)
    assert by_sid(*world.keys.listed()) == by_sid(first, second)


def test_what_is_removed_is_gone_and_may_be_removed_again(world: World) -> None:
    kept, gone = register(world.keys), register(world.keys)
    world.keys.remove(gone.sid)
    assert world.keys.listed() == [kept]
    world.keys.remove(gone.sid)
    assert world.keys.listed() == [kept]


def test_pairs_of_another_account_are_neither_seen_nor_removed(world: World) -> None:
    theirs = register(world.other)
    assert world.keys.listed() == []
    world.keys.remove(theirs.sid)
    assert world.other.listed() == [theirs]


@pytest.mark.parametrize(
    ("key_id", "secret"), [("", ""), (KEY_ID[1:], KEY_SECRET), (KEY_ID, KEY_SECRET + "x"), (KEY_ID, "-" * 40)]
)
def test_a_malformed_pair_is_for_a_person_to_mend(world: World, key_id: str, secret: str) -> None:
    with pytest.raises(Terminal) as caught:
        world.keys.register("writer", key_id, secret)
    assert caught.value.reason is Reason.SECRET_MALFORMED
    assert "accessKeyId" in caught.value.message or "secretAccessKey" in caught.value.message
    assert not any(value in caught.value.message for value in (key_id, secret) if value)
    assert world.keys.listed() == []


def test_a_name_has_at_most_64_characters(world: World) -> None:
    assert register(world.keys, "x" * MAX_NAME).name == "x" * MAX_NAME
    with pytest.raises(ValueError, match="64"):
        register(world.keys, "x" * (MAX_NAME + 1))


def test_more_than_a_page_of_them_are_all_listed(world: World) -> None:
    """All of one second, and over three pages."""
    made = [register(world.keys, str(number)) for number in range(2 * PAGE_SIZE + 1)]
    assert by_sid(*world.keys.listed()) == by_sid(*made)
    for credential in made[PAGE_SIZE:]:
        world.keys.remove(credential.sid)
    assert by_sid(*world.keys.listed()) == by_sid(*made[:PAGE_SIZE])


def test_a_suspended_account_refuses_everything(world: World) -> None:
    made = register(world.keys)
    world.suspend()
    calls: list[Callable[[], object]] = [lambda: register(world.keys), lambda: world.keys.remove(made.sid)]
    for call in (world.keys.listed, *calls):
        with pytest.raises(Wait) as caught:
            call()
        assert caught.value.reason is Reason.TWILIO_CREDENTIALS_REJECTED


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_before_anything_is_done_changes_nothing(world: World, kind: str) -> None:
    made = register(world.keys)
    calls: dict[str, Callable[[], object]] = {
        "listed": world.keys.listed,
        "register": lambda: register(world.keys),
        "remove": lambda: world.keys.remove(made.sid),
    }
    for method, call in calls.items():
        world.break_next(method, kind)
        with pytest.raises(type(FAULTS[kind])) as caught:
            call()
        assert caught.value.reason is FAULTS[kind].reason
    assert world.keys.listed() == [made]


@pytest.mark.parametrize("kind", COMMITTED)
def test_a_pair_whose_answer_was_lost_is_found_by_its_name(world: World, kind: str) -> None:
    world.break_next("register", kind)
    with pytest.raises(Transient) as caught:
        register(world.keys, "mine")
    assert caught.value.reason is COMMITTED[kind].reason
    (found,) = [one for one in world.keys.listed() if one.name == "mine"]
    assert found.created_at == world.now().replace(microsecond=0)


@pytest.mark.parametrize("kind", ["reset_after", "commit_then_500"])
def test_a_removal_whose_answer_was_lost_may_be_sent_again(world: World, kind: str) -> None:
    made = register(world.keys)
    world.break_next("remove", kind)
    with pytest.raises(Transient):
        world.keys.remove(made.sid)
    world.keys.remove(made.sid)
    assert world.keys.listed() == []


@pytest.mark.parametrize("kind", [*COMMITTED, "short_body", "invalid_json", "wrong_content_type", "xml_error_200"])
def test_with_patience_a_pair_is_still_sent_once_only(simulator: str, control: SimulatorControl, kind: str) -> None:
    patient = Patience(attempts=3, sleep=lambda seconds: None)
    with closing(TwilioConnector(simulator, timeouts=SHORT, patience=patient)) as connector:
        account = control.create_account()
        keys = client(connector, account)
        control.fault(kind, method="POST", path=PATH)
        with pytest.raises(Transient):
            register(keys)
        assert [entry["method"] for entry in control.requests(account.account_sid)] == ["POST"]
        assert len(keys.listed()) == (0 if kind == "xml_error_200" else 1)


def test_with_patience_passing_faults_are_not_noticed(simulator: str, control: SimulatorControl) -> None:
    patient = Patience(attempts=3, sleep=lambda seconds: None)
    with closing(TwilioConnector(simulator, timeouts=SHORT, patience=patient)) as connector:
        keys = client(connector, control.create_account())
        for kind, method in [("429", "POST"), ("500", "GET"), ("reset_after", "DELETE")]:
            control.fault(kind, method=method, path=PATH)
        made = register(keys)
        assert keys.listed() == [made]
        keys.remove(made.sid)
        assert keys.listed() == []


def test_a_wrong_token_is_refused(control: SimulatorControl, connector: TwilioConnector) -> None:
    keys = client(connector, control.create_account(), "0" * 32)
    with pytest.raises(Wait) as caught:
        keys.listed()
    assert caught.value.reason is Reason.TWILIO_CREDENTIALS_REJECTED


def test_a_restricted_key_without_the_permission_is_told_what_to_do(
    control: SimulatorControl, connector: TwilioConnector
) -> None:
    sid = control.create_account().account_sid
    key = control.ask("POST", f"accounts/{sid}/keys", {"type": "restricted", "permissions": ["credentials:list"]})
    values = {"apiKeySid": key["api_key_sid"], "apiKeySecret": key["api_key_secret"]}
    keys = connector.aws_credentials(TwilioAccount(sid, "twilio"), values, "twilio")
    assert keys.listed() == []
    with pytest.raises(Wait, match="Grant a Restricted key access") as caught:
        register(keys)
    assert caught.value.reason is Reason.TWILIO_ACCESS_DENIED


def test_the_key_of_a_parent_account_registers_nothing_anywhere(
    control: SimulatorControl, connector: TwilioConnector
) -> None:
    parent = control.create_account()
    child = control.create_account(owner_account_sid=parent.account_sid)
    values = {"apiKeySid": parent.api_key_sid, "apiKeySecret": parent.api_key_secret}
    keys = connector.aws_credentials(TwilioAccount(child.account_sid, "twilio"), values, "twilio")
    with pytest.raises(Wait) as caught:
        register(keys)
    assert caught.value.reason is Reason.TWILIO_ACCESS_DENIED
    for account in (parent, child):
        assert client(connector, account).listed() == []


def test_the_fake_shows_tests_what_was_registered() -> None:
    twilio = FakeTwilio(VirtualClock())
    made = register(twilio.aws_credentials())
    (key,) = twilio.key_pairs()
    assert (key.credential, key.access_key_id, key.secret_access_key) == (made, KEY_ID, KEY_SECRET)


@pytest.mark.parametrize("stops", [True, False])
def test_removing_the_pair_that_uploads_use_may_stop_the_fakes_uploads(stops: bool) -> None:
    twilio = FakeTwilio(VirtualClock())
    twilio.removed_key_stops_uploads = stops
    made = register(twilio.aws_credentials())
    twilio.store_in("https://bucket.s3.amazonaws.com", credential_sid=made.sid)
    twilio.record()
    twilio.aws_credentials().remove(made.sid)
    late = twilio.record()
    alerts = twilio.account().upload_alerts(twilio.clock.now()).alerts
    assert [alert.recording_sid for alert in alerts] == ([late] if stops else [])
    assert twilio.uploads_work() is not stops
