"""A list that breaks off, or is gone: what was printed must not pass for all there is."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from recording_storage_operator.commands.app import cli
from recording_storage_operator.commands.machine import Machine
from recording_storage_operator.core.conditions import rfc3339
from recording_storage_operator.core.ledger import expiry_day, pack
from tests.builders import NOON, ledger_entry, recording_sid
from tests.unit.commands.samples import DAYS, observed


class ForgetfulServer(BaseHTTPRequestHandler):
    """An API server that has compacted the list by the time its second chunk is asked for."""

    def do_GET(self) -> None:
        if "/recordingstorages/" in self.path:
            self._answer(200, observed())
        elif "continue=" in self.path:
            self._answer(410, {"kind": "Status", "reason": "Expired", "message": "The token is too old."})
        else:
            self._answer(200, {"metadata": {"continue": "more"}, "items": [stored_slice(1), stored_slice(2)]})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name it has in the base class
        """Silence."""

    def _answer(self, code: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def stored_slice(day: int) -> dict[str, Any]:
    """A slice of a day of its own."""
    entry = ledger_entry(day, deleted_at=NOON + timedelta(days=day))
    part = pack(f"acme-{day}", expiry_day(entry, DAYS), DAYS, [entry])
    return {
        "metadata": {"name": part.name, "resourceVersion": "1", "ownerReferences": [{"uid": "uid-1"}]},
        "day": part.day,
        "metadataDays": DAYS,
        "count": 1,
        "fromTwilio": 1,
        "fromS3": 0,
        "oldestDeletion": rfc3339(part.oldest_deletion),
        "newestDeletion": rfc3339(part.newest_deletion),
        "data": base64.b64encode(part.packed).decode(),
    }


@contextmanager
def served_by(handler: type[BaseHTTPRequestHandler], folder: Path) -> Iterator[Path]:
    """The kubeconfig of such an API server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        path = folder / "kubeconfig"
        config = {
            "clusters": [{"name": "one", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "one", "user": {"token": "made-up"}}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one", "namespace": "telephony"}}],
            "current-context": "one",
        }
        path.write_text(yaml.safe_dump(config))
        yield path
        server.shutdown()
        thread.join()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    with served_by(ForgetfulServer, tmp_path) as path:
        yield path


@pytest.mark.parametrize("output", ["csv", "json", "text"])
def test_it_fails_and_says_that_the_list_is_not_whole(kubeconfig: Path, output: str) -> None:
    arguments = ["deleted", "support-line", f"--kubeconfig={kubeconfig}", "-o", output]
    result = CliRunner().invoke(cli, arguments, obj=Machine(now=lambda: NOON))
    assert result.exit_code == 1
    assert recording_sid(1) in result.stdout
    assert "it is not whole" in result.stderr
    assert "the list changed while it was read. Try again" in result.stderr
    assert "deleted recording" not in result.stderr


class CollectedServer(ForgetfulServer):
    """An API server whose garbage collector has taken the slices before the resource."""

    def do_GET(self) -> None:
        if "/recordingstorages/" in self.path:
            self._answer(200, observed())
        else:
            self._answer(200, {"metadata": {}, "items": []})


@pytest.mark.parametrize("output", ["csv", "json", "text"])
def test_a_list_whose_slices_are_gone_is_not_told_as_empty(tmp_path: Path, output: str) -> None:
    with served_by(CollectedServer, tmp_path) as kubeconfig:
        arguments = ["deleted", "support-line", f"--kubeconfig={kubeconfig}", "-o", output]
        result = CliRunner().invoke(cli, arguments, obj=Machine(now=lambda: NOON))
    assert result.exit_code == 1
    assert "The status counts 12,345 deleted recordings, and the objects that list them are gone" in result.stderr
    assert "kubectl get recst support-line -n telephony" in result.stderr
    assert "No deleted recordings." not in result.stderr
