"""What the operator counts, for Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Metrics:
    """Counters of the engine and of the connection to Kubernetes, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._passes = Counter(
            "recordings_passes",
            "Passes ended, by result: done, again, failed, crashed.",
            ["result"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "recordings_pass_seconds",
            "How long passes took.",
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
            registry=self.registry,
        )
        self._requests = Counter(
            "recordings_kubernetes_requests",
            "Requests to the API server, by method and HTTP code; code none got no answer.",
            ["method", "code"],
            registry=self.registry,
        )
        self._events = Counter(
            "recordings_watch_events",
            "Events of the watch, by whether they called for a pass.",
            ["queued"],
            registry=self.registry,
        )

    def passed(self, result: str, seconds: float) -> None:
        """A pass ended."""
        self._passes.labels(result).inc()
        self._seconds.observe(seconds)

    def requested(self, method: str, code: str) -> None:
        """A request to the API server ended."""
        self._requests.labels(method, code).inc()

    def watched(self, queued: bool) -> None:
        """An event arrived."""
        self._events.labels(str(queued).lower()).inc()

    def follow(self, sizes: Callable[[], Mapping[str, int]], unseen: Callable[[], int]) -> None:
        """Ask, at each scrape, how many keys the queue has in which state, and how many changes the watch missed."""
        self.registry.register(_Levels(sizes, unseen))


class _Levels(Collector):
    def __init__(self, sizes: Callable[[], Mapping[str, int]], unseen: Callable[[], int]) -> None:
        self._sizes = sizes
        self._unseen = unseen

    def collect(self) -> Iterable[GaugeMetricFamily]:
        keys = GaugeMetricFamily("recordings_queue_keys", "Keys in the work queue, by state.", labels=["state"])
        for state, size in self._sizes().items():
            keys.add_metric([state], size)
        yield keys
        yield GaugeMetricFamily(
            "recordings_watch_unseen",
            "Resources whose change the watch has not told, by the last list.",
            self._unseen(),
        )
