"""The command line as a process of its own, run by the owner of a kubeconfig."""

import contextlib
import os
import pty
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, CoreV1Api, RbacAuthorizationV1Api

from lab.waiting import until

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "recording_storage_operator.commands"]
STRANGE = ("NO_COLOR", "COLUMNS", "PAGER", "AWS_", "TWILIO_", "RECORDINGS_")
"""Variables that begin so are not those of whoever runs the tests."""


@dataclass(frozen=True)
class Shell:
    """Runs commands as the owner of a kubeconfig, with pipes for output."""

    kubeconfig: Path
    namespace: str

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)}
        return kept | {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(ROOT / "operator")}

    def run(self, *arguments: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """With `text` on standard input."""
        command, variables = [*COMMAND, *arguments, "-n", self.namespace], self.environment() | environment
        return subprocess.run(
            command, env=variables, input=text, capture_output=True, text=True, timeout=60, check=False
        )

    @contextlib.contextmanager
    def running(
        self, *arguments: str, output: int = subprocess.PIPE, source: int = subprocess.DEVNULL, **environment: str
    ) -> Iterator[subprocess.Popen[str]]:
        command = [*COMMAND, *arguments, "-n", self.namespace]
        variables = self.environment() | environment
        with subprocess.Popen(
            command, env=variables, stdin=source, stdout=output, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run_on_terminal(self, *arguments: str, **environment: str) -> str:
        """What a terminal of 80 columns gets."""
        shown, code = self.answer(arguments, "", environment)
        assert code == 0
        return shown

    def answer(
        self, arguments: Sequence[str], typed: str, environment: Mapping[str, str] | None = None
    ) -> tuple[str, int]:
        """What such a terminal gets when somebody types this, and the exit code."""
        terminal, output = pty.openpty()
        look = {"PAGER": "cat", "TERM": "xterm-256color", "COLUMNS": "80", **(environment or {})}
        with (
            open(terminal, "rb", buffering=0) as screen,  # noqa: PTH123  a descriptor, no path
            self.running(*arguments, output=output, source=output, **look) as process,
        ):
            os.close(output)
            os.write(terminal, typed.encode())
            shown = b"".join(iter(lambda: _read(screen), b""))
            return shown.decode(), process.wait(30)


def _read(screen: FileIO) -> bytes:
    """What is there, nothing once the other side is closed, which a terminal tells as an error."""
    try:
        return screen.read(4096)
    except OSError:
        return b""


def until_permitted(shell: Shell, *arguments: str) -> None:
    """The API server takes a moment until it knows of a new right."""
    until(lambda: "You may not" not in shell.run(*arguments).stderr, what="the rights granted")


def assert_told(result: subprocess.CompletedProcess[str], sentence: str) -> None:
    """A failure in one line on stderr, and nothing on stdout."""
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")


def restricted(api: ApiClient, shell: Shell, rules: list[dict[str, list[str]]], folder: Path) -> Shell:
    """The same for a new user, with these rights in the namespace and no others; `folder` gets the kubeconfig."""
    user, namespace = f"reader-{uuid.uuid4().hex[:8]}", shell.namespace
    core: Any = CoreV1Api(api)
    core.create_namespaced_service_account(namespace, {"metadata": {"name": user}})
    rbac: Any = RbacAuthorizationV1Api(api)
    rbac.create_namespaced_role(namespace, {"metadata": {"name": user}, "rules": rules})
    binding = {
        "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user},
        "subjects": [{"kind": "ServiceAccount", "name": user, "namespace": namespace}],
    }
    rbac.create_namespaced_role_binding(namespace, binding)
    token = core.create_namespaced_service_account_token(user, namespace, {"spec": {}}).status.token
    config = yaml.safe_load(shell.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = token
    kubeconfig = folder / f"{user}.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    return Shell(kubeconfig, namespace)
