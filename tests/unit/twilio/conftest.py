"""Clients of a canned server, with little patience and short time limits."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from recording_storage_operator.core.desired import TwilioAccount
from recording_storage_operator.twilio.aws_credentials import TwilioAwsCredentials
from recording_storage_operator.twilio.client import TwilioRestClient
from recording_storage_operator.twilio.connect import TwilioConnector
from recording_storage_operator.twilio.network import Timeouts
from recording_storage_operator.twilio.patience import Patience
from tests.unit.twilio.wire import ACCOUNT, TOKEN, CannedServer, Reply

Serve = Callable[..., CannedServer]
Connect = Callable[..., TwilioRestClient]
ConnectKeys = Callable[..., TwilioAwsCredentials]

ONCE = Patience(attempts=1)


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(resources: ExitStack) -> Serve:
    def start(*replies: Reply) -> CannedServer:
        return resources.enter_context(CannedServer(*replies))

    return start


@pytest.fixture
def connect(resources: ExitStack) -> Connect:
    def client(
        url: str,
        patience: Patience = ONCE,
        timeouts: Timeouts | None = None,
        secret: Mapping[str, str] | None = None,
    ) -> TwilioRestClient:
        limits = timeouts or Timeouts(connect=5, read=5, answer=5)
        connector = TwilioConnector(url, patience=patience, timeouts=limits)
        resources.callback(connector.close)
        return connector.connect(TwilioAccount(ACCOUNT, "twilio"), secret or {"authToken": TOKEN}, "twilio")

    return client


@pytest.fixture
def connect_keys(resources: ExitStack) -> ConnectKeys:
    def client(url: str, attempts: int = 1, secret: Mapping[str, str] | None = None) -> TwilioAwsCredentials:
        patience = Patience(attempts=attempts, sleep=lambda _: None)
        connector = TwilioConnector(url, patience=patience, timeouts=Timeouts(connect=5, read=0.5, answer=5))
        resources.callback(connector.close)
        return connector.aws_credentials(TwilioAccount(ACCOUNT, "twilio"), secret or {"authToken": TOKEN}, "twilio")

    return client
