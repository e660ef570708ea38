"""The connection to the API server, against a scripted server over a socket and with a pod's login on the real one."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.control_plane import ControlPlane
from recording_storage_operator.api import names
from recording_storage_operator.core.errors import Terminal, Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from recording_storage_operator.kube.connect import Call, Connection, in_cluster, load_configuration
from recording_storage_operator.kube.resources import Resource
from recording_storage_operator.kube.storages import StorageClient

STORAGE = Resource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
KEY = Key("calls", "main")
READ = Call("GET", STORAGE.item(KEY), "read it", absent=KEY.name)
WRITE = Call("PUT", STORAGE.item(KEY), "write it", body={"a": 1})

Answer = Callable[["ScriptedHandler"], None]


class ScriptedHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "ScriptedServer"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.headers.get("Authorization", "")))
        answer = self.server.script.pop(0) if self.server.script else status(500)
        answer(self)

    do_PUT = do_GET  # noqa: N815  the name the base class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name the base class gives it
        pass

    def send(self, code: int, body: bytes, length: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class ScriptedServer(ThreadingHTTPServer):
    """Gives the answers of `script` one after the other, and notes methods and credentials."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.script: list[Answer] = []
        self.seen: list[tuple[str, str]] = []
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


def ok(body: Any) -> Answer:
    return lambda handler: handler.send(200, json.dumps(body).encode())


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: handler.send(code, body, headers=headers)


def cut_off(handler: ScriptedHandler) -> None:
    handler.send(200, b'{"items": [', length=1000)
    handler.close_connection = True


def never(handler: ScriptedHandler) -> None:
    handler.server.released.wait(20)
    handler.close_connection = True


class Login:
    """A kubeconfig whose token can be rotated."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self._url = url
        self.rotate("first")

    def rotate(self, token: str) -> None:
        self.path.write_text(
            yaml.safe_dump(
                {
                    "current-context": "c",
                    "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                    "clusters": [{"name": "k", "cluster": {"server": self._url}}],
                    "users": [{"name": "u", "user": {"token": token}}],
                }
            )
        )


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def login(server: ScriptedServer, tmp_path: Path) -> Login:
    return Login(tmp_path / "kubeconfig", f"http://127.0.0.1:{server.server_port}")


@pytest.fixture
def observed() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def connection(login: Login, observed: list[tuple[str, str]]) -> Iterator[Connection]:
    connection = Connection(
        lambda: load_configuration(2, {"KUBECONFIG": str(login.path)}),
        lambda method, code: observed.append((method, code)),
        timeouts=(1.0, 0.3),
    )
    yield connection
    connection.close()


def test_a_rotated_token_is_read_and_the_request_sent_again(
    server: ScriptedServer, login: Login, connection: Connection
) -> None:
    server.script = [ok({"n": 1}), status(401), ok({"n": 2}), ok({"n": 3})]
    assert connection.send(READ) == {"n": 1}
    login.rotate("second")
    assert connection.send(WRITE) == {"n": 2}
    assert connection.send(READ) == {"n": 3}
    assert server.seen == [
        ("GET", "Bearer first"),
        ("PUT", "Bearer first"),
        ("PUT", "Bearer second"),
        ("GET", "Bearer second"),
    ]


def test_a_login_that_stays_rejected_is_left_to_the_backoff(server: ScriptedServer, connection: Connection) -> None:
    server.script = [status(401), status(401)]
    with pytest.raises(Transient) as raised:
        connection.send(READ)
    assert raised.value.reason is Reason.KUBERNETES_ACCESS_DENIED
    assert len(server.seen) == 2


def test_a_login_that_is_gone_from_disk_is_left_to_the_backoff(
    server: ScriptedServer, login: Login, connection: Connection
) -> None:
    server.script = [status(401)]
    login.path.unlink()
    with pytest.raises(Transient, match="its source is unreadable"):
        connection.send(READ)


@pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("code", [429, 500, 503])
def test_nothing_is_repeated_below_the_queue(
    server: ScriptedServer, connection: Connection, observed: list[tuple[str, str]], call: Call, code: int
) -> None:
    body = b'{"kind": "Status", "message": "storage is (re)initializing"}'
    server.script = [status(code, body, Retry_After="7")]
    with pytest.raises(Transient) as raised:
        connection.send(call)
    assert raised.value.retry_after == 7.0
    assert len(server.seen) == 1
    assert observed == [(call.method, str(code))]


def test_a_server_that_does_not_answer_in_time_is_a_passing_fault(
    server: ScriptedServer, connection: Connection, observed: list[tuple[str, str]]
) -> None:
    server.script = [never]
    with pytest.raises(Transient, match="does not answer in time"):
        connection.send(WRITE)
    assert len(server.seen) == 1
    assert observed == [("PUT", "none")]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(cut_off, id="cut off"),
        pytest.param(status(200, b"<html>a proxy's page</html>"), id="not JSON"),
        pytest.param(status(404, b"404 page not found"), id="a 404 that is not about the object"),
        pytest.param(
            status(404, b'{"kind": "Status", "reason": "NotFound", "details": {"name": "x"}}'), id="of another"
        ),
    ],
)
def test_an_answer_that_cannot_be_trusted_is_never_an_object_that_is_gone(
    server: ScriptedServer, connection: Connection, answer: Answer
) -> None:
    server.script = [answer]
    with pytest.raises(Transient) as raised:
        StorageClient(connection, STORAGE).get(KEY)
    assert raised.value.reason is Reason.KUBERNETES_UNREACHABLE


def test_a_list_whose_moment_is_past_ends_with_an_error_not_with_less(
    server: ScriptedServer, connection: Connection
) -> None:
    server.script = [ok({"items": [{"n": 1}], "metadata": {"continue": "token"}}), status(410)]
    pages = StorageClient(connection, STORAGE).pages()
    assert next(pages) == [{"n": 1}]
    with pytest.raises(Transient, match="the list changed"):
        next(pages)


def test_a_server_that_is_not_there_is_a_passing_fault_told_without_its_address(
    server: ScriptedServer, connection: Connection
) -> None:
    server.close()
    with pytest.raises(Transient) as raised:
        connection.send(READ)
    assert raised.value.message == "Cannot read it: the API server cannot be reached."


def test_a_named_kubeconfig_goes_before_the_pods_account() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert in_cluster(pod)
    assert not in_cluster(pod | {"KUBECONFIG": "/some/file"})
    assert not in_cluster({})


@pytest.mark.parametrize("field", [{"as": "alice"}, {"as-groups": ["calls"]}])
def test_a_kubeconfig_that_impersonates_somebody_is_refused(tmp_path: Path, field: dict[str, Any]) -> None:
    """Ignoring it would be to act with rights that somebody believes to have dropped."""
    path = tmp_path / "kubeconfig"
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "one", "user": "me"}}],
        "clusters": [{"name": "one", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": "t", **field}}],
    }
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(Terminal, match="impersonates somebody"):
        load_configuration(1, {"KUBECONFIG": str(path)})


def test_no_login_at_all_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="Set KUBECONFIG"):
        load_configuration(1, {"KUBECONFIG": str(tmp_path / "missing")})


@pytest.mark.own_control_plane
def test_a_pod_logs_in_with_its_account_and_follows_its_rotation(control_plane: ControlPlane, tmp_path: Path) -> None:
    kubeconfig = yaml.safe_load(control_plane.operator_kubeconfig.read_text())
    host, _, port = control_plane.url.removeprefix("https://").partition(":")
    (tmp_path / "ca.crt").write_bytes((control_plane.workdir / "certs" / "apiserver.crt").read_bytes())
    (tmp_path / "token").write_text("expired")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    connection = Connection(lambda: load_configuration(2, environ, tmp_path), lambda *_: None)
    try:
        (tmp_path / "token").write_text(kubeconfig["users"][0]["user"]["token"])
        assert StorageClient(connection, STORAGE).get(Key("default", "never-made")) is None
    finally:
        connection.close()
