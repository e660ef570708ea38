"""How the process ends when it is stopped, or its output has no room."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.commands.test_imports import MANIFEST

COMMAND = [sys.executable, "-m", "recording_storage_operator.commands"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "operator")}


def test_a_full_disk_is_one_sentence() -> None:
    spec = "spec: {backend: S3, s3: {bucket: acme, region: us-east-1}, "
    text = MANIFEST.replace("spec: {backend: Twilio, ", spec)
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "iam", "-f", "-"],
            env=ENVIRONMENT,
            input=text,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "Error: The output cannot be written, it is not whole: No space left on device.\n"


def test_an_interrupt_has_the_exit_code_of_shells_and_no_error(tmp_path: Path) -> None:
    fifo = tmp_path / "manifest.yaml"
    os.mkfifo(fifo)
    with subprocess.Popen(
        [*COMMAND, "iam", "-f", str(fifo)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as process:
        with fifo.open("w"):  # opened as soon as the command reads it, which has no end
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        assert process.stderr
        assert process.stderr.read().strip() == ""


def test_a_mistake_still_shows_how_a_command_is_used() -> None:
    ended = subprocess.run(
        [*COMMAND, "status"], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "Usage: " in ended.stderr


def test_an_error_on_a_terminal_is_broken_between_words() -> None:
    terminal, output = pty.openpty()
    with open(terminal, "rb", buffering=0) as screen:  # noqa: PTH123  a descriptor, no path
        ended = subprocess.run(
            [*COMMAND, "iam", "-f", "-"],
            env={**ENVIRONMENT, "COLUMNS": "40"},
            input="kind: Secret",
            stderr=output,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(output)
        lines = screen.read(4096).decode().splitlines()
    assert ended.returncode == 1
    assert lines[0].startswith("Error: There is no RecordingStorage")
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])
