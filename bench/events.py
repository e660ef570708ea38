"""An event of the watch on its way to the queue: our handler and intake, and kopf with a handler that does nothing.

Both watch the same resources at the same time. The events are annotations that ask for a pass, so each goes all the
way into the queue.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random
from typing import Any

import kopf

from lab.waiting import until
from recording_storage_operator.api import names
from recording_storage_operator.composition import SystemClock, configure_logging
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.intake import Intake
from recording_storage_operator.engine.queue import WorkQueue
from recording_storage_operator.handlers.lifecycle import KopfThread
from recording_storage_operator.handlers.login import session
from recording_storage_operator.handlers.metrics import Metrics
from recording_storage_operator.handlers.settings import kopf_settings
from recording_storage_operator.handlers.watch import OnEvent, registry
from recording_storage_operator.kube.connect import load_configuration

from .cluster import Cluster, Object, at_once, cluster
from .measure import Figure
from .report import Row
from .steps import Stepper, serve

TITLE = "From an event of the watch to the queue"
RESOURCES, ROUNDS = 200, 3
QUICK_RESOURCES, QUICK_ROUNDS = 20, 1
ENTRY_BYTES = 226
PEER = "kopf with an empty on.event"


def run(quick: bool) -> Iterator[Row]:
    """A row for small statuses and one for large ones."""
    resources, rounds = (QUICK_RESOURCES, QUICK_ROUNDS) if quick else (RESOURCES, ROUNDS)
    with cluster() as made:
        made.create(storage(number) for number in range(resources))
        for size in (0, 40_000):
            if size:
                enlarge(made, resources, size)
            ours, floor = measured(made, resources, rounds)
            yield Row(f"CPU of an event, status of {size // 1000} kB", "us", ours, floor, PEER)


def enlarge(made: Cluster, resources: int, size: int) -> None:
    """Give each a status of `size` bytes."""
    status = {"deletedRecordings": [entry(number) for number in range(size // ENTRY_BYTES)]}
    at_once(partial(made.patch_status, status=status), map(name, range(resources)))


def measured(made: Cluster, resources: int, rounds: int) -> tuple[Figure, Figure]:
    """Microseconds of an event in both, after the first list."""
    login = {"KUBECONFIG": str(made.plane.operator_kubeconfig)}
    with Stepper("bench.events", "ours", **login) as ours, Stepper("bench.events", "floor", **login) as floor:
        watchers = (ours, floor)
        for watcher in watchers:
            cpu_until(watcher, resources)
        seconds = []
        for number in range(1, rounds + 1):
            ask = {"metadata": {"annotations": {names.RECONCILE_REQUESTED_AT: f"{ours.pid}-{number}"}}}
            at_once(partial(made.patch, body=ask), map(name, range(resources)))
            seconds.append([cpu_until(watcher, resources * (number + 1)) for watcher in watchers])
    mine, floors = ([cpu / resources * 1e6 for cpu in column] for column in zip(*seconds, strict=True))
    return Figure.of(mine), Figure.of(floors)


def cpu_until(watcher: Stepper, events: int) -> float:
    """Processor time until it has seen so many events in all, in seconds."""
    used = 0.0

    def arrived() -> bool:
        nonlocal used
        seen, cpu = watcher.step()
        used += cpu
        return seen >= events

    until(arrived, timeout=120, every=0.2, what=f"{events} events at {watcher.name}")
    return used


def name(number: int) -> str:
    return f"bench-{number:05}"


def storage(number: int) -> Object:
    """A resource that nobody works on."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name(number)},
        "spec": {
            "backend": "Twilio",
            "twilio": {"accountSid": f"AC{number:032x}", "credentialsSecretRef": {"name": "bench"}},
        },
    }


def entry(number: int) -> Object:
    """A deleted recording in the status."""
    moment = "2026-11-01T00:00:00Z"
    return {
        "sid": f"RE{number:032x}",
        "dateCreated": moment,
        "deletedAt": moment,
        "deletedAtPrecision": "Exact",
        "origin": "Twilio",
        "metadata": "Accessible",
        "expiresAt": "2026-12-11T00:00:00Z",
    }


class Counter:
    """Counts events on their way to `act`."""

    def __init__(self, act: OnEvent) -> None:
        self.events = 0
        self._act = act

    def on_event(self, event_type: str | None, obj: Mapping[str, Any]) -> None:
        self._act(event_type, obj)
        self.events += 1


def ours(load: Callable[[], Any]) -> tuple[kopf.OperatorRegistry, Counter]:
    """The way of an event as the operator composes it; nothing takes keys out of the queue."""
    queue = WorkQueue(SystemClock(), Backoff(chance=Random(0)))
    intake, metrics = Intake(queue, (names.RECONCILE_REQUESTED_AT,)), Metrics()
    counter = Counter(lambda event_type, obj: metrics.watched(intake.on_event(event_type, obj)))
    return registry(names.GROUP, names.VERSION, names.PLURAL, counter.on_event, load), counter


def floor(load: Callable[[], Any]) -> tuple[kopf.OperatorRegistry, Counter]:
    """Kopf with as little in it as it takes to count."""
    handlers = kopf.OperatorRegistry()
    counter = Counter(lambda _event_type, _obj: None)

    @kopf.on.login(registry=handlers)
    async def _login(**_: Any) -> kopf.AiohttpSession:
        return session(load())

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=handlers)
    async def _watch(**_: Any) -> None:
        counter.events += 1

    return handlers, counter


def main(kind: str) -> None:
    """Watch until our input ends."""
    configure_logging("ERROR")
    handlers, counter = (ours if kind == "ours" else floor)(partial(load_configuration, 2))
    watch = KopfThread(handlers, kopf_settings(), lambda: None)
    watch.start()
    serve(lambda: counter.events)
    watch.stop(5)


if __name__ == "__main__":
    main(sys.argv[1])
