"""The demo as a person runs it: on servers of its own, as a child process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.processes import Child
from lab.waiting import until

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "lab.demo"]

pytestmark = pytest.mark.timeout(300)


def environment(folder: Path) -> dict[str, str]:
    """The demo's work folder goes below `folder`."""
    return os.environ | {"TMPDIR": str(folder)}


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments], cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False
    )


def cells(output: str) -> list[str]:
    """The marks in the table, row by row."""
    table = output[output.index("│ Scenario") :]
    return re.findall(r"│ ([✔✘]) ", table[: table.index("╰")].replace("│ ✘ Twilio:", "│   Twilio:"))


def left_of(folder: Path) -> list[str]:
    """Processes that have a path in the folder on their command line."""
    lines = (entry / "cmdline" for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [text for line in lines if str(folder) in (text := _read(line))]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has ended meanwhile
        return ""


def test_nine_live_answers_agree_with_the_article(tmp_path: Path) -> None:
    svg = tmp_path / "table.svg"
    done = demo(tmp_path, "--svg", str(svg))
    assert done.returncode == 0, done.stdout + done.stderr
    assert cells(done.stdout) == ["✔"] * 9
    assert "9 of 9 cells are answered as the article says." in done.stdout
    assert "✘" not in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == [svg]
    assert left_of(tmp_path) == []


def test_an_answer_that_differs_from_the_article_is_marked_and_fails_the_demo(tmp_path: Path) -> None:
    done = demo(tmp_path, "--twilio-option", "metadata_after_s3_deletion=keep_until_deleted")
    assert done.returncode == 1, done.stdout + done.stderr
    assert cells(done.stdout) == ["✔"] * 5 + ["✘"] + ["✔"] * 3
    assert "✘ Twilio: 200 completed" in done.stdout
    assert "✘ 8 of 9 cells are answered as the article says." in done.stdout
    log = re.search(r"The operator's log: (\S+)", done.stdout)
    assert log is not None
    assert "Serving; probes and metrics" in Path(log[1]).read_text()


def test_a_step_that_does_not_work_is_named(tmp_path: Path) -> None:
    done = demo(tmp_path, "--twilio-option", "no_such_option=1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(r"Step 1\. Start .* did not\s+work: .*no_such_option", done.stdout, re.DOTALL)
    assert left_of(tmp_path) == []


def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with Child("demo", DEMO, tmp_path / "output", env=environment(folder), cwd=ROOT) as running:
        until(lambda: "$ kubectl" in running.log.read_text(), timeout=120, what="the demo's first command")
        assert left_of(folder)
        os.kill(running.pid, signal.SIGINT)
        until(lambda: not running.alive, timeout=60, what="the demo has ended")
    assert "Interrupted: everything that was started has been stopped." in (tmp_path / "output").read_text()
    assert list(folder.iterdir()) == []
    assert left_of(folder) == []
