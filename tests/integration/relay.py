"""A network that can fail: a port in front of a server."""

import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from lab.processes import free_port


class Relay:
    """Passes bytes on to the server at `url`. `cut` breaks off what is open and refuses what comes, until `mend`.

    From `hold` on, a request that has these bytes is kept back until `cut`, and `holding` is set once one is.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._port = free_port()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._port}"
        self._held_back, self._dropped = b"", threading.Event()
        self.holding = threading.Event()
        self.mend()

    def hold(self, request: bytes) -> None:
        """Keep such requests from the server; their clients wait for an answer."""
        self.holding.clear()
        self._held_back = request

    def mend(self) -> None:
        """Listen, at the same port each time. Where nothing is cut, nothing changes."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._held_back, self._dropped = b"", threading.Event()
            self._start(self._accept, self._listener)

    def cut(self) -> None:
        """The network is down."""
        sockets = [*filter(None, [self._listener]), *self._open]
        for one in sockets:
            with contextlib.suppress(OSError):  # the other side was faster
                one.shutdown(socket.SHUT_RDWR)
        self._dropped.set()
        for thread in self._threads:
            thread.join()
        for one in sockets:
            one.close()
        self._listener, self._open, self._threads = None, [], []

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                self._start(self._pass_on, client, server)
                self._start(self._pass_on, server, client)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._held_back and self._held_back in data:
                    self.holding.set()
                    self._dropped.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _start(self, work: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=work, args=sockets, daemon=True)
        self._threads.append(thread)
        thread.start()
