"""What a command loads before it says anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("kopf", "kubernetes", "botocore", "pydantic", "yaml", "sqlite3")

MANIFEST = """
apiVersion: recordings.dev/v1alpha1
kind: RecordingStorage
metadata: {name: acme}
spec: {backend: Twilio, twilio: {accountSid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, credentialsSecretRef: {name: twilio}}}
"""

PROGRAM = """
import sys
from click.testing import CliRunner
from recording_storage_operator.commands.app import cli
from recording_storage_operator.commands.machine import Machine
result = CliRunner().invoke(cli, sys.argv[2:], obj=Machine(), input=sys.argv[1])
print(result.exit_code, *sorted(set(name.partition(".")[0] for name in sys.modules)))
"""


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a fresh process has loaded when a command ends; its exit code is among them."""
    command = [sys.executable, "-c", PROGRAM, MANIFEST, *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWILIO_", "COVERAGE_"))}
    environment = kept | {"PYTHONPATH": str(Path(__file__).parents[3] / "operator")}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return set(told.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["approve", "--help"], ["iam", "--help"]])
def test_help_takes_no_client(arguments: list[str]) -> None:
    found = loaded(*arguments)
    assert "0" in found
    assert not found & set(SLOW)


def test_planning_a_file_takes_neither_kopf_nor_the_kubernetes_client() -> None:
    found = loaded("plan", "-f", "-")
    assert {"1", "botocore"} <= found
    assert not found & {"kopf", "kubernetes", "aiohttp", "prometheus_client"}


def test_the_policies_of_a_file_take_no_client_at_all() -> None:
    assert not loaded("iam", "-f", "-") & {"kopf", "kubernetes", "botocore"}
