"""Documents as Twilio sends them, and a server that sends them whole, in part, or never."""

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Literal

ACCOUNT = "AC" + "a" * 32
OTHER_ACCOUNT = "AC" + "b" * 32
TOKEN = "5ecre7" + "0" * 26
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


def sid(number: int) -> str:
    return f"RE{number:032x}"


def recording(number: int = 1, **changes: Any) -> dict[str, Any]:
    """All fields of a recording, as the v2010 API lists it."""
    name = sid(number)
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{name}"
    whole = {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "call_sid": f"CA{number:032x}",
        "conference_sid": None,
        "date_created": "Sun, 01 Mar 2026 11:00:00 +0000",
        "date_updated": "Sun, 01 Mar 2026 11:00:09 +0000",
        "start_time": "Sun, 01 Mar 2026 11:00:00 +0000",
        "duration": "9",
        "sid": name,
        "price": "-0.00250",
        "price_unit": "USD",
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "uri": f"{uri}.json",
        "encryption_details": None,
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": f"https://api.twilio.com{uri}",
    }
    return whole | changes


def recordings_page(*recordings: dict[str, Any], following: str | None = None, **changes: Any) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json"
    return {
        "page": 0,
        "page_size": 1000,
        "start": 0,
        "end": len(recordings),
        "uri": f"{uri}?PageSize=1000",
        "first_page_uri": f"{uri}?PageSize=1000&Page=0",
        "previous_page_uri": None,
        "next_page_uri": f"{uri}?{following}" if following else None,
        "recordings": list(recordings),
    } | changes


def account(**changes: Any) -> dict[str, Any]:
    """An account that is nobody's subaccount: such a one owns itself."""
    whole = {
        "sid": ACCOUNT,
        "owner_account_sid": ACCOUNT,
        "status": "active",
        "friendly_name": "Calls",
        "auth_token": TOKEN,
        "type": "Full",
    }
    return whole | changes


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    whole = {
        "sid": f"AE{number:032x}",
        "account_sid": ACCOUNT,
        "event_type": "recording.deleted",
        "resource_type": "recording",
        "resource_sid": sid(number),
        "event_date": "2026-03-01T11:30:00Z",
        "actor_type": "user",
        "source": "web",
        "event_data": {},
    }
    return whole | changes


def alert(number: int = 1, code: str | None = "16112", **changes: Any) -> dict[str, Any]:
    whole = {
        "sid": f"NO{number:032x}",
        "account_sid": ACCOUNT,
        "error_code": code,
        "log_level": "error",
        "resource_sid": sid(number),
        "date_created": "2026-03-01T11:45:01Z",
        "date_generated": "2026-03-01T11:45:00Z",
        "alert_text": "x",
    }
    return whole | changes


def monitor_page(key: str, *items: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {key: list(items), "meta": {"key": key, "page": 0, "page_size": 1000, "next_page_url": following}}


def aws_credential(number: int = 1, **changes: Any) -> dict[str, Any]:
    """All fields of a registered key pair, as accounts.twilio.com shows it."""
    name = f"CR{number:032x}"
    whole = {
        "sid": name,
        "account_sid": ACCOUNT,
        "friendly_name": "writer",
        "date_created": "2026-03-01T11:00:00Z",
        "date_updated": "2026-03-01T11:00:00Z",
        "url": f"https://accounts.twilio.com/v1/Credentials/AWS/{name}",
    }
    return whole | changes


def problem(code: int | None, status: int) -> dict[str, Any]:
    whole: dict[str, Any] = {"message": "as Twilio words it", "status": status}
    return whole if code is None else whole | {"code": code, "more_info": f"https://www.twilio.com/docs/errors/{code}"}


@dataclass(frozen=True)
class Reply:
    """What the server sends. `declared` is the Content-Length, where it is not to be the body's own."""

    document: Any = None
    status: int = 200
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    date: str = DATE
    declared: int | None = None
    fault: Literal["", "hang", "reset", "drip"] = ""

    @property
    def payload(self) -> bytes:
        return json.dumps(self.document).encode() if self.body is None else self.body


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    method: str
    body: bytes


class CannedServer:
    """Sends the replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self.closing = Event()
        canned = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                canned.seen.append(Seen(self.path, dict(self.headers), self.command, body))
                reply = canned.replies.pop(0) if len(canned.replies) > 1 else canned.replies[0]
                _send(self, reply, canned.closing)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Nothing: a test's output is the test's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def authorizations(self) -> list[str | None]:
        return [seen.headers.get("Authorization") for seen in self.seen]

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> "CannedServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _send(handler: BaseHTTPRequestHandler, reply: Reply, closing: Event) -> None:
    handler.close_connection = True
    if reply.fault == "hang":
        closing.wait(20)
        return
    if reply.fault == "reset":
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        return
    handler.send_response_only(reply.status)
    length = len(reply.payload) if reply.declared is None else reply.declared
    own = {"Date": reply.date, "Content-Type": reply.content_type, "Content-Length": str(length)}
    for name, value in (own | dict(reply.headers) | {"Connection": "close"}).items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    if reply.fault == "drip":
        _drip(handler, reply.payload, closing)
    else:
        handler.wfile.write(reply.payload)


def _drip(handler: BaseHTTPRequestHandler, payload: bytes, closing: Event) -> None:
    for byte in payload:
        if closing.wait(0.02):
            return
        try:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
        except OSError:
            return
