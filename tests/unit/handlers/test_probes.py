import re
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from recording_storage_operator.core.standing import Standing
from recording_storage_operator.core.work import Key
from recording_storage_operator.handlers.metrics import Metrics
from recording_storage_operator.handlers.probes import ProbeServer
from tests.builders import NOON
from tests.unit.api.crds import ROOT


class Process:
    def __init__(self) -> None:
        self.stuck: str | None = None
        self.unlisted: str | None = None
        self.metrics = Metrics()
        self.server = ProbeServer(
            ("127.0.0.1", 0),
            alive=[lambda: None, lambda: self.stuck],
            ready=[lambda: self.unlisted],
            metrics=self.metrics.registry,
        )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.server.port}{path}")


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    process.server.start()
    yield process
    process.server.stop()


def test_a_healthy_process_says_ok(process: Process) -> None:
    for path in ("/healthz", "/readyz", "/healthz?verbose"):
        assert (process.get(path).status_code, process.get(path).text) == (200, "ok")


def test_a_problem_fails_liveness_and_is_named(process: Process) -> None:
    process.stuck = "stuck on n/a"
    answer = process.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "stuck on n/a")
    assert process.get("/readyz").status_code == 200


def test_a_process_that_cannot_serve_yet_is_alive_but_not_ready(process: Process) -> None:
    process.unlisted = "the resources have not been listed yet"
    assert process.get("/readyz").status_code == 503
    assert process.get("/healthz").status_code == 200


def test_other_paths_are_not_found(process: Process) -> None:
    assert process.get("/").status_code == 404


def test_metrics_tell_passes_requests_events_the_queue_and_resources(process: Process) -> None:
    process.metrics.passed("done", 0.2)
    process.metrics.requested("GET", "200")
    process.metrics.watched(queued=False)
    standing = Standing({"Ready": True, "InSync": False}, deleted=7, swept_at=NOON)
    unseen = Standing({"Ready": False}, deleted=None, swept_at=None)
    standings = [(Key("calls", "acme"), standing), (Key("calls", "new"), unseen)]
    process.metrics.follow(lambda: {"waiting": 3, "failing": 1}, lambda: 2, lambda: standings)
    lines = process.get("/metrics").text.splitlines()
    for line in (
        'recordings_passes_total{result="done"} 1.0',
        "recordings_pass_seconds_count 1.0",
        'recordings_kubernetes_requests_total{code="200",method="GET"} 1.0',
        'recordings_watch_events_total{queued="false"} 1.0',
        'recordings_queue_keys{state="waiting"} 3.0',
        'recordings_queue_keys{state="failing"} 1.0',
        "recordings_watch_unseen 2.0",
        'recordings_storage_condition{name="acme",namespace="calls",type="Ready"} 1.0',
        'recordings_storage_condition{name="acme",namespace="calls",type="InSync"} 0.0',
        'recordings_storage_condition{name="new",namespace="calls",type="Ready"} 0.0',
        'recordings_storage_deleted{name="acme",namespace="calls"} 7.0',
        'recordings_storage_last_sweep_timestamp_seconds{name="acme",namespace="calls"} 1.7723664e+09',
    ):
        assert line in lines
    assert len([line for line in lines if line.startswith("recordings_storage_") and '"new"' in line]) == 1


def test_the_documentation_names_each_metric_with_its_labels(process: Process) -> None:
    told = re.findall(r"^\| `(recordings_\w+)` \| ([^|]*)\|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    documented = {name.removesuffix("_total"): set(labels.replace(",", " ").split()) for name, labels in told}
    process.metrics.passed("done", 0.2)
    process.metrics.requested("GET", "200")
    process.metrics.watched(queued=True)
    standing = Standing({"Ready": True}, deleted=7, swept_at=NOON)
    process.metrics.follow(lambda: {"waiting": 3}, lambda: 2, lambda: [(Key("calls", "acme"), standing)])
    families = text_string_to_metric_families(process.get("/metrics").text)
    exposed = {
        family.name: {label for one in family.samples for label in one.labels} - {"le"}
        for family in families
        if not family.name.endswith("_created")  # the library's own
    }
    assert documented == exposed


@pytest.mark.parametrize("host", ["", "::", "::1"])
def test_probes_answer_on_ipv6(host: str) -> None:
    """A pod of an IPv6 cluster has no IPv4 address that the kubelet could ask at."""
    server = ProbeServer((host, 0), alive=[], ready=[], metrics=Metrics().registry)
    server.start()
    try:
        assert httpx.get(f"http://[::1]:{server.port}/healthz").text == "ok"
    finally:
        server.stop()


def test_an_empty_host_is_an_ipv4_address_as_well() -> None:
    server = ProbeServer(("", 0), alive=[], ready=[], metrics=Metrics().registry)
    server.start()
    try:
        assert httpx.get(f"http://127.0.0.1:{server.port}/healthz").text == "ok"
    finally:
        server.stop()
