"""What goes through which socket: proxies, connections that are used again, and those that must not be."""

import base64
import contextlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recording_storage_operator.core.errors import Transient
from recording_storage_operator.twilio.network import MAX_CONNECTIONS, Timeouts
from recording_storage_operator.twilio.transport import CHUNK
from tests.unit.twilio import wire
from tests.unit.twilio.conftest import Connect, Serve
from tests.unit.twilio.wire import Reply

PAGE = wire.recordings_page(wire.recording(1))
PROXY_NAMES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


class Server:
    """Counts connections, keeps them open, and lets no tunnel through."""

    def __init__(self) -> None:
        self.connections = 0
        self.tunnels: list[tuple[str, str | None]] = []
        self.requests = 0
        self.body = Reply(PAGE).payload
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # the client gave up
                    super().handle()

            def do_GET(self) -> None:
                server.requests += 1
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def do_CONNECT(self) -> None:
                server.tunnels.append((self.path, self.headers["Proxy-Authorization"]))
                self.send_error(403)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Nothing: a test's output is the test's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def secure(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # In the thread of the connection: a client that does not like the certificate must not stop the server.
        plain = self._server.socket
        self._server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in (*PROXY_NAMES, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.close()


def ask(url: str, connect: Connect) -> None:
    with pytest.raises(Transient):
        connect(url).recordings()


def test_https_is_tunnelled_through_the_proxy_which_sees_no_credentials_of_ours(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@{server.address}")
    ask("https://twilio.test", connect)
    assert server.tunnels == [("twilio.test:443", f"Basic {base64.b64encode(b'user:p@ss').decode()}")]


@pytest.mark.parametrize(("name", "scheme"), [("HTTPS_PROXY", ""), ("ALL_PROXY", "http://")])
def test_a_proxy_may_be_named_for_all_schemes_and_without_one(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.setenv(name, scheme + server.address)
    ask("https://twilio.test", connect)
    assert server.tunnels == [("twilio.test:443", None)]


def test_hosts_that_need_no_proxy_are_not_tunnelled(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{server.address}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ask(f"https://{server.address}", connect)
    assert server.tunnels == []
    assert server.connections == 1


def test_a_connection_is_used_again(server: Server, connect: Connect) -> None:
    client = connect(f"http://{server.address}")
    for _ in range(3):
        assert len(client.recordings().recordings) == 1
    assert server.connections == 1


def test_a_connection_whose_answer_was_given_up_is_not_used_again_and_its_place_is_free(
    server: Server, connect: Connect
) -> None:
    server.body += b" " * (2 * CHUNK)
    client = connect(f"http://{server.address}", timeouts=Timeouts(connect=5, read=5, answer=0))
    for _ in range(MAX_CONNECTIONS + 1):
        with pytest.raises(Transient, match="in time"):
            client.recordings()
    assert server.connections == MAX_CONNECTIONS + 1


def test_answers_that_break_off_do_not_use_up_the_connections(serve: Serve, connect: Connect) -> None:
    whole = Reply(PAGE)
    broken = Reply(PAGE, declared=len(whole.payload) + 1)
    client = connect(serve(*[broken] * (MAX_CONNECTIONS + 1), whole).url)
    for _ in range(MAX_CONNECTIONS + 1):
        with pytest.raises(Transient):
            client.recordings()
    assert len(client.recordings().recordings) == 1


def test_only_a_server_whose_certificate_is_vouched_for_gets_a_request(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    server.secure(certificate, key)
    ask(f"https://{server.address}", connect)
    assert server.requests == 0

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert len(connect(f"https://{server.address}").recordings().recordings) == 1


def write_certificate(certificate: Path, key: Path) -> None:
    """For 127.0.0.1, signed by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(private.private_bytes(*form))
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
