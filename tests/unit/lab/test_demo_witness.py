import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab import s3
from lab.demo.verdict import Access, Answer
from lab.demo.witness import Bucket, TwilioApi, look
from lab.simulator import Credentials

ACCOUNT = Credentials("AC" + "0" * 32, "token", "SK" + "0" * 32, "secret")
SID = "RE" + "1" * 32
JSON, XML, WAV = "application/json", "application/xml", "audio/x-wav"
AUDIO = b"RIFF" + bytes(3000)


@dataclass
class Said:
    """What the server answers to everything."""

    status: int = 200
    content_type: str = JSON
    body: bytes = b""


@contextlib.contextmanager
def saying(said: Said) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def media(said: Said) -> Answer:
    with saying(said) as url, contextlib.closing(TwilioApi(url, ACCOUNT)) as twilio:
        return twilio.media(SID)


def metadata(said: Said) -> Answer:
    with saying(said) as url, contextlib.closing(TwilioApi(url, ACCOUNT)) as twilio:
        return twilio.metadata(SID)


def stored(said: Said) -> Answer:
    with saying(said) as url, contextlib.closing(s3.client(url, "AKIA", "secret")) as client:
        return Bucket(client, "bucket", ACCOUNT.account_sid).stored(SID)


@pytest.mark.parametrize(
    ("said", "access"),
    [
        (Said(200, WAV, AUDIO), Access.ACCESSIBLE),
        (Said(200, WAV, b"<html>"), Access.UNCLEAR),
        (Said(404, XML, b"<TwilioResponse><RestException><Code>20404</Code></RestException>"), Access.GONE),
        (Said(404, XML, b"<Error><Code>NoSuchKey</Code></Error>"), Access.UNCLEAR),
        (Said(401, XML, b"<TwilioResponse><RestException><Code>20003</Code></RestException>"), Access.UNCLEAR),
        (Said(503, XML, b""), Access.UNCLEAR),
    ],
)
def test_audio_is_there_or_gone_only_by_twilios_own_word(said: Said, access: Access) -> None:
    assert media(said).access is access


@pytest.mark.parametrize(
    ("said", "access"),
    [
        (Said(200, JSON, b'{"sid":"%s","status":"deleted"}' % SID.encode()), Access.ACCESSIBLE),
        (Said(200, JSON, b'{"sid":"RE0","status":"completed"}'), Access.UNCLEAR),
        (Said(404, JSON, b'{"code":20404,"status":404}'), Access.GONE),
        (Said(404, JSON, b'{"message":"no such route"}'), Access.UNCLEAR),
        (Said(429, JSON, b'{"code":20429,"status":429}'), Access.UNCLEAR),
    ],
)
def test_metadata_is_there_or_gone_only_by_twilios_own_word(said: Said, access: Access) -> None:
    assert metadata(said).access is access


@pytest.mark.parametrize(
    ("said", "access"),
    [
        (Said(200, WAV, AUDIO), Access.ACCESSIBLE),
        (Said(200, WAV, b""), Access.UNCLEAR),
        (Said(404, XML, b"<Error><Code>NoSuchKey</Code></Error>"), Access.GONE),
        (Said(404, XML, b"<Error><Code>NoSuchBucket</Code></Error>"), Access.UNCLEAR),
        (Said(403, XML, b"<Error><Code>AccessDenied</Code></Error>"), Access.UNCLEAR),
    ],
)
def test_an_object_is_there_or_gone_only_by_s3s_own_word(said: Said, access: Access) -> None:
    assert stored(said).access is access


def test_a_look_asks_everybody_and_takes_the_expiry_from_the_ledger() -> None:
    ledger = {SID: {"expiresAt": "2026-04-10T12:00:00Z"}}
    with (
        saying(Said(404, XML, b"<RestException><Code>20404</Code></RestException>")) as twilio_url,
        saying(Said(200, WAV, AUDIO)) as s3_url,
        contextlib.closing(TwilioApi(twilio_url, ACCOUNT)) as twilio,
        contextlib.closing(s3.client(s3_url, "AKIA", "secret")) as client,
    ):
        seen = look(SID, twilio, Bucket(client, "bucket", "folder"), ledger, None)
    assert (seen.media.access, seen.metadata.access, seen.stored.access) == (
        Access.GONE,
        Access.GONE,
        Access.ACCESSIBLE,
    )
    assert seen.listed_until == datetime(2026, 4, 10, 12, tzinfo=UTC)
