"""What the operator counts, for Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..core.standing import Standing
from ..core.work import Key

Standings = Callable[[], Iterable[tuple[Key, Standing]]]


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

    def follow(self, sizes: Callable[[], Mapping[str, int]], unseen: Callable[[], int], standings: Standings) -> None:
        """Ask, at each scrape, how many keys the queue has in which state, how many changes the watch missed, and how
        each resource stands.
        """
        self.registry.register(_Levels(sizes, unseen))
        self.registry.register(_Resources(standings))


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


class _Resources(Collector):
    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    def collect(self) -> Iterable[GaugeMetricFamily]:
        place = ["namespace", "name"]
        conditions = GaugeMetricFamily(
            "recordings_storage_condition", "Whether a condition of the resource is True.", labels=[*place, "type"]
        )
        deleted = GaugeMetricFamily("recordings_storage_deleted", "Deleted recordings in the ledger.", labels=place)
        swept = GaugeMetricFamily(
            "recordings_storage_last_sweep_timestamp_seconds", "When the last whole sweep finished.", labels=place
        )
        for key, standing in self._standings():
            labels = [key.namespace, key.name]
            for kind, holds in standing.conditions.items():
                conditions.add_metric([*labels, kind], holds)
            if standing.deleted is not None:
                deleted.add_metric(labels, standing.deleted)
            if standing.swept_at:
                swept.add_metric(labels, standing.swept_at.timestamp())
        yield from (conditions, deleted, swept)
