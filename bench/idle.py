"""A resource that nothing happens to, for some hours of the simulator's clock: what it asks of others, and writes.

There is no peer: the one right number of writes is none.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lab.s3 import MotoServer
from lab.simulator import SimulatorControl, SimulatorServer
from lab.tenants import Tenant
from lab.waiting import until

from .cluster import NAMESPACE, Cluster, cluster, is_ready
from .measure import Figure
from .report import Row
from .serving import IN_THE_LAB, Operator

TITLE = "One resource with nothing to do"
HOURS, QUICK_HOURS = 3.0, 0.3
RATE = 240.0
"""Seconds of the simulator's clock in a second."""

RECORDINGS = 50
NAME = "bench"
READS = ("GET", "HEAD")
_LOGGED = re.compile(r'"([A-Z]+) (\S+) HTTP')


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests so far, by method."""

    twilio: Counter[str]
    s3: Counter[str]
    kubernetes: Counter[str]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that counts requests, and the version of the resource."""

    made: Cluster
    sim: SimulatorControl
    account_sid: str
    s3_log: Path
    operator: Operator

    def asked(self) -> Asked:
        requests = self.sim.requests(self.account_sid)
        logged = _LOGGED.findall(self.s3_log.read_text())
        return Asked(
            Counter(request["method"] for request in requests),
            Counter(method for method, path in logged if not path.startswith("/moto-api")),
            self.operator.kubernetes_requests(),
        )

    def version(self) -> str:
        """Changes with every write to the resource, whoever makes it."""
        return str(self.made.get(NAME)["metadata"]["resourceVersion"])


def run(quick: bool) -> Iterator[Row]:
    """Rows of requests an hour."""
    with (
        cluster() as made,
        SimulatorServer(clock_rate=RATE) as twilio,
        closing(SimulatorControl(twilio.url)) as sim,
        MotoServer(made.folder / "s3", clock_url=twilio.url) as s3,
    ):
        tenant = declare(made, sim, s3)
        kubeconfig = made.plane.operator_kubeconfig
        settings = {"RECORDINGS_S3_ENDPOINTS": s3.endpoint}
        with Operator(made.folder, kubeconfig, twilio.url, IN_THE_LAB, **settings) as operator:
            until(lambda: swept(made), 60, what="a first sweep")
            site = Site(made, sim, tenant.account.account_sid, made.folder / "s3" / "moto.log", operator)
            yield from hourly(site, QUICK_HOURS if quick else HOURS)


def declare(made: Cluster, sim: SimulatorControl, s3: MotoServer) -> Tenant:
    """A resource that keeps its recordings in S3, and some recordings there."""
    account = sim.create_account(NAME)
    tenant = Tenant(NAME, NAMESPACE, account, NAME, s3.endpoint, s3.access_key_id, s3.secret_access_key)
    client = s3.client()
    client.create_bucket(Bucket=NAME)
    client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    tenant.external_storage(sim, enabled=True)
    sim.record(account.account_sid, RECORDINGS)
    made.create_secrets(tenant.secrets())
    made.create([tenant.storage()])
    return tenant


def swept(made: Cluster) -> bool:
    obj = made.get(NAME)
    return is_ready(obj) and "lastSweep" in obj["status"].get("recordings", {})


def hourly(site: Site, hours: float) -> Iterator[Row]:
    until(site.operator.idle, what="an operator at rest")
    before, version, start = site.asked(), site.version(), site.sim.now()
    span = timedelta(hours=hours)
    until(lambda: site.sim.now() - start >= span, hours * 3600 / RATE * 3, every=0.5, what=f"{hours} hours")
    after, passed = site.asked(), (site.sim.now() - start) / timedelta(hours=1)
    writes = 0
    for name, old, new in (
        ("Twilio", before.twilio, after.twilio),
        ("S3", before.s3, after.s3),
        ("the API server, the watch not counted", before.kubernetes, after.kubernetes),
    ):
        asked = new - old
        writes += sum(count for method, count in asked.items() if method not in READS)
        yield Row(f"requests to {name}", "per hour", Figure.of([asked.total() / passed]))
    yield Row(f"writes anywhere in {passed:.1f} h", "", Figure.of([writes + (site.version() != version)]))
