"""What would have to change in the account and the bucket for all to be as wanted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from .approval import Memory, Proposal
from .bucket_settings import ABSENT, CREATED_BY, Part, Risk, SecureTransport, Tag, parts_of, speaks_tls
from .desired import Backend, Bucket, Desired
from .effects import NO_BUCKET, Effect, Identity, Kind, Skipped
from .facts import Aspect, BucketFacts, Obstacle, Reading
from .writer import WriterFacts

BUCKET_PATH = "bucket"
WRITER_PATH = "writerCredential"

EXISTS, SHARED = "exists", "exists, shared with others"
"""What a bucket is wanted to do. One that held other people's objects when it was adopted is theirs, too, for good."""

MAX_HAVE = 60
"""Characters of a present value that a sentence still tells; `status.drift` has all of it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a bucket, as far as its first page of versions shows it: keys of recordings of the account, others.

    `foreign` are those of the others that somebody else may need: all but small texts, such as the one with which
    Twilio tries a bucket out (guide to storing video: a .txt; its name is not documented).
    """

    recordings: int
    others: int
    more: bool
    foreign: int = 0

    @property
    def kind(self) -> str:
        """What an approval of adopting it is about: counts change all the time, and nobody wants to approve them."""
        told = [name for name, count in (("recordings", self.recordings), ("other objects", self.others)) if count]
        return " and ".join(told) or "nothing"

    @property
    def is_shared(self) -> bool:
        """Whether somebody else may need what is there; of what was not seen nobody knows."""
        return self.foreign > 0 or self.more

    @property
    def is_empty(self) -> bool:
        return not (self.recordings or self.others or self.more)

    @property
    def sentence(self) -> str:
        """For people."""
        least = "at least " if self.more else ""
        recordings = f"{self.recordings} recording{'s' if self.recordings != 1 else ''} of this account"
        return f"{least}{recordings}, {self.others} other object{'s' if self.others != 1 else ''}"


class Seen(Protocol):
    """The part of what a pass observed that a proposal is made of."""

    @property
    def bucket(self) -> BucketFacts | None: ...

    @property
    def settings(self) -> Mapping[Aspect, Reading]: ...

    @property
    def content(self) -> Content | None: ...

    @property
    def writer(self) -> WriterFacts | None: ...

    @property
    def guest_of(self) -> str: ...

    @property
    def unwritable(self) -> Mapping[str, str]: ...


Finding = Effect | Skipped | tuple[str, str]
"""Something to change, something that cannot be looked at, or a path and what it is: as wanted."""


def identity_of(desired: Desired) -> Identity:
    """The account and the bucket."""
    bucket = desired.s3
    if bucket is None:
        return Identity(desired.twilio.account_sid)
    return Identity(desired.twilio.account_sid, bucket.endpoint_url, bucket.name, bucket.region)


def propose(desired: Desired, seen: Seen, memory: Memory) -> Proposal:
    """A bucket that merely stays watched (backend Twilio) is neither made nor changed."""
    found: list[Finding] = []
    unseen: tuple[str, ...] = ()
    if desired.backend is Backend.S3 and desired.s3 is not None:
        found += [_bucket(desired, desired.s3, seen, memory), *_settings(desired, seen, memory)]
        found += _writer(seen.writer) if seen.writer else ()
        unseen = (WRITER_PATH,) if desired.s3.writer_secret and not seen.writer else ()
    effects = tuple(one for one in found if isinstance(one, Effect))
    settled = dict(one for one in found if isinstance(one, tuple))
    return Proposal(
        identity=identity_of(desired),
        effects=effects,
        replaced=bool(_kept(memory, identity_of(desired))) and any(one.kind is Kind.ADOPT_BUCKET for one in effects),
        shared=settled.get(BUCKET_PATH) == SHARED or any(one.want == SHARED for one in effects),
        settled=settled,
        skipped=tuple(one for one in found if isinstance(one, Skipped)),
        unseen=unseen,
    )


def is_unknown(desired: Desired, memory: Memory, settings: Mapping[Aspect, Reading]) -> bool:
    """Whether somebody has to look at what is in the bucket: it was neither made nor adopted, as far as is known.

    One that was made and has lost the tag that says so, or does not show it, may be another of the same name. Where
    making it was begun and broken off, somebody else may have made it meanwhile.
    """
    identity, mark = identity_of(desired), _mark(desired)
    if not _kept(memory, identity):
        return True
    tags = settings.get(mark.aspect)
    marked = memory.has_seen(identity, mark.path, mark.want)
    return marked and tags is not None and (tags.obstacle is not None or mark.have(tags.document) != mark.want)


def wanted_parts(desired: Desired, memory: Memory, *, exists: bool, guest: bool) -> list[Part]:
    """The settings to keep. A guest in a shared bucket keeps what concerns its own recordings alone."""
    identity, mark = identity_of(desired), _mark(desired)
    ours = not exists or any(known(identity, mark.path, mark.want) for known in (memory.has_seen, memory.expects))
    parts = parts_of(desired, made_by_us=ours)
    return [part for part in parts if part.aspect is Aspect.LIFECYCLE] if guest else parts


def _mark(desired: Desired) -> Tag:
    return Tag(CREATED_BY, desired.owner)


def _kept(memory: Memory, identity: Identity) -> str:
    """What a bucket is known as that was made or adopted; empty for none."""
    return next((want for want in (EXISTS, SHARED) if memory.has_seen(identity, BUCKET_PATH, want)), "")


def _bucket(desired: Desired, bucket: Bucket, seen: Seen, memory: Memory) -> Finding:
    kept = _kept(memory, identity_of(desired))
    if seen.bucket is None:
        summary = f"create bucket {bucket.name} in {bucket.region}"
        return Effect(Kind.CREATE_BUCKET, BUCKET_PATH, NO_BUCKET, kept or EXISTS, Risk.SAFE, summary)
    if seen.content is None or not _is_to_adopt(desired, seen, memory):
        return BUCKET_PATH, kept or EXISTS
    summary = f"adopt bucket {bucket.name}, which holds {seen.content.sentence}"
    want = SHARED if seen.content.is_shared else EXISTS
    return Effect(Kind.ADOPT_BUCKET, BUCKET_PATH, f"holds {seen.content.kind}", want, Risk.SAFE, summary)


def _is_to_adopt(desired: Desired, seen: Seen, memory: Memory) -> bool:
    """An empty bucket whose making was broken off is the one that was made. Of one that was made or adopted only what
    others have put into it shows that it is another; without that merely its tag was lost.
    """
    if seen.content is None or not is_unknown(desired, memory, seen.settings):
        return False
    identity = identity_of(desired)
    if _kept(memory, identity):
        return seen.content.foreign > 0
    begun = any(memory.expects(identity, BUCKET_PATH, want) for want in (EXISTS, SHARED))
    return not (begun and seen.content.is_empty)


def _is_mark_of_another(part: Part, desired: Desired, seen: Seen, memory: Memory) -> bool:
    """Whether it is the tag that says who made the bucket, and it is not known any more that we did."""
    if seen.bucket is None or part.path != _mark(desired).path or seen.content is None:
        return False
    tags = seen.settings.get(part.aspect)
    shown = tags is not None and tags.obstacle is None
    lost = shown and bool(_kept(memory, identity_of(desired))) and is_unknown(desired, memory, seen.settings)
    return lost or _is_to_adopt(desired, seen, memory)


def _settings(desired: Desired, seen: Seen, memory: Memory) -> Iterator[Finding]:
    exists = seen.bucket is not None
    for part in wanted_parts(desired, memory, exists=exists, guest=bool(seen.guest_of)):
        if _is_mark_of_another(part, desired, seen, memory):
            continue
        finding = _setting(part, seen.settings.get(part.aspect) if exists else None)
        refused = seen.unwritable.get(part.path) if isinstance(finding, Effect) else None
        yield Skipped(part.path, Obstacle.UNSUPPORTED, refused) if refused else finding
    if desired.s3 and desired.s3.settings.require_tls and not speaks_tls(desired.s3) and not seen.guest_of:
        message = "the endpoint is plain http: a policy that demands TLS would lock everybody out"
        yield Skipped(SecureTransport.path, Obstacle.UNSUPPORTED, message)


def _setting(part: Part, reading: Reading | None) -> Finding:
    if reading is not None and reading.obstacle is not None:
        return Skipped(part.path, reading.obstacle, reading.advice)
    have = NO_BUCKET if reading is None else part.have(reading.document)
    # A new bucket has nothing of ours, so what shall be absent is.
    if have == part.want or (reading is None and part.want == ABSENT):
        return part.path, part.want
    return Effect(Kind.CHANGE_SETTING, part.path, have, part.want, part.risk, _change(part, have), part)


def _change(part: Part, have: str) -> str:
    if have in (ABSENT, NO_BUCKET) or len(have) > MAX_HAVE:
        return part.does
    return f"{part.does} (now: {have})"


def _writer(writer: WriterFacts) -> Iterator[Finding]:
    if writer.denied:
        yield Skipped(WRITER_PATH, Obstacle.DENIED, writer.denied)
        return
    if any(one.name == writer.wanted for one in writer.registered):
        yield WRITER_PATH, writer.wanted
    else:
        summary = f"register the writer's key pair at Twilio as {writer.wanted!r}"
        yield Effect(Kind.REGISTER_WRITER_KEY, WRITER_PATH, ABSENT, writer.wanted, Risk.SAFE, summary)
    for one in writer.removable:
        summary = f"remove the replaced key pair {one.name!r} from Twilio: S3 no longer accepts it"
        path = f"{WRITER_PATH}.{one.sid}"
        yield Effect(Kind.REMOVE_WRITER_KEY, path, one.name, ABSENT, Risk.DISRUPTIVE, summary, target=one.sid)
