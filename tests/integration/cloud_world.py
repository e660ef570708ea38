"""The pass on the real adapters: Twilio's simulator and an S3 server over sockets, Kubernetes in memory, one clock."""

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from lab.s3 import MotoServer, VersityGateway
from lab.simulator import SimulatorControl, SimulatorServer
from lab.tenants import Tenant
from recording_storage_operator.core.desired import Bucket, TwilioAccount
from recording_storage_operator.core.ledger import SETTLED, Entry
from recording_storage_operator.core.secret import Secret
from recording_storage_operator.core.work import Key, Outcome, Turn
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.reconcile.connect import Ports
from recording_storage_operator.reconcile.ports import (
    AwsCredentials,
    BucketAdmin,
    BucketClient,
    LedgerStore,
    TwilioClient,
)
from recording_storage_operator.reconcile.reconciler import Reconciler
from recording_storage_operator.reconcile.visits import Visits
from recording_storage_operator.s3.connect import Connections, Limits
from recording_storage_operator.twilio.answers import Answer
from recording_storage_operator.twilio.connect import TwilioConnector
from recording_storage_operator.twilio.network import Timeouts
from recording_storage_operator.twilio.patience import Patience
from recording_storage_operator.twilio.transport import Transport
from tests.fakes.kube import FakeCluster
from tests.integration.relay import Relay

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAMESPACE = "default"
TWILIO_SECRET, S3_SECRET = "acme-twilio", "acme-s3"
INTERVAL = 1000
"""Seconds after which a sweep is due again: 15 minutes and the jitter."""

HEALTHY = {
    "Ready": ("True", "Reconciled"),
    "BackendActive": ("True", "Observed"),
    "LedgerComplete": ("True", "Swept"),
    "InSync": ("True", "NotSupported"),
}
"""The servers of the lab speak plain http, where nothing can demand TLS."""

PAGE = 4
"""Rows on a page of Twilio's lists, so that a dozen recordings make several."""

HASTY = Timeouts(connect=1.0, read=0.3, answer=0.3)
"""So that an answer that does not come costs no seconds."""


@dataclass
class LabClock:
    """The simulator's time, which stands between advances. `skew` is how wrong the operator's wall clock is."""

    control: SimulatorControl
    skew: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self._now = self.control.now()

    def now(self) -> datetime:
        return self._now + self.skew

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        self._now = self.control.advance(days, seconds)


class SmallPages(Transport):
    """Twilio with small pages, which the client takes for those of 1000 that it asked for."""

    def get(self, url: str) -> Answer:
        answer = super().get(url.replace("PageSize=1000", f"PageSize={PAGE}"))
        return replace(answer, body=answer.body.replace(f"PageSize={PAGE}&".encode(), b"PageSize=1000&"))


@dataclass
class LabClouds:
    """The real adapters. `attempts` are those of Twilio's within one call."""

    lab: "CloudLab"
    cluster: FakeCluster
    attempts: int = 1
    timeouts: Timeouts = field(default_factory=Timeouts)
    small_pages: bool = False
    allowed: bool = True

    def __post_init__(self) -> None:
        patience = Patience(attempts=self.attempts, sleep=lambda _: None)
        self._twilio = TwilioConnector(self.lab.twilio_way.url, timeouts=self.timeouts, patience=patience)
        self._s3 = self.lab.connections if self.allowed else Connections([], allow_ambient=False)

    def twilio(self, account: TwilioAccount, secret: Secret) -> TwilioClient:
        client = self._twilio.connect(account, secret.values, account.credentials_secret)
        if not self.small_pages:
            return client
        way = client.transport
        return replace(client, transport=SmallPages(**{one.name: getattr(way, one.name) for one in fields(way)}))

    def bucket(self, bucket: Bucket, secret: Secret | None) -> BucketClient:
        return self._s3.bucket(bucket, secret.values if secret else None)

    def admin(self, bucket: Bucket, secret: Secret | None) -> BucketAdmin:
        return self._s3.admin(bucket, secret.values if secret else None)

    def aws_credentials(self, account: TwilioAccount, secret: Secret) -> AwsCredentials:
        return self._twilio.aws_credentials(account, secret.values, account.credentials_secret)

    def ledger(self, key: Key, uid: str) -> LedgerStore:
        return self.cluster.ledger(key, uid)

    def close(self) -> None:
        self._twilio.close()


@dataclass
class CloudLab:
    """The simulator and an S3 server, each behind a relay, and the clients of S3, which are dear to make."""

    control: SimulatorControl
    s3: MotoServer | VersityGateway

    def __post_init__(self) -> None:
        self.twilio_way, self.s3_way = Relay(self.control.url), Relay(self.s3.endpoint)
        self.owner: S3Client = self.s3.client()
        limits = Limits(connect_timeout=1, attempts=1)
        self.connections = Connections([self.s3_way.url], allow_ambient=False, limits=limits)

    @contextmanager
    def world(self, work_dir: Path, **settings: Any) -> Iterator["CloudWorld"]:
        """A world of its own, after which the simulator and the network are as before."""
        options = self.control.options()
        world = CloudWorld(self, work_dir, settings)
        try:
            yield world
        finally:
            world.clouds.close()
            self.control.clear_faults()
            self.control.options(**options)
            self.twilio_way.mend()
            self.s3_way.mend()

    def close(self) -> None:
        self.connections.close()
        self.owner.close()
        self.twilio_way.cut()
        self.s3_way.cut()


@contextmanager
def lab_on_machine_time(s3: VersityGateway) -> Iterator[CloudLab]:
    """A Twilio that starts at the machine's time, which this S3 server always keeps."""
    with (
        SimulatorServer() as twilio,
        contextlib.closing(SimulatorControl(twilio.url)) as control,
        contextlib.closing(CloudLab(control, s3)) as lab,
    ):
        yield lab


def world_fixtures(**settings: Any) -> tuple[Any, Any]:
    """Fixtures for a module: its lab on the simulator's clock, and the world each test gets of it."""

    @pytest.fixture(scope="module")
    def cloud_lab(simulator_control: SimulatorControl, moto: MotoServer) -> Iterator[CloudLab]:
        with contextlib.closing(CloudLab(simulator_control, moto)) as lab:
            yield lab

    @pytest.fixture
    def world(cloud_lab: CloudLab, tmp_path: Path) -> Iterator[CloudWorld]:
        with cloud_lab.world(tmp_path, **settings) as made:
            yield made

    return cloud_lab, world


@dataclass
class CloudWorld:
    """An account, a bucket of its own, and an operator for one resource. `deleted` is the truth: the SIDs gone.

    `settings` are fields of LabClouds.
    """

    lab: CloudLab
    work_dir: Path
    settings: dict[str, Any]
    cluster: FakeCluster = field(default_factory=FakeCluster)
    deleted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.control, self.bucket = self.lab.control, self.lab.owner
        self.clock = LabClock(self.control)
        account = self.control.create_account()
        keys = (self.lab.s3_way.url, self.lab.s3.access_key_id, self.lab.s3.secret_access_key)
        # Every simulator makes the same SIDs, and S3 servers are shared.
        self.tenant = Tenant("acme", NAMESPACE, account, f"acme-{uuid.uuid4().hex[:16]}", *keys)
        for secret in self.tenant.secrets():
            self.cluster.put_secret(NAMESPACE, secret["metadata"]["name"], secret["stringData"])
        self.start_operator()

    @property
    def account_sid(self) -> str:
        return self.tenant.account.account_sid

    # The operator.

    def start_operator(self) -> None:
        self.clouds = LabClouds(self.lab, self.cluster, **self.settings)
        ports = Ports(self.cluster.storages, self.cluster.secrets, self.clouds, self.clock)
        self._reconciler = Reconciler(ports, Visits(self.work_dir, self.clock, Random(1)))

    def restart_operator(self, **settings: Any) -> None:
        """A new process: everything in memory is lost."""
        self.clouds.close()
        self.settings |= settings
        self.start_operator()

    def turn(self, key: Key) -> Outcome:
        """One turn of the key."""
        return self._reconciler(key, Turn(lambda: False))

    def run(self, key: Key, turns: int = 20) -> Outcome:
        """Turns until the resource rests, fails or waits."""
        for _ in range(turns):
            outcome = self.turn(key)
            if outcome.failed or outcome.after is None or outcome.after > 0:
                return outcome
        raise AssertionError(f"{key} does not come to rest: {outcome}")

    def live(self, key: Key, seconds: float) -> None:
        """Virtual time with the turns that the engine's queue would give, in whole seconds as dates of Twilio."""
        end, backoff = self.clock.monotonic() + seconds, Backoff(chance=Random(1))
        while (left := end - self.clock.monotonic()) > 0:
            outcome = self.turn(key)
            delay = outcome.after
            if outcome.failed:
                delay = max(backoff.next(key), delay or 0.0)
            else:
                backoff.reset(key)
            if delay != 0:
                self.clock.advance(seconds=left if delay is None else min(ceil(delay), left))

    def create(self, **spec: Any) -> Key:
        """A resource that was reconciled once."""
        key = self.cluster.create(self.tenant.storage(**spec))
        self.run(key)
        return key

    def known(self, **spec: Any) -> Key:
        """A resource with four recordings in the bucket and two at Twilio, and a deletion in both that is listed."""
        key = self.create(**spec)
        gone, *_ = self.record(3)
        self.clock.advance(seconds=1)
        lost, *_ = self.external(5)
        self.delete_at_twilio(gone)
        self.delete_in_bucket(lost)
        self.sweep(key)
        self.assert_true(key)
        assert self.conditions(key) == self.healthy(key)
        return key

    def sweep(self, key: Key) -> Outcome:
        """Let the next sweep come."""
        self.clock.advance(seconds=INTERVAL)
        return self.run(key)

    # What people and Twilio do.

    def record(self, count: int = 1, **fields: Any) -> list[str]:
        """New recordings at Twilio, or wherever External Storage puts them."""
        return [row["sid"] for row in self.control.record(self.account_sid, count, **fields)]

    def switch(self, external: bool) -> None:
        """The Console's switch, to a bucket that only `store` fills: Twilio then never looks through it."""
        self.control.external_storage(self.account_sid, external, self.tenant.bucket_url)

    def store(self, *sids: str) -> None:
        """Put their objects into the bucket."""
        for sid in sids:
            self.bucket.put_object(Bucket=self.tenant.bucket, Key=self.tenant.key(sid), Body=b"RIFF")

    def external(self, count: int = 1) -> list[str]:
        """Recordings that External Storage delivered; it stays on."""
        self.switch(True)
        sids = self.record(count)
        self.store(*sids)
        return sids

    def delete_at_twilio(self, *sids: str) -> None:
        """In the Console, with an event for each unless the simulator's options say otherwise."""
        assert sorted(self.control.bulk_delete(self.account_sid, list(sids))) == sorted(sids)
        self.deleted |= set(sids)

    def delete_in_bucket(self, *sids: str) -> None:
        """Without naming a version: a delete marker where the bucket is versioned."""
        for sid in sids:
            self.bucket.delete_object(Bucket=self.tenant.bucket, Key=self.tenant.key(sid))
        self.deleted |= set(sids)

    def delete_unlisted(self) -> str:
        """An object with a marker whose recording Twilio does not list: it is asked for by its SID."""
        sid = f"RE{uuid.uuid4().hex}"
        self.store(sid)
        self.delete_in_bucket(sid)
        return sid

    def put_secret(self, kind: str, **values: str) -> None:
        """Write the Secret for `twilio` or `s3` anew."""
        self.cluster.put_secret(NAMESPACE, f"acme-{kind}", values)

    def fault(self, kind: str, path: str, **rule: Any) -> None:
        """A fault of Twilio's, lasting unless `times` is given; AC in the path stands for the account's SID."""
        self.control.fault(kind, path=path.replace("AC", self.account_sid), **{"times": None} | rule)

    # What is seen.

    def entries(self, key: Key) -> dict[str, Entry]:
        """The whole ledger by SID. No SID is in it twice."""
        found = [entry for part in self.cluster.slices_of(key) if part.day != SETTLED for entry in part.entries()]
        by_sid = {entry.sid: entry for entry in found}
        assert len(by_sid) == len(found)
        return by_sid

    def settled(self, key: Key) -> set[str]:
        """SIDs whose entry expired and that are remembered."""
        parts = [part for part in self.cluster.slices_of(key) if part.day == SETTLED]
        return {entry.sid for part in parts for entry in part.entries()}

    def conditions(self, key: Key) -> dict[str, tuple[str, str]]:
        """Status and reason by type."""
        listed = self.cluster.status(key).get("conditions", ())
        return {one["type"]: (one["status"], one["reason"]) for one in listed}

    def healthy(self, key: Key) -> dict[str, tuple[str, str]]:
        """The conditions with nothing wrong: a bucket that is only watched is in sync with nothing."""
        watched = self.cluster.objects[key]["spec"]["backend"] == "Twilio"
        return {kind: verdict for kind, verdict in HEALTHY.items() if not (watched and kind == "InSync")}

    def message(self, key: Key, name: str = "Ready") -> str:
        [message] = [one["message"] for one in self.cluster.status(key)["conditions"] if one["type"] == name]
        return str(message)

    def requests(self) -> int:
        """How many requests Twilio got for this account."""
        return len(self.control.requests(self.account_sid))

    def assert_true(self, key: Key) -> None:
        """Ledger and status list what is gone, and nothing else."""
        assert set(self.entries(key)) == self.deleted
        status = self.cluster.status(key)
        assert status["deletedRecordingsSummary"]["total"] == len(self.deleted)
        assert {entry["sid"] for entry in status["deletedRecordings"]} == self.deleted
