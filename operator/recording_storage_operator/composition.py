"""The composition root: makes the parts from the settings and a clock, and runs them until asked to stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from random import SystemRandom

from .api import names
from .clouds import CloudsAndLedgers
from .core.clock import Clock
from .core.verdicts import ACCEPT_MISSING
from .engine.backoff import Backoff
from .engine.intake import Intake
from .engine.queue import WorkQueue
from .engine.resync import Resync
from .engine.storages import GuardedStorages
from .engine.workers import Workers
from .handlers.lifecycle import KopfThread
from .handlers.metrics import Metrics
from .handlers.probes import ProbeServer
from .handlers.settings import kopf_settings
from .handlers.watch import registry
from .kinds import SLICES, STORAGES
from .kube.connect import Connection, load_configuration
from .kube.secrets import SecretReader
from .kube.slices import SliceStore
from .kube.storages import StorageClient
from .reconcile.connect import Ports
from .reconcile.reconciler import Reconciler
from .reconcile.visits import Visits
from .s3.connect import Connections
from .settings import Settings
from .twilio.connect import TwilioConnector

DRAIN_SECONDS = 20.0
"""For passes under way when the process is asked to stop; a pod has 30 seconds in all."""

THREAD_SECONDS = 4.0
"""For each of the threads that only watch and list."""

log = logging.getLogger(__name__)


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """UTC wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


class Operator:
    """All threads of the process: kopf's watch, the periodic list, the workers, the probes."""

    def __init__(self, settings: Settings, clock: Clock, tick: float = 1.0) -> None:
        """`tick` is how often, in real seconds, schedules look at `clock`."""
        self.stopping = threading.Event()
        self.failed = False
        metrics = Metrics()
        load = partial(load_configuration, settings.workers + 2)
        self._kubernetes = Connection(load, metrics.requested)
        self._s3 = Connections(settings.s3_endpoints, allow_ambient=settings.allow_ambient_credentials)
        self._twilio = TwilioConnector(settings.twilio_url or None)
        api = StorageClient(self._kubernetes, STORAGES, settings.namespaces)
        ports = Ports(
            storages=GuardedStorages(api, names.FINALIZER),
            secrets=SecretReader(self._kubernetes),
            clouds=CloudsAndLedgers(self._twilio, self._s3, partial(SliceStore, self._kubernetes, SLICES)),
            clock=clock,
            twilio_host=settings.twilio_host,
        )
        visits = Visits(settings.work_dir, clock, SystemRandom())
        reconciler = Reconciler(ports, visits)
        queue = WorkQueue(clock, Backoff(), tick)
        intake = Intake(queue, (names.RECONCILE_REQUESTED_AT, names.APPROVED_PLAN, ACCEPT_MISSING))
        self._workers = Workers(queue, reconciler, settings.workers, metrics.passed)
        self._resync = Resync(api, queue, intake, clock, settings.resync_seconds, tick)
        on_event = _counted(intake, metrics)
        handlers = registry(names.GROUP, names.VERSION, names.PLURAL, on_event, load)
        self._kopf = KopfThread(handlers, kopf_settings(), self._died, settings.namespaces, self._resync.listed)
        metrics.follow(queue.sizes, lambda: len(self._resync.unseen), visits.standings)
        self.probes = ProbeServer(
            (settings.metrics_host, settings.metrics_port),
            alive=[self._kopf.problem, self._workers.problem, self._resync.problem],
            ready=[self._resync.unready],
            metrics=metrics.registry,
        )

    def start(self) -> None:
        """Start every thread; returns at once."""
        for part in (self.probes, self._workers, self._kopf, self._resync):
            part.start()
        log.info("Serving; probes and metrics on port %d", self.probes.port)

    def stop(self) -> None:
        """Take in nothing more, let passes under way end, then let go of everything."""
        self._resync.stop(THREAD_SECONDS)
        self._kopf.stop(THREAD_SECONDS)
        if not self._workers.stop(DRAIN_SECONDS):
            log.warning("Some passes did not end in %g seconds; they begin anew at the next start", DRAIN_SECONDS)
        self.probes.stop()
        for connection in (self._twilio, self._s3, self._kubernetes):
            connection.close()

    def _died(self) -> None:
        """Kopf ended by itself, so nothing is watched: only a new process mends that."""
        self.failed = True
        self.stopping.set()


def serve(settings: Settings, clock: Clock, tick: float = 1.0) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code: 1 where the process ended by itself."""
    operator = Operator(settings, clock, tick)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: operator.stopping.set())
    operator.start()
    operator.stopping.wait()
    log.info("Stopping")
    operator.stop()
    return 1 if operator.failed else 0


def configure_logging(level: str) -> None:
    """Lines for people on stderr. Libraries that print bodies or headers at DEBUG stay at INFO."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("botocore", "urllib3", "kopf", "kubernetes", "aiohttp"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))


def _counted(intake: Intake, metrics: Metrics) -> Callable[[str | None, Mapping[str, object]], None]:
    def on_event(event_type: str | None, obj: Mapping[str, object]) -> None:
        metrics.watched(intake.on_event(event_type, obj))

    return on_event
