"""Many resources: time and requests until all are Ready, and what they cost at rest.

The peer is kopf used the usual way, over as many resources: it writes one small status for each and asks nobody
anything, where ours reads an account, its recordings, its ledger and two feeds.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lab.processes import Child
from lab.s3 import VersityGateway
from lab.simulator import SimulatorControl, SimulatorServer
from lab.tenants import Tenant
from lab.waiting import until

from .cluster import NAMESPACE, PEER_NAMESPACE, Cluster, Object, cluster, is_ready
from .events import storage
from .measure import Figure, cpu_seconds, open_files, rss
from .report import Row
from .serving import Operator

TITLE = "Many resources"
RESOURCES, IDLE_SECONDS = 1000, 60
QUICK_RESOURCES, QUICK_IDLE_SECONDS = 20, 1
RECORDINGS = 3
IN_S3 = 10
"""Every tenth resource keeps its recordings in S3, all in one bucket under prefixes of their own."""

BUCKET = "bench-fleet"
DEADLINE = 300
PEER = "kopf the usual way, no work"


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operator took: wall `seconds` until the last resource was ready, all else until it came to rest.

    `twilio_cpu` is the simulator's processor time meanwhile.
    """

    seconds: float
    cpu: float
    idle_cpu: float
    rss: float
    files: int
    requests: float = 0.0
    twilio_cpu: float = 0.0


def run(quick: bool) -> Iterator[Row]:
    """Rows of both operators, one after the other on the same control plane."""
    count, idle = (QUICK_RESOURCES, QUICK_IDLE_SECONDS) if quick else (RESOURCES, IDLE_SECONDS)
    with cluster() as made:
        ours = our_cost(made, count, idle)
        plain = plain_cost(made, count, idle)
    yield beside(f"first create to last Ready, {count:,} resources (wall)", "s", ours.seconds, plain.seconds)
    yield beside("CPU until at rest", "ms/resource", ours.cpu / count * 1000, plain.cpu / count * 1000)
    yield beside("memory at rest", "MiB", ours.rss, plain.rss)
    yield beside("CPU at rest", "s/minute", ours.idle_cpu * 60 / idle, plain.idle_cpu * 60 / idle)
    yield beside("open files and sockets at rest", "", ours.files, plain.files)
    yield Row("requests to the API server until at rest", "per resource", Figure.of([ours.requests / count]))
    yield Row("the simulator's own CPU until then", "ms/resource", Figure.of([ours.twilio_cpu / count * 1000]))


def beside(what: str, unit: str, ours: float, peer: float) -> Row:
    return Row(what, unit, Figure.of([ours]), Figure.of([peer]), PEER)


def our_cost(made: Cluster, count: int, idle: float) -> Cost:
    with (
        SimulatorServer(clock_rate=1.0) as twilio,
        VersityGateway() as s3,
        closing(SimulatorControl(twilio.url)) as sim,
    ):
        s3.client().create_bucket(Bucket=BUCKET)
        tenants = [new_tenant(number, sim, s3) for number in range(count)]
        made.create_secrets(secret for tenant in tenants for secret in tenant.secrets())
        kubeconfig = made.plane.operator_kubeconfig
        with Operator(made.folder, kubeconfig, twilio.url, RECORDINGS_S3_ENDPOINTS=s3.endpoint) as operator:
            before, cpu, twilio_cpu = operator.kubernetes_requests(), operator.cpu, cpu_seconds(twilio.pid)
            seconds = timed(made, [declared(tenant) for tenant in tenants], NAMESPACE, is_ready)
            until_at_rest(operator)
            return Cost(
                seconds=seconds,
                cpu=operator.cpu - cpu,
                twilio_cpu=cpu_seconds(twilio.pid) - twilio_cpu,
                requests=(operator.kubernetes_requests() - before).total(),
                idle_cpu=spent(lambda: operator.cpu, idle),
                rss=operator.rss,
                files=operator.open_files,
            )


def plain_cost(made: Cluster, count: int, idle: float) -> Cost:
    environment = {**os.environ, "KUBECONFIG": str(made.plane.admin_kubeconfig)}
    argv = [sys.executable, "-m", "bench.plain_kopf"]
    with Child("plain kopf", argv, made.folder / "plain.log", environment, Path(__file__).parents[1]) as child:
        made.create([storage(count)], PEER_NAMESPACE)
        until(lambda: all(map(is_handled, made.storages(PEER_NAMESPACE))), DEADLINE, what="kopf ready")
        cpu = cpu_seconds(child.pid)
        seconds = timed(made, [storage(number) for number in range(count)], PEER_NAMESPACE, is_handled)
        cpu = cpu_seconds(child.pid) - cpu
        idle_cpu = spent(lambda: cpu_seconds(child.pid), idle)
        return Cost(seconds, cpu, idle_cpu, rss(child.pid), open_files(child.pid))


def new_tenant(number: int, sim: SimulatorControl, s3: VersityGateway) -> Tenant:
    """An account with a few recordings."""
    account = sim.create_account(f"bench-{number:05}")
    name = f"bench-{number:05}"
    keys = (s3.endpoint, s3.access_key_id, s3.secret_access_key)
    tenant = Tenant(name, NAMESPACE, account, BUCKET, *keys, prefix=name)
    if number % IN_S3 == 0:
        tenant.external_storage(sim, enabled=True)
    sim.record(account.account_sid, RECORDINGS)
    return tenant


def declared(tenant: Tenant) -> Object:
    """Its resource."""
    in_s3 = int(tenant.name.rpartition("-")[2]) % IN_S3 == 0
    return tenant.storage() if in_s3 else tenant.storage(backend="Twilio", s3=None)


def timed(made: Cluster, storages: list[Object], namespace: str, done: Callable[[Object], bool]) -> float:
    """Create them; seconds until all are done."""
    started = time.monotonic()
    made.create(storages, namespace)
    until(lambda: all(map(done, made.storages(namespace))), DEADLINE, every=0.5, what="all resources ready")
    return time.monotonic() - started


def is_handled(obj: Object) -> bool:
    return bool(obj.get("status", {}).get("observedGeneration") == obj["metadata"]["generation"])


def until_at_rest(operator: Operator) -> None:
    """Until nothing has been worked on for three seconds: the first sweeps follow the first status."""
    quiet_since = time.monotonic()

    def quiet() -> bool:
        nonlocal quiet_since
        if not operator.idle():
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > 3

    until(quiet, DEADLINE, every=0.3, what="an operator at rest")


def spent(cpu: Callable[[], float], seconds: float) -> float:
    """Processor time while so many seconds pass."""
    before = cpu()
    time.sleep(seconds)
    return cpu() - before
