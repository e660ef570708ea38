"""The operator as a process: what it costs, and what it counts itself."""

import os
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from lab.processes import Child, free_port

from .measure import cpu_seconds, open_files, peak_rss, rss

ROOT = Path(__file__).parents[1]

PRODUCT = ("recording_storage_operator", "run")
"""The operator as it ships, on the machine's clock."""

IN_THE_LAB = ("lab.operator",)
"""The same on the simulator's clock."""


class Operator:
    """Running and ready when made. Its files are in `folder`; what `settings` do not say is as it ships."""

    def __init__(
        self, folder: Path, kubeconfig: Path, twilio_url: str, command: tuple[str, ...] = PRODUCT, **settings: str
    ) -> None:
        self._port = free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT))),
            "KUBECONFIG": str(kubeconfig),
            "RECORDINGS_TWILIO_URL": twilio_url,
            "RECORDINGS_METRICS_HOST": "127.0.0.1",
            "RECORDINGS_METRICS_PORT": str(self._port),
            "RECORDINGS_WORK_DIR": str(folder / "sweeps"),
            **settings,
        }
        argv = [sys.executable, "-m", *command]
        self._child = Child("operator", argv, folder / "operator.log", env=environment, cwd=folder)
        self._child.wait_ready(lambda: self._ask("readyz").is_success)

    @property
    def cpu(self) -> float:
        """Processor time so far, in seconds."""
        return cpu_seconds(self._child.pid)

    @property
    def rss(self) -> float:
        """Memory now, in MiB."""
        return rss(self._child.pid)

    @property
    def peak_rss(self) -> float:
        """The most memory since the start, in MiB."""
        return peak_rss(self._child.pid)

    @property
    def open_files(self) -> int:
        """Files and sockets it has open."""
        return open_files(self._child.pid)

    def kubernetes_requests(self) -> Counter[str]:
        """Requests to the API server so far by method, those of the watch not among them."""
        found: Counter[str] = Counter()
        for sample in self._samples("recordings_kubernetes_requests_total"):
            found[sample.labels["method"]] += int(sample.value)
        return found

    def idle(self) -> bool:
        """Whether no key is worked on or waits for a worker."""
        busy = ("working", "waiting")
        return not any(one.value for one in self._samples("recordings_queue_keys") if one.labels["state"] in busy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop(grace=30)

    def _samples(self, name: str) -> list[Sample]:
        families = text_string_to_metric_families(self._ask("metrics").raise_for_status().text)
        return [sample for family in families for sample in family.samples if sample.name == name]

    def _ask(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self._port}/{path}")
