"""Child processes of the lab: own process group, own log file, ended by their id and never by name."""

import atexit
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .waiting import until

LOG_TAIL = 2000
"""Characters of a log shown with an error."""

PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections: one of these could hold a stopped server's port."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago, and that no outgoing connection will take."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port found on 127.0.0.1 between {PORTS.start} and {PORTS.stop}")


class Child:
    """A running child process. `log` gets its standard output and error; a restart appends to it."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        _reaper.tell("+", self.pid)

    @property
    def pid(self) -> int:
        """The process id, and that of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait_ready(self, probe: Callable[[], object], timeout: float = 60) -> None:
        """Wait until `probe` answers something truthy. Raises RuntimeError with the log's end if it does not."""

        def ready() -> bool:
            return not self.alive or bool(probe())

        try:
            until(ready, timeout, what=f"{self.name} ready")
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.log_end()}") from error
        if not self.alive:
            raise RuntimeError(f"{self.name} ended with code {self._process.returncode}\n{self.log_end()}")

    def stop(self, grace: float = 5) -> None:
        """TERM, then KILL after `grace` seconds. Stopping twice is fine."""
        if self.alive:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        _reaper.tell("-", self.pid)

    def log_end(self) -> str:
        """The end of its log, and where the rest is."""
        return f"--- end of {self.log}:\n{self.log.read_text(errors='replace')[-LOG_TAIL:]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class _Reaper:
    """The one helper process of this process that outlives it just long enough to end its children."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def tell(self, sign: str, pid: int) -> None:
        with self._lock:
            if self._process is None:
                self._process = self._start()
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(f"{sign}{pid}\n")
                self._process.stdin.flush()

    def end(self) -> None:
        """At the end of this process: it ends what is left, and itself."""
        if self._process and self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


_reaper = _Reaper()
atexit.register(_reaper.end)
