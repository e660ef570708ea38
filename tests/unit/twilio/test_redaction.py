"""Nothing of a credential shows in anything a person or a log may see."""

import base64
import logging
import traceback
from collections.abc import Callable

import pytest

from recording_storage_operator.core.errors import ReconcileError
from recording_storage_operator.twilio.client import TwilioRestClient
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve
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


@pytest.mark.parametrize("case", READS)
def test_no_repr_error_traceback_or_log_shows_a_credential(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    reply, read = READS[case]
    client = connect(serve(reply).url)
    shown = [repr(client), str(client), repr(client.transport), repr(client.transport.credentials)]
    with caplog.at_level(logging.DEBUG):
        try:
            read(client)
        except ReconcileError as error:
            shown += [str(error), repr(error), error.message, repr(error.__dict__)]
            shown += traceback.format_exception(error)
    shown += [record.getMessage() for record in caplog.records]
    assert len(shown) > 4
    for secret in SECRETS:
        assert secret not in "\n".join(shown)
