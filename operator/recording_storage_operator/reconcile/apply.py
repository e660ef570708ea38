"""Applying a plan: one function per action, each of which may be repeated."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..core.bucket_settings import Part
from ..core.effects import NO_BUCKET, Effect, Kind
from ..core.errors import ReconcileError, Transient, told_of
from ..core.plan import Action, ExpireEntries, RecordDeletions, Reschedule, WithdrawDeletions
from ..core.reasons import Reason
from .ledger_book import LedgerBook
from .ports import BucketAdmin, BucketClient
from .sweep import Sweeper
from .writer import Writer

log = logging.getLogger(__name__)


class Bookkeeper:
    """Applies the actions on the ledger."""

    def __init__(self, book: LedgerBook, sweeper: Sweeper) -> None:
        self._book = book
        self._sweeper = sweeper

    def apply(self, actions: Iterable[Action], now: datetime) -> None:
        """All actions in order. Raises at the first that fails; those before it stay applied."""
        for action in actions:
            self._apply(action, now)

    def _apply(self, action: Action, now: datetime) -> None:
        match action:
            case RecordDeletions(day):
                self._book.record(day, self._sweeper.findings.found(day))
                self._sweeper.findings.recorded(day)
            case WithdrawDeletions(day):
                self._book.withdraw(day, self._sweeper.findings.withdrawn(day))
                self._sweeper.findings.taken_out(day)
            case ExpireEntries(name):
                self._book.expire(name, now)
            case Reschedule(name):
                self._book.reschedule(name)


@dataclass(frozen=True, slots=True)
class Changer:
    """Applies effects on the bucket and the account. `unwritable` takes, by path, what the server has not. `owner` is
    who it is done for, in the log.
    """

    bucket: BucketClient | None
    admin: BucketAdmin | None
    writer: Writer | None
    unwritable: dict[str, str]
    owner: str = ""

    def apply(self, effects: Iterable[Effect]) -> ReconcileError | None:
        """All in order. Returns the error at which it stopped, which says at what; those before it stay applied."""
        for effect in effects:
            try:
                self._apply(effect)
            except ReconcileError as error:
                if error.reason is not Reason.NOT_SUPPORTED:
                    return told_of(error, f"To {effect.summary}")
                self.unwritable[effect.path] = error.message
            else:
                log.info("%s: done: %s (was: %s)", self.owner, effect.summary, effect.have)
        return None

    def _apply(self, effect: Effect) -> None:
        match effect.kind:
            case Kind.CREATE_BUCKET if self.admin:
                self._create(self.admin)
            case Kind.ADOPT_BUCKET:
                pass  # that it was agreed to is remembered in status; the bucket itself stays as it is
            case Kind.CHANGE_SETTING if self.admin and effect.part:
                self._set(self.admin, effect.part, effect)
            case Kind.REGISTER_WRITER_KEY if self.writer:
                self.writer.register()
            case Kind.REMOVE_WRITER_KEY if self.writer:
                self.writer.remove(effect.target)
            case _:
                raise AssertionError(f"{effect} needs a bucket or a writer, and this resource has none")

    def _create(self, admin: BucketAdmin) -> None:
        """Look once more: to S3, making a bucket that is there already is success, and it would pass for ours."""
        if self.bucket is not None and self.bucket.describe() is not None:
            raise Transient(Reason.WORLD_MOVED, "The bucket is there now; a new plan is made of it.")
        admin.create()

    def _set(self, admin: BucketAdmin, part: Part, effect: Effect) -> None:
        """Read afresh: S3 replaces a document as a whole, so what others have put there since is not to be lost."""
        reading = admin.read(part.aspect)
        if reading.obstacle is not None:
            return  # what the next look at it says
        have = part.have(reading.document)
        if have == part.want:
            return
        if effect.have not in (have, NO_BUCKET):
            raise Transient(
                Reason.WORLD_MOVED,
                f"{part.path} was changed by somebody else since the plan was made; a new plan is made of it.",
            )
        admin.write(part.aspect, part.put(reading.document))
