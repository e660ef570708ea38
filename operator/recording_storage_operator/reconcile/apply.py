"""Applying a plan: one function per action, each of which may be repeated."""

from datetime import datetime

from ..core.plan import (
    Action,
    CreateBucket,
    EnableVersioning,
    ExpireEntries,
    Plan,
    RecordDeletions,
    Reschedule,
    WithdrawDeletions,
)
from .ledger_book import LedgerBook
from .ports import BucketClient
from .sweep import Sweeper


class Applier:
    """What actions act on."""

    def __init__(self, bucket: BucketClient | None, book: LedgerBook, sweeper: Sweeper) -> None:
        self._bucket = bucket
        self._book = book
        self._sweeper = sweeper

    def apply(self, plan: Plan, now: datetime) -> None:
        """All actions in order. Raises at the first that fails; those before it stay applied."""
        for action in plan.actions:
            self._apply(action, now)

    def _apply(self, action: Action, now: datetime) -> None:
        match action:
            case CreateBucket() if self._bucket:
                self._bucket.create()
            case EnableVersioning() if self._bucket:
                self._bucket.enable_versioning()
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
            case _:
                raise AssertionError(f"{action} needs a bucket, and this resource has none")
