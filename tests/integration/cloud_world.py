"""The pass on the real adapters: the Twilio simulator and an S3 server over sockets, Kubernetes in memory, one clock."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from lab.processes import free_port
from lab.s3 import MotoServer, VersityGateway
from lab.simulator import SimulatorControl
from lab.tenants import Tenant
from recording_storage_operator.core.desired import Bucket, TwilioAccount
from recording_storage_operator.core.ledger import SETTLED, Entry
from recording_storage_operator.core.work import Key, Outcome, Turn
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.reconcile.ports import BucketClient, LedgerStore, Secret, TwilioClient
from recording_storage_operator.reconcile.reconciler import Ports, Reconciler
from recording_storage_operator.reconcile.visits import Visits
from recording_storage_operator.s3.connect import Connections, Limits
from recording_storage_operator.twilio.connect import TwilioConnector
from recording_storage_operator.twilio.patience import Patience
from recording_storage_operator.twilio.transport import Timeouts
from tests.fakes.kube import FakeCluster

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAMESPACE = "default"
TWILIO_SECRET, S3_SECRET = "acme-twilio", "acme-s3"
INTERVAL = 1000
"""Seconds after which a sweep is due again: 15 minutes and the jitter."""

SHORT = Timeouts(connect=1.0, read=0.35, answer=0.5)
"""So that a fault costs no seconds. A page of 1000 recordings takes 30 ms on two busy cores."""


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


@dataclass
class LabClouds:
    """The real adapters, each of which can be sent to a port where nobody listens."""

    url: str
    endpoint: str
    cluster: FakeCluster
    attempts: int = 2
    allowed: bool = True
    twilio_is_down: bool = False
    s3_is_down: bool = False
    _closed: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")

    def __post_init__(self) -> None:
        patience = Patience(attempts=self.attempts, sleep=lambda _: None)
        self._up, self._down = (
            TwilioConnector(url, timeouts=SHORT, patience=patience) for url in (self.url, self._closed)
        )
        allowed = (self.endpoint, self._closed) if self.allowed else ()
        limits = Limits(connect_timeout=1, read_timeout=5, attempts=1)
        self._s3 = Connections(allowed, allow_ambient=False, limits=limits)

    def twilio(self, account: TwilioAccount, secret: Secret) -> TwilioClient:
        connector = self._down if self.twilio_is_down else self._up
        return connector.connect(account, secret.values, account.credentials_secret)

    def bucket(self, bucket: Bucket, secret: Secret | None) -> BucketClient:
        there = replace(bucket, endpoint_url=self._closed) if self.s3_is_down else bucket
        return self._s3.bucket(there, secret.values if secret else None)

    def ledger(self, key: Key, uid: str) -> LedgerStore:
        return self.cluster.ledger(key, uid)

    def close(self) -> None:
        for part in (self._up, self._down, self._s3):
            part.close()


@dataclass
class CloudWorld:
    """An account, a bucket of its own, and an operator for one resource. `deleted` is the truth: what is gone."""

    control: SimulatorControl
    s3: MotoServer | VersityGateway
    work_dir: Path
    attempts: int = 2
    cluster: FakeCluster = field(default_factory=FakeCluster)
    deleted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock = LabClock(self.control)
        account = self.control.create_account()
        keys = (self.s3.endpoint, self.s3.access_key_id, self.s3.secret_access_key)
        self.tenant = Tenant("acme", NAMESPACE, account, f"acme-{account.account_sid[2:18]}", *keys)
        for secret in self.tenant.secrets():
            self.cluster.put_secret(NAMESPACE, secret["metadata"]["name"], secret["stringData"])
        self.clouds = self._new_clouds()
        self.restart_operator()

    @property
    def account_sid(self) -> str:
        return self.tenant.account.account_sid

    @property
    def bucket(self) -> "S3Client":
        """S3 as the bucket's owner sees it."""
        return self.s3.client()

    def restart_operator(self, **settings: Any) -> None:
        """A new process: everything in memory is lost."""
        self.close()
        self.clouds = self._new_clouds(**settings)
        ports = Ports(self.cluster.storages, self.cluster.secrets, self.clouds, self.clock)
        self._reconciler = Reconciler(ports, Visits(self.work_dir, self.clock, Random(1)))

    def close(self) -> None:
        self.clouds.close()

    def _new_clouds(self, **settings: Any) -> LabClouds:
        return LabClouds(self.control.url, self.s3.endpoint, self.cluster, self.attempts, **settings)
