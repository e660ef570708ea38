"""A whole world in memory around the reconciler: cluster, Twilio, S3 and one clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.core.desired import Bucket, TwilioAccount
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.facts import BucketFacts, ObjectVersionPage
from recording_storage_operator.core.ledger import SETTLED, Entry
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.secret import Secret
from recording_storage_operator.core.work import Key, Outcome, Turn
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
from tests.builders import ACCOUNT, BUCKET, BUCKET_URL, storage
from tests.fakes.kube import FakeCluster
from tests.fakes.s3 import FakeS3
from tests.fakes.twilio import FakeTwilio, VirtualClock

UNVERSIONED = storage()["spec"]["s3"] | {"versioning": "Unmanaged"}


@dataclass
class FakeClouds:
    """Clients of the fakes, whatever the credentials say."""

    twilio_world: FakeTwilio
    s3: FakeS3
    cluster: FakeCluster
    refused_keys: set[str]

    def twilio(self, account: TwilioAccount, secret: Secret) -> TwilioClient:
        return self.twilio_world.account(account.account_sid)

    def bucket(self, bucket: Bucket, secret: Secret | None) -> BucketClient:
        client = self.s3.bucket(bucket.name, bucket.region)
        return WithKey(client, secret.values.get("accessKeyId", "") if secret else "", self.refused_keys)

    def admin(self, bucket: Bucket, secret: Secret | None) -> BucketAdmin:
        return self.s3.admin(bucket.name, bucket.region)

    def aws_credentials(self, account: TwilioAccount, secret: Secret) -> AwsCredentials:
        return self.twilio_world.aws_credentials(account.account_sid)

    def ledger(self, key: Key, uid: str) -> LedgerStore:
        return self.cluster.ledger(key, uid)


@dataclass(frozen=True)
class WithKey:
    """A bucket as it answers a key pair, which may be deactivated in IAM at any time."""

    client: BucketClient
    access_key_id: str
    refused_keys: set[str]

    def describe(self) -> BucketFacts | None:
        return self._admitted().describe()

    def versions(self, prefix: str, page: str | None = None) -> ObjectVersionPage:
        return self._admitted().versions(prefix, page)

    def has(self, key: str) -> bool:
        return self._admitted().has(key)

    def _admitted(self) -> BucketClient:
        if self.access_key_id in self.refused_keys:
            raise refusal()
        return self.client


def refusal() -> Wait:
    return Wait(Reason.S3_CREDENTIALS_REJECTED, "S3 does not accept this key pair")


@dataclass
class World:
    """`run` takes a resource through its turns until nothing is due."""

    work_dir: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    should_yield: Callable[[], bool] = lambda: False
    guard: Callable[[Any], Any] = lambda port: port
    refused_keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.twilio = FakeTwilio(self.clock)
        self.s3 = FakeS3(self.clock)
        self.cluster.put_secret("default", "twilio", {"authToken": "0" * 32})
        self.cluster.put_secret("default", "s3", {"accessKeyId": "A" * 20, "secretAccessKey": "s" * 40})
        self.cluster.put_secret("default", "writer", {"accessKeyId": "W" * 20, "secretAccessKey": "w" * 40})
        self.restart_operator()

    def restart_operator(self) -> None:
        """A new process: everything in memory is lost."""
        ports = Ports(
            storages=self.guard(self.cluster.storages),
            secrets=self.guard(self.cluster.secrets),
            clouds=self.guard(FakeClouds(self.twilio, self.s3, self.cluster, self.refused_keys)),
            clock=self.clock,
        )
        self.visits = Visits(self.work_dir, self.clock, Random(1))
        self.reconciler = Reconciler(ports, self.visits)

    def turn(self, key: Key) -> Outcome:
        """One turn of a key."""
        return self.reconciler(key, Turn(self.should_yield))

    def run(self, key: Key, turns: int = 50) -> Outcome:
        """Turns until the resource rests, fails or waits."""
        for _ in range(turns):
            outcome = self.turn(key)
            if outcome.failed or outcome.after is None or outcome.after > 0:
                return outcome
        raise AssertionError(f"{key} does not come to rest: {outcome}")

    def create(self, **spec: Any) -> Key:
        """A resource that was reconciled once."""
        key = self.cluster.create(storage(**spec))
        self.run(key)
        return key

    def sweep(self, key: Key) -> Outcome:
        """Let the next sweep come."""
        self.clock.advance(seconds=1000)
        return self.run(key)

    def external(self, **fields: Any) -> str:
        """A recording that External Storage delivered."""
        self.twilio.store_in(BUCKET_URL)
        sid = self.twilio.record(**fields)
        self.s3.put(BUCKET, object_key(sid))
        return sid

    def entries(self, key: Key) -> list[Entry]:
        """The whole ledger."""
        return [entry for part in self.cluster.slices_of(key) if part.day != SETTLED for entry in part.entries()]

    def approve(self, key: Key) -> Outcome:
        """Approve the plan that the status shows, and let it be applied."""
        self.cluster.annotate(key, APPROVED_PLAN, self.cluster.status(key)["plan"]["id"])
        return self.run(key)

    def edit_s3(self, key: Key, **fields: Any) -> Outcome:
        """Change fields of spec.s3."""
        self.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(fields))
        return self.run(key)

    def message(self, key: Key, name: str) -> str:
        """The sentence of a condition."""
        found = [one["message"] for one in self.cluster.status(key)["conditions"] if one["type"] == name]
        return str(found[0])

    def condition(self, key: Key, name: str) -> tuple[str, str] | None:
        """Status and reason of a condition."""
        for condition in self.cluster.status(key).get("conditions", ()):
            if condition["type"] == name:
                return condition["status"], condition["reason"]
        return None


def object_key(sid: str) -> str:
    """Where Twilio puts a recording."""
    return f"{ACCOUNT}/{sid}"


def listed(world: World, key: Key) -> list[str]:
    """The SIDs in the ledger."""
    return sorted(entry.sid for entry in world.entries(key))


def settled(world: World, key: Key) -> list[str]:
    """The SIDs whose entries are over, and remembered."""
    slices = (part for part in world.cluster.slices_of(key) if part.day == SETTLED)
    return sorted(entry.sid for part in slices for entry in part.entries())
