"""Observing: reads everything a plan needs, once, and changes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..core.desired import Backend, Desired
from ..core.errors import Wait
from ..core.facts import AccountFacts, BucketFacts
from ..core.plan import Newest, Observed, Side
from ..core.reasons import Reason
from ..core.recordings import Locator, Place
from ..core.sweeps import Sweep
from .ledger_book import LedgerBook
from .ports import BucketClient, LedgerStore, TwilioClient

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""More than any healthy pair of clocks differs. A wrong clock would let entries expire early."""

NEWEST = 100
"""Recordings looked at to see where new ones land: the newest may all be unfinished or without audio."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_SIDES = {Place.TWILIO: Side.TWILIO, Place.WATCHED_BUCKET: Side.S3, Place.OTHER_BUCKET: Side.OTHER}


@dataclass(frozen=True, slots=True)
class World:
    """The clients of one pass."""

    twilio: TwilioClient
    bucket: BucketClient | None
    ledger: LedgerStore
    locator: Locator


def observe(world: World, desired: Desired, book: LedgerBook, sweep: Sweep | None, now: datetime) -> Observed:
    """What is there. The account comes first: a suspended one refuses all else with a misleading answer."""
    account = world.twilio.account()
    check_clock(account, now)
    return Observed(
        account=account,
        newest=newest(world.twilio, world.locator),
        bucket=_bucket(world.bucket, desired),
        ledger=book.slices,
        sweep=sweep,
    )


def check_clock(account: AccountFacts, now: datetime) -> None:
    """Raises Wait where our clock and Twilio's differ too much to decide what has expired."""
    if abs(account.server_time - now) > MAX_CLOCK_SKEW:
        raise Wait(
            Reason.CLOCK_SKEW,
            "The operator's clock and Twilio's differ by more than five minutes, so nothing is listed as deleted and "
            "nothing expires. Set the clock of the operator's node.",
            after=60.0,
        )


def newest(twilio: TwilioClient, locator: Locator) -> Newest:
    """Where the newest recording with audio was put; a soft-deleted one tells as well as a living one."""
    dated = [(one.created_at, one) for one in twilio.recordings(page_size=NEWEST).recordings]
    for created, recording in sorted(dated, key=lambda pair: pair[0] or _LONG_AGO, reverse=True):
        location = locator.locate(recording.media_url)
        if location.place in _SIDES:
            return Newest(_SIDES[location.place], created, location.bucket)
    return Newest(Side.UNKNOWN)


def _bucket(bucket: BucketClient | None, desired: Desired) -> BucketFacts | None:
    """The bucket's facts; None for one that does not exist yet and is ours to make."""
    facts = bucket.describe() if bucket else None
    if bucket and facts is None and desired.backend is Backend.TWILIO and desired.s3:
        raise Wait(
            Reason.BUCKET_MISSING,
            f"Bucket {desired.s3.name} does not exist. With backend Twilio it is only watched, not made: correct "
            "spec.s3, or take it out if no recordings are kept in a bucket any more.",
        )
    return facts
