"""/healthz, /readyz and /metrics over HTTP."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

Check = Callable[[], str | None]
"""Tells what is wrong, or None."""

TEXT = "text/plain; charset=utf-8"
CLIENT_TIMEOUT = 10.0

log = logging.getLogger(__name__)


class ProbeServer:
    """Answers from threads of its own, so that it tells the truth about all others.

    `alive` failing means that a restart is the cure, `ready` failing that waiting is. Port 0 takes any free one.
    """

    def __init__(
        self, address: tuple[str, int], alive: list[Check], ready: list[Check], metrics: CollectorRegistry
    ) -> None:
        routes: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]] = {
            "/healthz": lambda: _verdict(alive),
            "/readyz": lambda: _verdict(ready),
            "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(metrics)),
        }
        handler = type("Handler", (_Handler,), {"routes": routes})
        self._server = _serving(address, handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="probes", daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.ident:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _EitherFamily(ThreadingHTTPServer):
    """On an IPv6 address; on all of them it takes IPv4 as well. A pod of an IPv6 cluster has no other."""

    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _serving(address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """An empty host is every address of both families, as far as the machine has them."""
    host, port = address
    if ":" in host or (not host and socket.has_dualstack_ipv6()):
        return _EitherFamily((host or "::", port), handler)
    return ThreadingHTTPServer(address, handler)


def _verdict(checks: list[Check]) -> tuple[HTTPStatus, str, bytes]:
    problems = [problem for check in checks if (problem := check())]
    if problems:
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, "\n".join(problems).encode()
    return HTTPStatus.OK, TEXT, b"ok"


class _Handler(BaseHTTPRequestHandler):
    routes: ClassVar[Mapping[str, Callable[[], tuple[HTTPStatus, str, bytes]]]]
    timeout = CLIENT_TIMEOUT

    def do_GET(self) -> None:
        route = self.routes.get(self.path.partition("?")[0])
        code, content_type, body = route() if route else (HTTPStatus.NOT_FOUND, TEXT, b"not found")
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
        log.debug(format, *args)
