"""The operator as a child process of the lab, with exactly the rights it ships with."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from .processes import Child, free_port

ROOT = Path(__file__).parents[1]


class OperatorProcess:
    """`python -m lab.operator`, started by making this and ready when made. Its log is in `workdir`."""

    def __init__(
        self,
        kubeconfig: Path,
        twilio_url: str,
        s3_endpoints: str,
        workdir: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.log = workdir / "operator.log"
        self.port = free_port()
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RECORDINGS_")},
            "PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT))),
            "KUBECONFIG": str(kubeconfig),
            "RECORDINGS_TWILIO_URL": twilio_url,
            "RECORDINGS_S3_ENDPOINTS": s3_endpoints,
            "RECORDINGS_METRICS_HOST": "127.0.0.1",
            "RECORDINGS_METRICS_PORT": str(self.port),
            "RECORDINGS_WORK_DIR": str(workdir / "sweeps"),
            **(settings or {}),
        }
        self._workdir = workdir
        self._child = self._start()

    def restart(self) -> None:
        """Stop it as a cluster would, and start it anew."""
        self.stop()
        self._child = self._start()

    def kill(self) -> None:
        """End it without warning, as a node that dies."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.stop()

    def start(self) -> None:
        """Start it again after `stop` or `kill`."""
        self._child = self._start()

    def stop(self) -> None:
        """Ask it to stop; it has the 30 seconds a pod has."""
        self._child.stop(grace=30)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def metrics(self) -> str:
        """What /metrics answers."""
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics").raise_for_status().text

    def log_end(self) -> str:
        """The end of its log, for whoever waited for it in vain."""
        return self._child.log_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> Child:
        argv = [sys.executable, "-m", "lab.operator"]
        child = Child("operator", argv, self.log, env=self._environment, cwd=self._workdir)
        try:
            child.wait_ready(lambda: httpx.get(f"http://127.0.0.1:{self.port}/readyz").is_success, timeout=60)
        except BaseException:
            child.stop()
            raise
        return child
