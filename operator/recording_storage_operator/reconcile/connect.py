"""From the ports to the clients of one pass."""

from dataclasses import dataclass, replace

from ..api.claims import to_claim
from ..api.names import ACCOUNT_FIELD, BUCKET_FIELD
from ..core.claims import Claim, check, host_of
from ..core.clock import Clock
from ..core.desired import Backend, Bucket, Desired
from ..core.errors import ReconcileError
from ..core.recordings import Locator
from .inputs import Credentials, Request
from .observe import World
from .ports import CloudClients, Clouds, Secrets, Storages
from .visits import Learnt
from .writer import Writer, pairs_of


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world. `twilio_host` is the host of a base URL that stands in for Twilio's own hosts, or empty."""

    storages: Storages
    secrets: Secrets
    clouds: Clouds
    clock: Clock
    twilio_host: str = ""


def connect(ports: Ports, request: Request, desired: Desired, credentials: Credentials, learnt: Learnt) -> World:
    """The clients, for the resource whose the account and the bucket are.

    Raises Wait for a missing Secret and where an older resource has them, Terminal for a Secret that cannot work.
    """
    credentials.require(desired)
    others = claims_of(ports.storages, desired)
    mine = next((one for one in others if one.uid == request.uid), None)
    if mine:
        check(mine, others)
    world = world_of(ports.clouds, desired, credentials, locator_of(desired, ports.twilio_host), learnt)
    return replace(world, guest_of=host_of(mine, others) if mine else "")


def world_of(
    clouds: CloudClients, desired: Desired, credentials: Credentials, locator: Locator, learnt: Learnt
) -> World:
    """The clients that a spec and its Secrets make. Raises as `connect`."""
    secret = credentials.require(desired)
    kept = desired.s3 if desired.backend is Backend.S3 else None
    writer, trouble = None, None
    if kept and kept.writer_secret:
        try:
            writer = _writer(clouds, desired, kept, credentials, learnt)
        except ReconcileError as error:
            # Looking for deletions and keeping the bucket need no pair of Twilio's.
            trouble = error
    return World(
        twilio=clouds.twilio(desired.twilio, secret),
        bucket=clouds.bucket(desired.s3, credentials.bucket) if desired.s3 else None,
        locator=locator,
        admin=clouds.admin(kept, credentials.bucket) if kept else None,
        writer=writer,
        unwritable=learnt.unwritable,
        writer_trouble=trouble,
    )


def locator_of(desired: Desired, twilio_host: str) -> Locator:
    """What tells where a recording is."""
    return Locator(
        bucket=desired.s3.name if desired.s3 else "",
        prefix=desired.s3.prefix if desired.s3 else "",
        endpoint=desired.s3.endpoint_url if desired.s3 else "",
        twilio_host=twilio_host,
    )


def _writer(clouds: CloudClients, desired: Desired, bucket: Bucket, credentials: Credentials, learnt: Learnt) -> Writer:
    """The key pair Twilio shall write with."""
    pair, replaced = pairs_of(bucket.writer_secret, credentials.require_writer(bucket), credentials.bucket)
    return Writer(
        credentials=clouds.aws_credentials(desired.twilio, credentials.require(desired)),
        pair=pair,
        replaced=replaced,
        as_replaced=clouds.bucket(bucket, replaced.as_secret()) if replaced else None,
        refused_since=learnt.refused_since,
        known=learnt.writers,
    )


def claims_of(storages: Storages, desired: Desired) -> list[Claim]:
    """What all resources claim that name the same account or bucket, this one's own claim among them."""
    found = list(storages.find(ACCOUNT_FIELD, desired.twilio.account_sid))
    found += storages.find(BUCKET_FIELD, desired.s3.name) if desired.s3 else ()
    return list({claim.uid: claim for claim in map(to_claim, found) if claim}.values())
