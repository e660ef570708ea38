"""Observing: reads everything a plan needs, once, and changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..core.approval import Memory
from ..core.desired import Backend, Desired, Management
from ..core.errors import ReconcileError, Transient, Wait
from ..core.facts import AccountFacts, Aspect, BucketFacts, Reading
from ..core.ledger import Slice
from ..core.plan import Newest, Observed, Side
from ..core.proposal import Content, is_unknown, wanted_parts
from ..core.reasons import Reason
from ..core.recordings import Locator, Place, Recording, sid_of_key
from ..core.sweeps import Sweep
from ..core.writer import WriterFacts
from .ports import BucketAdmin, BucketClient, TwilioClient
from .writer import Arrivals, Writer

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""More than any healthy pair of clocks differs. A wrong clock would let entries expire early."""

NEWEST = 100
"""Recordings looked at to see where new ones land: the newest may all be unfinished or without audio."""

LOOKED_AT = 10
"""Pages of 1000 versions looked at before a bucket is adopted: what lies behind them may be other people's."""

SMALL = 1024
"""Bytes: the text with which Twilio tries a bucket out has less."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_SIDES = {Place.TWILIO: Side.TWILIO, Place.WATCHED_BUCKET: Side.S3, Place.OTHER_BUCKET: Side.OTHER}


@dataclass(frozen=True, slots=True)
class World:
    """The clients of one pass, `admin` and `writer` where there is a bucket, or a key pair, to look after.

    `guest_of` names the older resource that keeps the settings of a shared bucket; `unwritable` has, by path, what the
    server is known not to take.
    """

    twilio: TwilioClient
    bucket: BucketClient | None
    locator: Locator
    admin: BucketAdmin | None = None
    writer: Writer | None = None
    guest_of: str = ""
    unwritable: Mapping[str, str] = field(default_factory=dict)
    writer_trouble: ReconcileError | None = None


def without_bucket(world: World) -> World:
    """The same without a bucket that was never there: what is in any bucket counts as elsewhere then."""
    return replace(world, bucket=None, locator=Locator(twilio_host=world.locator.twilio_host))


def observe(
    world: World, desired: Desired, memory: Memory, ledger: tuple[Slice, ...], sweep: Sweep | None, now: datetime
) -> Observed:
    """What is there. The account comes first: a suspended one refuses all else with a misleading answer."""
    account = world.twilio.account()
    check_clock(account, now)
    recordings = world.twilio.recordings(page_size=NEWEST).recordings
    bucket = _bucket(world, desired)
    settings = _settings(world, desired, memory) if bucket else {}
    writer, trouble = _writer(world, account, Arrivals(recordings, world.locator, world.bucket))
    return Observed(
        account=account,
        newest=newest(recordings, world.locator),
        bucket=bucket,
        ledger=ledger,
        sweep=sweep,
        settings=settings,
        content=_content(world, desired, memory, settings) if bucket else None,
        writer=writer,
        writer_trouble=world.writer_trouble or trouble,
        guest_of=world.guest_of,
        unwritable=world.unwritable,
    )


def _settings(world: World, desired: Desired, memory: Memory) -> dict[Aspect, Reading]:
    """Every aspect that a wanted setting is in."""
    if world.admin is None:
        return {}
    parts = wanted_parts(desired, memory, exists=True, guest=bool(world.guest_of))
    return {aspect: world.admin.read(aspect) for aspect in dict.fromkeys(part.aspect for part in parts)}


def _writer(
    world: World, account: AccountFacts, arrivals: Arrivals
) -> tuple[WriterFacts | None, ReconcileError | None]:
    """Key pairs are another service of Twilio's than recordings are: its faults are told, and keep nothing else."""
    if world.writer is None:
        return None, None
    try:
        return world.writer.facts(account, arrivals), None
    except Transient as error:
        return world.writer.last_known, error


def _content(world: World, desired: Desired, memory: Memory, settings: Mapping[Aspect, Reading]) -> Content | None:
    """What is in a bucket that is to be adopted; None for one that is ours already, or only looked at."""
    kept = desired.s3 is not None and desired.s3.management is Management.MANAGE
    if world.admin is None or world.bucket is None or not kept or not is_unknown(desired, memory, settings):
        return None
    return content_of(world.bucket, desired, LOOKED_AT)


def content_of(bucket: BucketClient, desired: Desired, pages: int = 1) -> Content:
    """What the first pages of versions show, deleted ones included."""
    recordings = others = foreign = 0
    following: str | None = None
    for _ in range(pages):
        page = bucket.versions("", following)
        strange = [one for one in page.versions if not (one.key.startswith(desired.key_prefix) and sid_of_key(one.key))]
        recordings += len(page.versions) - len(strange)
        others += len(strange)
        foreign += sum(not (one.key.endswith(".txt") and one.size <= SMALL) for one in strange)
        following = page.next_page
        if following is None:
            break
    return Content(recordings, others, following is not None, foreign)


def check_clock(account: AccountFacts, now: datetime) -> None:
    """Raises Wait where our clock and Twilio's differ too much to decide what has expired."""
    if abs(account.server_time - now) > MAX_CLOCK_SKEW:
        raise Wait(
            Reason.CLOCK_SKEW,
            "The operator's clock and Twilio's differ by more than five minutes, so nothing is listed as deleted and "
            "nothing expires. Set the clock of the operator's node.",
            after=60.0,
        )


def newest(recordings: Iterable[Recording], locator: Locator) -> Newest:
    """Where the newest recording with audio was put; a soft-deleted one tells as well as a living one."""
    dated = [(one.created_at, one) for one in recordings]
    for created, recording in sorted(dated, key=lambda pair: pair[0] or _LONG_AGO, reverse=True):
        location = locator.locate(recording.media_url)
        if location.place in _SIDES:
            return Newest(_SIDES[location.place], created, location.bucket)
    return Newest(Side.UNKNOWN)


def _bucket(world: World, desired: Desired) -> BucketFacts | None:
    """The bucket's facts; None for one that does not exist yet and is ours to make."""
    facts = world.bucket.describe() if world.bucket else None
    if facts is None and desired.s3:
        if desired.backend is Backend.TWILIO:
            raise Wait(
                Reason.BUCKET_MISSING,
                f"Bucket {desired.s3.name} does not exist. With backend Twilio it is only watched, not made: correct "
                "spec.s3, or take it out if no recordings are kept in a bucket any more.",
            )
        if desired.s3.management is Management.OBSERVE:
            raise Wait(
                Reason.BUCKET_MISSING,
                f"Bucket {desired.s3.name} does not exist, and with management Observe it is not made: make it, or set "
                "spec.s3.management to Manage.",
            )
        if world.guest_of:
            raise Wait(
                Reason.BUCKET_MISSING,
                f"Bucket {desired.s3.name} does not exist. RecordingStorage {world.guest_of} shares it, is older and "
                "therefore the one to make it: see in its conditions what that waits for (an approval, spec.suspend, a "
                "loss that is only reported), or name another bucket here.",
                after=60.0,
            )
    return facts
