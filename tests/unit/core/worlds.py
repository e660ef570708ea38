"""What a spec wants and what a pass sees, both as wanted unless a test says otherwise."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recording_storage_operator.core.approval import Memory, decide
from recording_storage_operator.core.bucket_settings import Part, parts_of
from recording_storage_operator.core.deletions import State
from recording_storage_operator.core.desired import Backend, Bucket, BucketSettings, Desired, TwilioAccount
from recording_storage_operator.core.facts import AccountFacts, Aspect, BucketFacts, Reading
from recording_storage_operator.core.ledger import Slice
from recording_storage_operator.core.plan import Newest, Observed, Side
from recording_storage_operator.core.proposal import propose
from recording_storage_operator.core.sweeps import Sweep
from tests.builders import ACCOUNT, BUCKET, NOON

S3 = Desired(
    backend=Backend.S3,
    twilio=TwilioAccount(ACCOUNT, "twilio"),
    s3=Bucket(BUCKET, "us-east-1", prefix="voice/"),
    metadata_days=40,
    sweep_interval=timedelta(minutes=15),
    suspend=False,
    owner="uid-1",
    name="calls",
    namespace="telephony",
)
TWILIO = Desired(Backend.TWILIO, S3.twilio, None, 40, S3.sweep_interval, False)
SWEEP = Sweep(NOON, NOON, {State.IN_BUCKET: 3}, place=S3.place)
IN_BUCKET = Newest(Side.S3, NOON, BUCKET)

Documents = dict[Aspect, Mapping[str, Any]]


def wanting(desired: Desired = S3, **settings: Any) -> Desired:
    """The same with other settings of the bucket."""
    assert desired.s3 is not None
    return replace(desired, s3=replace(desired.s3, settings=BucketSettings(**settings)))


def in_bucket(desired: Desired = S3, **fields: Any) -> Desired:
    """The same with other fields of `spec.s3`."""
    assert desired.s3 is not None
    return replace(desired, s3=replace(desired.s3, **fields))


def converged(parts: list[Part], documents: Mapping[Aspect, Mapping[str, Any]]) -> Documents:
    """The documents once every part that differs is put."""
    found: Documents = dict(documents)
    for part in parts:
        document = found.get(part.aspect, {})
        if part.have(document) != part.want:
            found[part.aspect] = part.put(document)
    return found


def readings(documents: Mapping[Aspect, Mapping[str, Any]]) -> dict[Aspect, Reading]:
    """As a pass reads them; an aspect without a document has nothing set."""
    return {aspect: Reading(documents.get(aspect, {})) for aspect in Aspect}


def as_wanted(desired: Desired = S3) -> dict[Aspect, Reading]:
    """The settings of a bucket that has nothing but what is wanted."""
    return readings(converged(parts_of(desired, made_by_us=False), {}))


def observed(
    newest: Newest = IN_BUCKET, ledger: tuple[Slice, ...] = (), sweep: Sweep | None = SWEEP, **fields: Any
) -> Observed:
    """All is as S3 wants it."""
    values: dict[str, Any] = {
        "account": AccountFacts(ACCOUNT, "active", "acme", NOON),
        "bucket": BucketFacts(BUCKET, "us-east-1", True),
        "settings": as_wanted(),
    }
    return Observed(newest=newest, ledger=ledger, sweep=sweep, **values | fields)


def remembered(desired: Desired = S3, seen: Observed | None = None) -> Memory:
    """What a pass over this world leaves behind."""
    return decide(propose(desired, seen or observed(), Memory()), desired, Memory(), "").memory
