"""A sweep: reads every recording and every object of a resource, in small steps, and compares them with the ledger.

It writes nothing outside its own file. A step is one request or one batch of rows, so a sweep of a million
recordings yields within a second to an edit, a deletion or a stop. A failed step is tried again from where it
stood; a sweep that keeps failing starts over, because a page token of Twilio's does not live for ever.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from ..core.clock import Clock
from ..core.deletions import (
    Memory,
    State,
    implausible,
    is_awaited,
    judge,
    needs_bucket,
    needs_twilio,
    only_absent,
    over_already,
    revise,
    still_shown,
)
from ..core.errors import Transient, Wait
from ..core.ledger import SETTLED, expiry_day
from ..core.reasons import Reason
from ..core.recordings import Location, Locator, Place, Recording
from ..core.sweeps import BucketPlace, Feed, Sweep
from .findings import Findings
from .gathered import Gathered, Row
from .observe import check_clock
from .ports import BucketClient, LedgerStore, TwilioClient

FEED_KEPT = timedelta(days=30) - timedelta(hours=1)
"""Twilio Monitor keeps events and alerts for 30 days (13 months in some editions) and refuses to look further back."""

FEED_OVERLAP = timedelta(days=1)
"""Events arrive late: each sweep reads the last day of the feed again."""

MAX_FAILURES = 3
"""So many failures of one step, and the sweep starts over instead of repeating it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to sweep, and with what. `bucket` is None where the resource watches none.

    `accepted_loss` is the id of a loss that a person has confirmed, empty without. `doubtful` is how many
    recordings earlier sweeps, also of a process before this, did not believe to be gone. `place` is the bucket to
    watch, also while there is none yet, and `swept_servers` where the last sweep of a bucket found one, None where
    there was none.
    """

    twilio: TwilioClient
    bucket: BucketClient | None
    ledger: LedgerStore
    locator: Locator
    key_prefix: str
    metadata_days: int
    accepted_loss: str = ""
    doubtful: int = 0
    place: BucketPlace | None = None
    swept_servers: str | None = None


class Sweeper:
    """The sweeps of one resource, one after the other. `latest` is the last finished one."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._db: sqlite3.Connection | None = None
        self._events_read_until: datetime | None = None
        self._place: BucketPlace | None = None
        self._doubts = False
        self.latest: Sweep | None = None
        self.running = False
        self._phase = self._failures = 0
        self._cursor = ""

    def start(self, scope: Scope) -> None:
        """Begin a sweep, dropping one that is under way."""
        self._scope = scope
        forgotten = self.latest is None or not self._path.exists()
        self._open()
        before = self._place.servers if self._place else scope.swept_servers
        if scope.place and before is not None and scope.place.servers != before:
            # A URL of Twilio's names a bucket and no server that stands in for S3: what was seen was another's.
            self._doubts = True
            self._gathered.forget_seen()
        self._place = scope.place or self._place
        # Which ones they were, only the sweep that doubted them knew.
        self._doubts = self._doubts or (forgotten and scope.doubtful > 0)
        self.running = True
        self._restart()

    def go_on(self, scope: Scope) -> None:
        """Use these clients from here on: credentials may be new. What is swept stays what it was at the start."""
        self._scope = replace(self._scope, twilio=scope.twilio, bucket=self._scope.bucket and scope.bucket)

    def advance(self, should_yield: Callable[[], bool]) -> bool:
        """Work until done, or until asked to yield. True once finished: then `latest` holds the result."""
        while self.running:
            self._step()
            if self.running and should_yield():
                return False
        return True

    def close(self) -> None:
        """Forget everything, also on disk."""
        self._let_go()
        self._path.unlink(missing_ok=True)

    def recount(self) -> None:
        """Take anew what waits to be changed in the ledger, after some of it was.

        With nothing left the file is let go until the next sweep: a thousand resources at rest hold no handle.
        """
        # What a sweep that was given up had found so far was never weighed.
        if self.latest and self._db and self._phase == len(self._phases):
            found, withdrawn = self.findings.by_day()
            self.latest = replace(self.latest, found=found, withdrawn=withdrawn)
            if not (found or withdrawn):
                self._let_go()

    def _open(self) -> None:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Workers take turns on a key, never at once, so the connection may wander between their threads.
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            # A lost sweep is made again: durability would only cost time. Taking a step back has to work, though.
            self._db.executescript("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;")
            self._gathered = Gathered(self._db)
            self.findings = Findings(self._db)

    def _let_go(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    @property
    def _phases(self) -> tuple[Callable[[str], str | None], ...]:
        """In order; each is repeated with the cursor it returned, until that is None."""
        return (
            self._check_account,
            self._list_recordings,
            self._find_folders,
            self._list_objects,
            self._read_events,
            self._read_alerts,
            self._read_ledger,
            self._confirm,
            self._check_account,
            self._judge,
            self._weigh,
            self._finish,
        )

    def _step(self) -> None:
        phases = self._phases
        try:
            with self._gathered.together():
                following = phases[self._phase](self._cursor)
        except Exception as error:
            self._failures += 1
            if self._failures == MAX_FAILURES or getattr(error, "reason", "") == Reason.LISTING_INCONSISTENT:
                self._restart()
            raise
        self._failures = 0
        self._cursor = following or ""
        self._phase += following is None
        self.running = self._phase < len(phases)

    def _restart(self) -> None:
        self._gathered.clear()
        self.findings.clear()
        if self.latest:
            self.latest = replace(self.latest, found={}, withdrawn={})
        self._phase = self._failures = 0
        self._cursor = ""
        self._started_at = self._clock.now()
        self._folders: tuple[str, ...] = ()
        self._counts: Counter[str] = Counter()
        self._implausible = 0
        self._unread: dict[Feed, str] = {}
        self._doubt_of_alerts = ""
        self._followed: set[str] = set()

    def _check_account(self, _cursor: str) -> None:
        """A suspended account refuses all else with a misleading answer; a wrong clock would time deletions wrongly."""
        check_clock(self._scope.twilio.account(), self._clock.now())

    def _list_recordings(self, cursor: str) -> str | None:
        page = self._scope.twilio.recordings(cursor or None)
        new = self._gathered.add_recordings([self._located(recording) for recording in page.recordings])
        if page.next_page and not new:
            raise Transient(
                Reason.LISTING_INCONSISTENT,
                "Twilio's list of recordings goes round in circles: a whole page held nothing but recordings of "
                "earlier pages. Nothing was recorded as deleted; the list is read again.",
            )
        return page.next_page

    def _find_folders(self, _cursor: str) -> None:
        """Where no prefix is named, or a part of it, Twilio may write under any path, and may have changed it."""
        if self._scope.bucket is None:
            return
        own = self._scope.key_prefix
        self._folders = (own, *self._gathered.folders(own, PurePosixPath(own).name))

    def _list_objects(self, cursor: str) -> str | None:
        if self._scope.bucket is None:
            return None
        number, _, following = cursor.partition(" ")
        at = int(number or 0)
        page = self._scope.bucket.versions(self._folders[at], following or None)
        self._gathered.add_versions(page.versions)
        if page.next_page:
            return f"{at} {page.next_page}"
        return f"{at + 1}" if at + 1 < len(self._folders) else None

    def _read_events(self, cursor: str) -> str | None:
        try:
            page = self._scope.twilio.deletion_events(self._feed_start(), cursor or None)
        except Wait as error:
            self._unread[Feed.EVENTS] = error.message
            return None
        self._gathered.add_events(page.events)
        if page.next_page is None:
            self._events_read_until = self._started_at
        return self._onward(cursor, page.next_page)

    def _read_alerts(self, cursor: str) -> str | None:
        if self._scope.bucket is None:
            return None
        since = self._started_at - FEED_KEPT
        try:
            page = self._scope.twilio.upload_alerts(since, cursor or None)
        except Wait as error:
            self._unread[Feed.ALERTS] = error.message
            return None
        self._gathered.add_alerts(page.alerts)
        self._doubt_of_alerts = page.doubt or self._doubt_of_alerts
        return page.next_page

    def _onward(self, cursor: str, following: str | None) -> str | None:
        """The next page of events: one that was read already would lead round for ever."""
        self._followed.add(cursor)
        if following in self._followed:
            raise Transient(
                Reason.LISTING_INCONSISTENT,
                "A list of Twilio Monitor goes round in circles: it leads to a page that was read before. Nothing was "
                "recorded as deleted; it is read again.",
            )
        return following

    def _read_ledger(self, _cursor: str) -> None:
        self._gathered.forget_ledger()
        for part in self._scope.ledger.slices():
            self.findings.withdraw(self._gathered.add_slice(part))
        self._gathered.index()

    def _confirm(self, cursor: str) -> str | None:
        now = self._clock.now()
        bucket = self._scope.bucket
        batch = self._gathered.unlisted(cursor)
        for row in batch:
            if needs_twilio(row.evidence, row.memory, self._horizon(now)):
                self._ask_twilio(row)
            elif bucket and (needs_bucket(row.evidence, row.memory, now) or self._lies_outside(row)):
                self._gathered.confirm_in_bucket(row.evidence.sid, bucket.has(row.key))
        return batch[-1].evidence.sid if batch else None

    def _lies_outside(self, row: Row) -> bool:
        """Whether no listing says anything of it: it is in no folder of the account's."""
        return row.evidence.place is Place.WATCHED_BUCKET and not row.key.startswith(self._folders)

    def _ask_twilio(self, row: Row) -> None:
        recording = self._scope.twilio.recording(row.evidence.sid)
        if recording is None:
            self._gathered.confirm_not_at_twilio(row.evidence.sid)
        else:
            self._gathered.add_recordings([self._located(recording)])

    def _judge(self, cursor: str) -> str | None:
        now = self._clock.now()
        batch = self._gathered.rows(cursor)
        for row in batch:
            self._compare(row, now)
        return batch[-1].evidence.sid if batch else None

    def _horizon(self, now: datetime) -> datetime:
        """Of what was deleted up to then, the metadata is purged."""
        return now - timedelta(days=self._scope.metadata_days)

    def _compare(self, row: Row, now: datetime) -> None:
        horizon = self._horizon(now)
        verdict = judge(row.evidence, now, horizon)
        sid, known = row.evidence.sid, row.memory.entry
        settled = row.memory.settled is not None and still_shown(verdict, row.evidence, horizon)
        entry = revise(row.memory, verdict, row.evidence, horizon)
        if row.memory.settled and (entry or not settled):
            self.findings.withdraw([(sid, SETTLED)])
        state = State.DELETED if entry or settled else verdict.state
        self._counts[state] += 1
        if state is State.UNTRACED:
            self.findings.refuse(sid)
        if verdict.entry and over_already(row.memory, verdict, row.evidence, now, horizon):
            self.findings.record(verdict.entry, SETTLED)
        suspect = row.memory == Memory() and entry is not None and only_absent(row.evidence, entry.precision)
        if suspect or is_awaited(row.evidence, verdict.state):
            self.findings.miss(sid)
        if entry == known:
            return
        day = expiry_day(entry, self._scope.metadata_days) if entry else ""
        if entry:
            self.findings.record(entry, day, suspect)
        if known and day != row.day:
            self.findings.withdraw([(sid, row.day)])

    def _weigh(self, _cursor: str) -> None:
        """What is missing and too much to be believed is refused, unless a person has accepted exactly that loss.

        What was doubted once stays so: it must not become plausible with the next recordings made.
        """
        lost = self.findings.suspects()
        missed = lost + self._counts[State.UNTRACED]
        if lost and self._doubt_of_alerts:
            self._unread.setdefault(Feed.ALERTS, self._doubt_of_alerts)
        # Without the alerts, a missing object may as well be one that Twilio never managed to write.
        unknown = Feed.ALERTS in self._unread
        unproven = lost > 0 and not unknown and not self._gathered.holds_any()
        grave = unproven or implausible(missed, self._counts[State.IN_BUCKET])
        if grave or self._doubts:
            self._gathered.doubt(self.findings.missed())
        if self._doubts:
            self._gathered.doubt_elsewhere()
        self._implausible = missed if grave or self._gathered.is_doubtful() else 0
        if self._implausible or unknown:
            self.findings.refuse_suspects(told=self._implausible > 0)
            self._counts[State.UNDECIDED] += lost
            self._counts[State.DELETED] -= lost
        loss = self.findings.loss()
        if loss and loss == self._scope.accepted_loss:
            self._judge_again()

    def _judge_again(self) -> None:
        """A person says that what is missing was there: then only its deletion can have taken it away."""
        self._gathered.believe(self.findings.accept())
        self._counts.clear()
        # The step goes on to the phase behind this one.
        self._phase = self._phases.index(self._read_ledger) - 1

    def _finish(self, _cursor: str) -> None:
        found, withdrawn = self.findings.by_day()
        self._doubts = self._doubts and self._scope.bucket is None
        self.latest = Sweep(
            started_at=self._started_at,
            finished_at=self._clock.now(),
            metadata_days=self._scope.metadata_days,
            place=self._scope.place,
            servers=self._place.servers if self._place else self._scope.swept_servers,
            counts=dict(self._counts),
            found=found,
            withdrawn=withdrawn,
            implausible=self._implausible,
            doubtful=self._gathered.doubtful() or (self._scope.doubtful if self._doubts else 0),
            untraced=self._counts[State.UNTRACED],
            loss=self.findings.loss(),
            other_buckets=self._gathered.other_buckets(),
            unread=dict(self._unread),
        )

    def _feed_start(self) -> datetime:
        whole_feed = self._started_at - FEED_KEPT
        return max(whole_feed, self._events_read_until - FEED_OVERLAP) if self._events_read_until else whole_feed

    def _located(self, recording: Recording) -> tuple[Recording, Location]:
        return recording, self._scope.locator.locate(recording.media_url)
