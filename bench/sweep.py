"""A sweep by the real operator: processor time, and whether memory stays flat however many recordings there are."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.s3 import VersityGateway
from lab.simulator import Credentials, SimulatorControl, SimulatorServer
from lab.tenants import Tenant
from lab.waiting import until
from recording_storage_operator.api import names

from .canned import ACCOUNT, TOKEN, canned_twilio
from .cluster import NAMESPACE, Cluster, Object, cluster
from .measure import Figure
from .report import Row
from .serving import Operator
from .steps import Stepper

TITLE = "A sweep"
SIZES, QUICK_SIZES = (10_000, 100_000), (1_000, 2_000)
CANNED, QUICK_CANNED = 1_000_000, 5_000
ROUNDS, QUICK_ROUNDS = 3, 1
IN_S3 = 5
"""One recording of five is in S3."""

DEADLINE = 300
PEER = "script: twilio SDK and boto3, sets"


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of each sweep in seconds, and the most memory in MiB."""

    cpu: Figure
    peak: float


def run(quick: bool) -> Iterator[Row]:
    """Rows for the operator on the simulator beside a script, then on canned pages."""
    sizes, rounds = (QUICK_SIZES, QUICK_ROUNDS) if quick else (SIZES, ROUNDS)
    with cluster() as made:
        for size in sizes:
            with world(size) as (tenant, url):
                ours, script = operator_cost(made, tenant, url, rounds), script_cost(tenant, url, rounds)
            objects = size // IN_S3
            yield Row(f"CPU of a sweep, {size:,} recordings, {objects:,} objects", "s", ours.cpu, script.cpu, PEER)
            yield Row("most memory", "MiB", Figure.of([ours.peak]), Figure.of([script.peak]), PEER)
        size = QUICK_CANNED if quick else CANNED
        with canned_twilio(size) as url:
            tenant = Tenant("canned", NAMESPACE, Credentials(ACCOUNT, TOKEN, "", ""), "", "", "none", "none")
            ours = operator_cost(made, tenant, url, 1)
        yield Row(f"CPU of a sweep, {size:,} recordings, no bucket", "s", ours.cpu)
        yield Row("most memory", "MiB", Figure.of([ours.peak]))


@contextmanager
def world(size: int) -> Iterator[tuple[Tenant, str]]:
    """A tenant with so many recordings, and Twilio's URL."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-s3-") as folder,
        SimulatorServer(clock_rate=1.0) as twilio,
        closing(SimulatorControl(twilio.url)) as sim,
        VersityGateway(Path(folder)) as s3,
    ):
        name = f"bench-{size}"
        account = sim.create_account(name)
        tenant = Tenant(name, NAMESPACE, account, name, s3.endpoint, s3.access_key_id, s3.secret_access_key)
        fill(tenant, size, sim, s3, Path(folder) / "data" / name)
        yield tenant, twilio.url


def fill(tenant: Tenant, size: int, sim: SimulatorControl, s3: VersityGateway, data: Path) -> None:
    """Recordings here and there. Objects become files without a request for each: they are what an upload leaves."""
    client = s3.client()
    client.create_bucket(Bucket=tenant.bucket)
    client.put_bucket_versioning(Bucket=tenant.bucket, VersioningConfiguration={"Status": "Enabled"})
    sid = tenant.account.account_sid
    sim.record(sid, size - size // IN_S3)
    sim.external_storage(sid, enabled=True, bucket_url=tenant.bucket_url)
    for recording in sim.record(sid, size // IN_S3):
        file = data / tenant.key(recording["sid"])
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"RIFF")


def operator_cost(made: Cluster, tenant: Tenant, url: str, rounds: int) -> Cost:
    """A new operator and some sweeps; the first one, with the start and the first pass, is not counted."""
    made.create_secrets(tenant.secrets())
    made.create([tenant.storage(backend="Twilio", **({} if tenant.endpoint else {"s3": None}))])
    folder = made.folder / tenant.name
    folder.mkdir()
    with Operator(folder, made.plane.operator_kubeconfig, url, RECORDINGS_S3_ENDPOINTS=tenant.endpoint) as operator:
        until(lambda: "recordings" in status(made, tenant), DEADLINE, what="the first sweep")
        cpu = [sweep_cpu(made, tenant, operator, f"round-{number}") for number in range(rounds)]
        peak = operator.peak_rss
    made.delete(tenant.name)
    return Cost(Figure.of(cpu), peak)


def sweep_cpu(made: Cluster, tenant: Tenant, operator: Operator, request: str) -> float:
    """Ask for a sweep; the processor time until its result is in the status."""
    before = operator.cpu
    made.patch(tenant.name, {"metadata": {"annotations": {names.RECONCILE_REQUESTED_AT: request}}})
    until(lambda: status(made, tenant).get("lastHandledReconcileAt") == request, DEADLINE, 0.2, "a sweep")
    return operator.cpu - before


def status(made: Cluster, tenant: Tenant) -> Object:
    found: Object = made.get(tenant.name).get("status", {})
    return found


def script_cost(tenant: Tenant, url: str, rounds: int) -> Cost:
    """The same from a script; its first time is not counted either."""
    account = (tenant.account.account_sid, tenant.account.auth_token, url)
    bucket = (tenant.endpoint, tenant.access_key_id, tenant.secret_access_key, tenant.bucket)
    with Stepper("bench.peer_sweep", *account, *bucket) as script:
        cpu = [script.step()[1] for _ in range(rounds + 1)][1:]
        return Cost(Figure.of(cpu), script.peak_rss)
