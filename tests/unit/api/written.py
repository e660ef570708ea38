"""The fullest status the core writes, and the fullest slice of the ledger."""

import base64
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from recording_storage_operator.api import names
from recording_storage_operator.core.approval import Memory
from recording_storage_operator.core.bucket_settings import parts_of
from recording_storage_operator.core.deletions import State
from recording_storage_operator.core.desired import (
    Approval,
    Backend,
    Bucket,
    BucketSettings,
    Desired,
    DriftPolicy,
    TwilioAccount,
)
from recording_storage_operator.core.facts import AccountFacts, Aspect, BucketFacts, Obstacle, Reading
from recording_storage_operator.core.ledger import (
    MAX_SLICE_ENTRIES,
    Entry,
    Metadata,
    Origin,
    Precision,
    Slice,
    expiry_day,
    pack,
)
from recording_storage_operator.core.plan import Newest, Observed, Side, plan
from recording_storage_operator.core.status import Report, status_for
from recording_storage_operator.core.sweeps import Sweep
from recording_storage_operator.core.verdicts import Outcome

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DAYS = 40
SID = "AC" + "0" * 32
OWNER = "7f0f5d2e-0000-4000-8000-000000000000"
BUCKET = BucketFacts("calls", "eu-central-1", versioned=True)
_AS_APPROVED = BucketSettings()
_OTHERWISE = BucketSettings(expire_noncurrent=True, tags=tuple((f"{n}{'k' * 127}", "v" * 256) for n in range(10)))


def a_full_status() -> dict[str, Any]:
    """Every field, a ledger of forty days, a plan that waits, drift, and something for the Console."""
    ledger = tuple(_slice(f"line-{age}", NOON - timedelta(days=age), 10) for age in range(DAYS))
    found = {expiry_day(entry, DAYS): 1 for part in ledger for entry in part.entries()}
    sweep = Sweep(
        started_at=NOON,
        finished_at=NOON,
        counts=dict.fromkeys(State, 10**9),
        found=found,
        implausible=3,
        doubtful=3,
        servers="s3.example.com:9000",
        other_buckets=("old-calls",),
        place=_desired().place,
    )
    wanted = _desired(approval=Approval.MANUAL, drift_policy=DriftPolicy.REPORT, settings=_OTHERWISE)
    observed = Observed(
        account=AccountFacts(SID, "active", "Support", NOON),
        newest=Newest(Side.OTHER, NOON, "old-calls"),
        bucket=BUCKET,
        ledger=ledger,
        sweep=sweep,
        settings=_changed_by_somebody(_as_wanted(_desired())),
    )
    pending = plan(wanted, observed, _memory(), "", NOON)
    return status_for({}, Report(7, "audit-7", wanted, observed, pending, Outcome(pending=True)), NOON)


def a_full_slice() -> Slice:
    """As many entries as a slice may have, packing badly: random SIDs, any second, any mixture."""
    return _slice("line-full", NOON, MAX_SLICE_ENTRIES)


def as_object(part: Slice, owner: str) -> dict[str, Any]:
    """A slice as an object of the API server."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.SLICE_KIND,
        "metadata": {"name": part.name, "labels": {names.STORAGE_LABEL: owner, names.EXPIRES_ON_LABEL: part.day}},
        "day": part.day,
        "metadataDays": part.metadata_days,
        "count": part.count,
        "fromTwilio": part.from_twilio,
        "fromS3": part.from_s3,
        "oldestDeletion": part.oldest_deletion.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "newestDeletion": part.newest_deletion.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": base64.b64encode(part.packed).decode(),
    }


def _desired(settings: BucketSettings = _AS_APPROVED, **policies: Any) -> Desired:
    bucket = Bucket("calls", "eu-central-1", "voice/", settings=settings)
    account = TwilioAccount(SID, "twilio")
    return Desired(Backend.S3, account, bucket, DAYS, timedelta(minutes=15), suspend=False, owner=OWNER, **policies)


def _memory() -> Memory:
    """The bucket was made, by a plan that was approved, and then seen as wanted."""
    desired, nothing = (
        _desired(),
        Observed(AccountFacts(SID, "active", "Support", NOON), Newest(Side.S3), None, (), None),
    )
    approved = plan(desired, nothing, Memory(), "", NOON).decision.memory
    made = replace(nothing, bucket=BUCKET, settings=_as_wanted(desired))
    return plan(desired, made, approved, "", NOON).decision.memory


def _as_wanted(desired: Desired) -> dict[Aspect, Reading]:
    documents: dict[Aspect, Mapping[str, Any]] = {aspect: {} for aspect in Aspect}
    for part in parts_of(desired, made_by_us=True):
        documents[part.aspect] = part.put(documents[part.aspect])
    return {aspect: Reading(document) for aspect, document in documents.items()}


def _changed_by_somebody(settings: dict[Aspect, Reading]) -> dict[Aspect, Reading]:
    denied = Reading({}, Obstacle.DENIED, "allow s3:GetEncryptionConfiguration on bucket calls")
    gone = dict.fromkeys((Aspect.VERSIONING, Aspect.PUBLIC_ACCESS, Aspect.OWNERSHIP, Aspect.POLICY), Reading({}))
    return settings | gone | {Aspect.ENCRYPTION: denied}


def _slice(name: str, day: datetime, count: int) -> Slice:
    dice = random.Random(name)
    entries = [
        Entry(
            sid=f"RE{dice.getrandbits(128):032x}",
            date_created=day - timedelta(seconds=dice.randrange(86_400_000)),
            deleted_at=day + timedelta(seconds=dice.randrange(3600)),
            precision=dice.choice(list(Precision)),
            origin=dice.choice(list(Origin)),
            metadata=dice.choice(list(Metadata)),
        )
        for _ in range(count)
    ]
    return pack(name, (day + timedelta(days=DAYS)).date().isoformat(), DAYS, entries)
