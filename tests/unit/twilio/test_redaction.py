"""Nothing of a credential shows in anything a person or a log may see."""

import base64
import json
import logging
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest

from recording_storage_operator.core.errors import ReconcileError
from recording_storage_operator.twilio.aws_credentials import TwilioAwsCredentials
from recording_storage_operator.twilio.client import TwilioRestClient
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, ConnectKeys, Serve
from tests.unit.twilio.wire import ACCOUNT, TOKEN, Reply

SECRETS = [TOKEN, base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()]

READS: dict[str, tuple[Reply, Callable[[TwilioRestClient], object]]] = {
    "read": (Reply(wire.account()), lambda client: client.account()),
    "refused": (Reply(wire.problem(20003, 401), 401), lambda client: client.account()),
    "suspended": (Reply(wire.account(status="suspended")), lambda client: client.account()),
    "reset": (Reply(fault="reset"), lambda client: client.recordings()),
    "truncated": (Reply(wire.account(), declared=9999), lambda client: client.account()),
    "not as documented": (Reply(wire.account(sid=None)), lambda client: client.account()),
    "echoed": (Reply({"code": 20001, "message": TOKEN}, 400), lambda client: client.recordings()),
    "echoed in a field": (Reply(wire.account(status=[TOKEN])), lambda client: client.account()),
    "redirect": (Reply(status=302, headers={"Location": "http://x/"}), lambda client: client.recordings()),
}

KEY_ID = "AKIA7" + "A" * 15
KEY_SECRET = "5ecre7/+" + "k" * 32
PAIR = f"{KEY_ID}:{KEY_SECRET}"

REGISTRATIONS: dict[str, tuple[Reply, str]] = {
    "registered": (Reply(wire.aws_credential(), 201), KEY_SECRET),
    "malformed": (Reply(wire.aws_credential(), 201), KEY_SECRET + KEY_SECRET),
    "called malformed": (Reply({"code": 70106, "message": PAIR}, 400), KEY_SECRET),
    "refused": (Reply(wire.problem(20003, 401), 401), KEY_SECRET),
    "reset": (Reply(fault="reset"), KEY_SECRET),
    "hang": (Reply(fault="hang"), KEY_SECRET),
    "echoed": (Reply({"code": 20001, "message": PAIR}, 400), KEY_SECRET),
    "echoed in a field": (Reply(wire.aws_credential(sid=PAIR), 201), KEY_SECRET),
    "echoed as a date": (Reply(wire.aws_credential(date_created=PAIR), 201), KEY_SECRET),
}


@pytest.mark.parametrize("case", READS)
def test_no_repr_error_traceback_or_log_shows_a_credential(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    reply, read = READS[case]
    client = connect(serve(reply).url)
    shown = [repr(client), str(client), repr(client.transport), repr(client.transport.credentials)]
    shown += told(lambda: read(client), caplog)
    assert len(shown) > 4
    for secret in SECRETS:
        assert secret not in "\n".join(shown)


@pytest.mark.parametrize("case", REGISTRATIONS)
def test_nothing_of_a_key_pair_shows_when_it_is_registered(
    serve: Serve, connect_keys: ConnectKeys, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    reply, secret = REGISTRATIONS[case]
    keys: TwilioAwsCredentials = connect_keys(serve(reply).url)
    shown = [*told(lambda: keys.register("writer", KEY_ID, secret), caplog), repr(keys), repr(keys.transport)]
    assert len(shown) > 2
    for part in (KEY_ID, KEY_SECRET, quote(KEY_SECRET, safe=""), json.dumps(KEY_SECRET), *SECRETS):
        assert part not in "\n".join(shown)


def told(call: Callable[[], object], caplog: pytest.LogCaptureFixture) -> list[str]:
    """All that a log, an error and its traceback say, and what is returned."""
    shown = []
    with caplog.at_level(logging.DEBUG):
        try:
            shown.append(repr(call()))
        except ReconcileError as error:
            shown += [str(error), repr(error), error.message, repr(error.__dict__)]
            shown += traceback.format_exception(error)
    return shown + [record.getMessage() for record in caplog.records]
