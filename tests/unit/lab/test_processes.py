import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.processes import Child, free_port
from lab.waiting import until

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(15, 1); print('up', flush=True); time.sleep(600)"]


def running(pid: int) -> bool:
    """A zombie whose parent has not asked for it yet is not running."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def says_up(log: Path) -> bool:
    return log.exists() and "up" in log.read_text()


def test_a_child_runs_until_it_is_stopped(tmp_path: Path) -> None:
    with Child("sleeper", SLEEPER, tmp_path / "log") as child:
        child.wait_ready(lambda: says_up(child.log), timeout=20)
        assert child.alive
    assert not running(child.pid)
    child.stop()


def test_a_child_that_ignores_term_is_killed(tmp_path: Path) -> None:
    child = Child("stubborn", STUBBORN, tmp_path / "log")
    child.wait_ready(lambda: says_up(child.log), timeout=20)
    child.stop(grace=0.1)
    assert not running(child.pid)


def test_a_child_that_ends_early_fails_at_once_with_its_last_words(tmp_path: Path) -> None:
    with (
        Child("broken", [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path / "log") as child,
        pytest.raises(RuntimeError, match=r"broken ended with code 1\n(?s:.*)no such thing"),
    ):
        child.wait_ready(lambda: False)


def test_a_child_that_never_gets_ready_fails_with_its_last_words(tmp_path: Path) -> None:
    with Child("sleeper", SLEEPER, tmp_path / "log") as child:
        until(lambda: says_up(child.log))
        with pytest.raises(RuntimeError, match=r"sleeper ready: not within 0 s(?s:.*)up"):
            child.wait_ready(lambda: False, timeout=0)


def test_children_of_a_killed_parent_are_ended(tmp_path: Path) -> None:
    script = (
        "import pathlib, time; from lab.processes import Child\n"
        f"child = Child('orphan', {SLEEPER!r}, pathlib.Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    root = str(Path(__file__).parents[3])
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        until(lambda: says_up(tmp_path / "log"))
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not running(orphan), what="the orphan's end")


def test_a_free_port_can_be_listened_on_and_is_none_that_outgoing_connections_get() -> None:
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert port < first_outgoing
