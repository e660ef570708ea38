"""A tiny HTTP server that gives the answers it was told to, so that an S3 gone wrong can be played."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from recording_storage_operator.core.desired import Bucket
from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.s3.admin import S3BucketAdmin
from recording_storage_operator.s3.client import S3Bucket
from recording_storage_operator.s3.connect import Connections, Limits

NAME = "recordings"
VALUES = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "hush-hush", "sessionToken": "token-hush"}


@dataclass(frozen=True)
class Answer:
    """`length` overrides Content-Length, to cut a body off. With `hang` the headers never come."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    hang: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it arrived. `peer` tells connections apart."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]


class ScriptedServer:
    """Gives the answers of its script one after the other, then the last one for ever."""

    def __init__(self, *script: Answer) -> None:
        self.play(*script)
        self._stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def play(self, *script: Answer) -> None:
        """Begin a script, and forget what was asked before."""
        self.asked: list[Asked] = []
        self._script = list(script)

    def answer(self, asked: Asked) -> Answer:
        """The next answer."""
        self.asked.append(asked)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if answer.hang:
            self._stopping.wait()
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                asked = Asked(self.command, self.path, dict(self.headers), body, self.client_address)
                answer = server.answer(asked)
                if answer.hang:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for header, value in answer.headers.items():
                    self.send_header(header, value)
                length = len(answer.body) if answer.length is None else answer.length
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)
                self.close_connection = self.close_connection or length != len(answer.body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_CONNECT = handle_any  # noqa: N815  # names that http.server looks for

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows what matters."""

        return Handler


class Stage:
    """One server for many tests, and bucket clients of it that have no patience."""

    def __init__(self) -> None:
        self._server = ScriptedServer()
        self.endpoint = self._server.endpoint
        self._connections = {attempts: self._connect(attempts) for attempts in (1, 2)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connections in self._connections.values():
            connections.close()
        self._server.__exit__()

    @property
    def asked(self) -> list[Asked]:
        """What was asked since the script began."""
        return self._server.asked

    def client(self, *script: Answer, region: str = "us-east-1", attempts: int = 1) -> S3Bucket:
        """Begin a script; its audience."""
        self._server.play(*script)
        return self._connections[attempts].bucket(self._bucket(region), VALUES)

    def admin(self, *script: Answer, region: str = "us-east-1", attempts: int = 1) -> S3BucketAdmin:
        """As `client`."""
        self._server.play(*script)
        return self._connections[attempts].admin(self._bucket(region), VALUES)

    def _bucket(self, region: str) -> Bucket:
        return Bucket(NAME, region, endpoint_url=self.endpoint, credentials_secret="s3-keys")

    def _connect(self, attempts: int) -> Connections:
        limits = Limits(connect_timeout=2, read_timeout=0.3, attempts=attempts)
        return Connections([self.endpoint], allow_ambient=False, limits=limits)


def error(code: str, status: int, fields: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """An error document as S3 writes it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>m</Message>{fields}</Error>'
    return Answer(status, body.encode(), headers or {})


def listing(*rows: str, truncated: str = "false", bucket: str = NAME, prefix: str = "rec/", fields: str = "") -> Answer:
    """A listing of versions as S3 writes it."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket}</Name><Prefix>{prefix}</Prefix><IsTruncated>{truncated}</IsTruncated>{fields}{''.join(rows)}"
        "</ListVersionsResult>"
    )
    return Answer(200, body.encode())


def row(
    key: str, latest: str = "true", kind: str = "Version", time: str = "2026-05-01T12:00:00.000Z", size: str = "7"
) -> str:
    """A row of a listing."""
    return (
        f"<{kind}><Key>{key}</Key><VersionId>v1</VersionId><IsLatest>{latest}</IsLatest>"
        f"<LastModified>{time}</LastModified><Size>{size}</Size></{kind}>"
    )


UNUSABLE = (Transient, Reason.S3_ANSWER_UNUSABLE)
UNREACHABLE = (Transient, Reason.S3_UNREACHABLE)

REFUSALS = {
    "502 of a proxy": (Answer(502, b"<html>bad gateway</html>"), UNREACHABLE),
    "500": (error("InternalError", 500), UNREACHABLE),
    "slow down": (error("SlowDown", 503), UNREACHABLE),
    "too many requests": (Answer(429), UNREACHABLE),
    "request timed out": (error("RequestTimeout", 400), UNREACHABLE),
    "headers that never come": (Answer(hang=True), UNREACHABLE),
    "denied": (error("AccessDenied", 403), (Wait, Reason.S3_ACCESS_DENIED)),
    "403 without document": (Answer(403), (Wait, Reason.S3_ACCESS_DENIED)),
    "unknown access key": (error("InvalidAccessKeyId", 403), (Wait, Reason.S3_CREDENTIALS_REJECTED)),
    "wrong secret key": (error("SignatureDoesNotMatch", 403), (Wait, Reason.S3_CREDENTIALS_REJECTED)),
    "expired token": (error("ExpiredToken", 400), (Wait, Reason.S3_CREDENTIALS_REJECTED)),
    "access key of a wrong form": (error("AuthorizationHeaderMalformed", 400), (Wait, Reason.S3_CREDENTIALS_REJECTED)),
    "clock": (error("RequestTimeTooSkewed", 403), (Wait, Reason.CLOCK_SKEW)),
    "no such bucket": (error("NoSuchBucket", 404), (Wait, Reason.BUCKET_MISSING)),
    "redirect": (error("PermanentRedirect", 301), (Wait, Reason.BUCKET_WRONG_REGION)),
    "bucket name": (error("InvalidBucketName", 400), (Terminal, Reason.INVALID_SPEC)),
    "not implemented": (error("NotImplemented", 501), (Wait, Reason.S3_ANSWER_UNUSABLE)),
    "something new": (error("NeverHeardOf", 400), (Wait, Reason.S3_ANSWER_UNUSABLE)),
}
"""Error answers that mean the same to every call, and what they mean."""


def kind(error: ReconcileError) -> tuple[type[ReconcileError], Reason]:
    """What an error is."""
    return type(error), error.reason
