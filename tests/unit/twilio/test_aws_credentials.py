"""What is sent to register, list and remove key pairs, and what is made of the answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.facts import AwsCredential
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.aws_credentials import MAX_PAGES, TwilioAwsCredentials
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import ConnectKeys, Serve
from tests.unit.twilio.wire import ACCOUNT, OTHER_ACCOUNT, Reply

PATH = "/v1/Credentials/AWS"
LISTING = f"https://accounts.twilio.com{PATH}"
KEY_ID = "AKIA" + "A" * 16
KEY_SECRET = "5ecre7/+=" + "k" * 31
API_KEY = {"apiKeySid": "SK" + "c" * 32, "apiKeySecret": "s3cret"}
SID = wire.aws_credential()["sid"]
MADE = AwsCredential(SID, "writer", datetime(2026, 3, 1, 11, tzinfo=UTC))

EMPTY = Reply(wire.monitor_page("credentials"))
CREATED = Reply(wire.aws_credential(), 201)
REMOVED = Reply(status=204, body=b"", content_type="")
UNKNOWN = Reply(wire.problem(20404, 404), 404)
THROTTLED = Reply(wire.problem(20429, 429), 429)
REFUSED = Reply(wire.problem(20003, 401), 401)


def register(keys: TwilioAwsCredentials) -> AwsCredential:
    return keys.register("writer", KEY_ID, KEY_SECRET)


CALLS: dict[str, Callable[[TwilioAwsCredentials], object]] = {
    "listed": lambda keys: keys.listed(),
    "register": register,
    "remove": lambda keys: keys.remove(SID),
}


def failure(call: Callable[[], object]) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        call()
    return caught.value


def test_a_pair_is_sent_once_as_a_form(serve: Serve, connect_keys: ConnectKeys) -> None:
    server = serve(CREATED)
    assert register(connect_keys(server.url)) == MADE
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", PATH)
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.headers["Authorization"].startswith("Basic ")
    assert parse_qs(seen.body.decode()) == {"FriendlyName": ["writer"], "Credentials": [f"{KEY_ID}:{KEY_SECRET}"]}


@pytest.mark.parametrize(
    "date", ["2026-03-01T11:00:00Z", "2026-03-01T12:00:00+01:00", "Sun, 01 Mar 2026 11:00:00 +0000"]
)
def test_its_time_is_read_in_either_of_twilios_forms(serve: Serve, connect_keys: ConnectKeys, date: str) -> None:
    server = serve(Reply(wire.monitor_page("credentials", wire.aws_credential(date_created=date))))
    assert connect_keys(server.url).listed() == [MADE]


@pytest.mark.parametrize("date", ["yesterday", "", "2026-03-01T11:00:00", None])
def test_a_time_that_is_none_is_no_answer(serve: Serve, connect_keys: ConnectKeys, date: str | None) -> None:
    server = serve(Reply(wire.monitor_page("credentials", wire.aws_credential(date_created=date))))
    assert failure(connect_keys(server.url).listed).reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_every_page_is_read_and_a_pair_on_two_of_them_counts_once(serve: Serve, connect_keys: ConnectKeys) -> None:
    first, second, third = (wire.aws_credential(number, friendly_name=None) for number in range(3))
    server = serve(
        Reply(wire.monitor_page("credentials", first, second, following=f"{LISTING}?PageSize=50&PageToken=PA1")),
        Reply(wire.monitor_page("credentials", second, third)),
    )
    found = connect_keys(server.url).listed()
    assert [(one.sid, one.name) for one in found] == [(row["sid"], "") for row in (first, second, third)]
    assert [seen.path for seen in server.seen] == [f"{PATH}?PageSize=50", f"{PATH}?PageSize=50&PageToken=PA1"]


def test_pages_that_lead_in_a_circle_are_given_up(serve: Serve, connect_keys: ConnectKeys) -> None:
    pages = [Reply(wire.monitor_page("credentials", following=f"{LISTING}?PageToken={token}")) for token in "AB"]
    server = serve(*pages * MAX_PAGES)
    assert failure(connect_keys(server.url).listed).reason is Reason.TWILIO_ANSWER_UNUSABLE
    assert len(server.seen) == MAX_PAGES


@pytest.mark.parametrize("following", ["https://evil.example/v1/Credentials/AWS?P=1", f"{LISTING}/x?P=1"])
def test_a_next_page_at_another_place_is_refused(serve: Serve, connect_keys: ConnectKeys, following: str) -> None:
    server = serve(Reply(wire.monitor_page("credentials", following=following)))
    assert failure(connect_keys(server.url).listed).reason is Reason.TWILIO_ANSWER_UNUSABLE
    assert len(server.seen) == 1


def test_a_list_that_twilio_does_not_know_is_not_an_empty_one(serve: Serve, connect_keys: ConnectKeys) -> None:
    assert failure(connect_keys(serve(UNKNOWN).url).listed).reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_pairs_of_other_accounts_are_left_out(serve: Serve, connect_keys: ConnectKeys) -> None:
    other = wire.aws_credential(2, account_sid=OTHER_ACCOUNT)
    server = serve(Reply(wire.monitor_page("credentials", other, wire.aws_credential())))
    assert connect_keys(server.url).listed() == [MADE]


@pytest.mark.parametrize(
    "lost",
    [
        Reply(fault="reset"),
        Reply(fault="hang"),
        Reply(wire.problem(20500, 500), 500),
        Reply(status=503, body=b"", headers={"Retry-After": "0"}),
        Reply(wire.aws_credential(), 201, declared=9999),
        Reply(wire.aws_credential(sid=None), 201),
        Reply(wire.aws_credential(), 200),
        Reply(status=302, headers={"Location": PATH}),
    ],
)
def test_a_pair_whose_answer_was_lost_is_not_sent_again(serve: Serve, connect_keys: ConnectKeys, lost: Reply) -> None:
    server = serve(lost, CREATED)
    keys = connect_keys(server.url, attempts=3)
    assert isinstance(failure(lambda: register(keys)), Transient)
    assert len(server.seen) == 1


@pytest.mark.parametrize("unprocessed", [THROTTLED, REFUSED])
def test_a_pair_that_twilio_did_not_process_is_sent_again(
    serve: Serve, connect_keys: ConnectKeys, unprocessed: Reply
) -> None:
    assert register(connect_keys(serve(unprocessed, CREATED).url, attempts=3)) == MADE


@pytest.mark.parametrize("gone", [REMOVED, UNKNOWN])
@pytest.mark.parametrize("passing", [Reply(fault="reset"), Reply(wire.problem(20500, 500), 500), THROTTLED])
def test_a_removal_is_tried_again_until_it_is_gone(
    serve: Serve, connect_keys: ConnectKeys, gone: Reply, passing: Reply
) -> None:
    server = serve(passing, gone)
    connect_keys(server.url, attempts=3).remove(SID)
    assert [(seen.method, seen.path, seen.body) for seen in server.seen] == [("DELETE", f"{PATH}/{SID}", b"")] * 2


@pytest.mark.parametrize(
    "other", [Reply(status=404, body=b"", content_type="text/html"), Reply(wire.problem(None, 404), 404), EMPTY]
)
def test_only_twilios_own_word_counts_as_removed(serve: Serve, connect_keys: ConnectKeys, other: Reply) -> None:
    keys = connect_keys(serve(other).url)
    assert failure(lambda: keys.remove(SID)).reason is Reason.TWILIO_ANSWER_UNUSABLE


@pytest.mark.parametrize(
    ("key_id", "secret", "named"),
    [
        ("hidden", KEY_SECRET, "the access key id"),
        (KEY_ID.lower(), KEY_SECRET, "the access key id"),
        (KEY_ID + "\n", KEY_SECRET, "the access key id"),
        (KEY_ID, "hidden", "the secret access key"),
        (KEY_ID, "-" * 40, "the secret access key"),
        (KEY_ID, KEY_SECRET + "\n", "the secret access key"),
    ],
)
def test_a_malformed_pair_is_refused_before_it_is_sent(
    serve: Serve, connect_keys: ConnectKeys, key_id: str, secret: str, named: str
) -> None:
    server = serve(CREATED)
    keys = connect_keys(server.url)
    error = failure(lambda: keys.register("writer", key_id, secret))
    assert isinstance(error, Terminal)
    assert error.reason is Reason.SECRET_MALFORMED
    assert "in the Secret that spec.s3.writerCredentialsSecretRef names" in error.message
    assert f"{named} is not" in error.message
    assert not any(value.strip() in error.message for value in (key_id, secret))
    assert server.seen == []


def test_a_pair_that_twilio_calls_malformed_is_for_a_person_to_mend(serve: Serve, connect_keys: ConnectKeys) -> None:
    keys = connect_keys(serve(Reply(wire.problem(70106, 400), 400)).url)
    error = failure(lambda: register(keys))
    assert isinstance(error, Terminal)
    assert error.reason is Reason.SECRET_MALFORMED
    assert "accessKeyId and secretAccessKey" in error.message


def test_any_other_400_is_not_the_pairs_fault(serve: Serve, connect_keys: ConnectKeys) -> None:
    keys = connect_keys(serve(Reply(wire.problem(20001, 400), 400)).url)
    assert failure(lambda: register(keys)).reason is Reason.TWILIO_ANSWER_UNUSABLE


def test_a_name_that_twilio_would_not_take_is_never_sent(serve: Serve, connect_keys: ConnectKeys) -> None:
    server = serve(CREATED)
    with pytest.raises(ValueError, match="64"):
        connect_keys(server.url).register("x" * 65, KEY_ID, KEY_SECRET)
    assert server.seen == []


def test_a_pair_that_landed_in_another_account_is_taken_back(serve: Serve, connect_keys: ConnectKeys) -> None:
    server = serve(Reply(wire.aws_credential(account_sid=OTHER_ACCOUNT), 201), REMOVED)
    keys = connect_keys(server.url, secret=API_KEY)
    error = failure(lambda: register(keys))
    assert isinstance(error, Wait)
    assert error.reason is Reason.TWILIO_ACCESS_DENIED
    assert ACCOUNT in error.message
    assert [(seen.method, seen.path) for seen in server.seen] == [("POST", PATH), ("DELETE", f"{PATH}/{SID}")]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("secret", "status", "reason"),
    [
        (API_KEY, 401, Reason.TWILIO_ACCESS_DENIED),
        (API_KEY, 403, Reason.TWILIO_ACCESS_DENIED),
        (None, 403, Reason.TWILIO_ACCESS_DENIED),
        (None, 401, Reason.TWILIO_CREDENTIALS_REJECTED),
    ],
)
def test_credentials_that_are_barred_are_told_from_wrong_ones(
    serve: Serve, connect_keys: ConnectKeys, call: str, secret: dict[str, str] | None, status: int, reason: Reason
) -> None:
    keys = connect_keys(serve(Reply(wire.problem(20003, status), status)).url, secret=secret)
    error = failure(lambda: CALLS[call](keys))
    assert isinstance(error, Wait)
    assert error.reason is reason
    assert "Secret 'twilio'" in error.message
    assert ("register the key pair in the Console by hand" in error.message) == (reason is Reason.TWILIO_ACCESS_DENIED)


def test_a_single_401_is_not_noticed_with_an_api_key_either(serve: Serve, connect_keys: ConnectKeys) -> None:
    assert connect_keys(serve(REFUSED, EMPTY).url, attempts=2, secret=API_KEY).listed() == []
