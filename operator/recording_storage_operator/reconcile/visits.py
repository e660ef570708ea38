"""What is remembered of a resource from turn to turn. All of it can be lost: a restart only sweeps again."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from ..core.clock import Clock
from ..core.desired import Desired
from ..core.errors import ReconcileError, Transient, Wait
from ..core.ledger import SETTLED, Slice
from ..core.standing import Standing
from ..core.work import Key
from ..core.writer import WriterFacts
from .inputs import SECRET_CHECK, Credentials
from .sweep import Sweeper

COALESCE = 30.0
"""Seconds by which the ledger may trail an expiry, so that 25,000 expiries a day are not as many writes."""

JITTER = 0.1
"""Of the sweep interval, stable per resource: resources made together do not sweep together for ever."""

SHOWN_FAILURES = 2
"""A transient fault shows in conditions from the second failure in a row on, so that a blip does not flap them."""

BUCKET_CHECK = 60.0
"""Seconds until a bucket that waits for approval, or for a person, is looked for again."""

MAX_BACKOFF = 300.0
"""Seconds between attempts at a sweep that keeps failing, however many turns it takes to fail."""

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What passes have found out by trying: settings that the server does not take, by path, with its reason; and
    since when, by Twilio's clock, a replaced key pair is refused, by name, and which pairs Twilio knew last.
    """

    unwritable: dict[str, str] = field(default_factory=dict)
    refused_since: dict[str, datetime] = field(default_factory=dict)
    writers: dict[tuple[str, str], WriterFacts] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """One resource's memory. Times are on the monotonic clock, in seconds.

    `settled` says that the last pass went through, so that there is nothing to do until something is due.
    `bucket_awaited` says that the bucket is still to be approved: until then sweeps see the account alone.
    `creation_refused` says that the bucket could not be made for a known reason. `secret_awaited` says that the
    writer's Secret does not work: all else goes on, and the Secret is looked at. `standing` is None before the first
    status.
    """

    uid: str
    sweeper: Sweeper
    spread: float
    asked: tuple[object, ...] = ()
    credentials: Credentials | None = None
    settled: bool = False
    failures: int = 0
    paused_until: float = 0.0
    sweep_due: float = 0.0
    sweep_error: ReconcileError | None = None
    expiry_due: float = FOREVER
    ledger_changed: float = -FOREVER
    retry_due: float = FOREVER
    stops: int = 0
    learnt: Learnt = field(default_factory=Learnt)
    bucket_awaited: bool = False
    creation_refused: bool = False
    secret_awaited: bool = False
    standing: Standing | None = None

    def enter(self, asked: tuple[object, ...], credentials: Credentials, now: float) -> None:
        """Begin a turn. Whatever a person has changed ends every pause and makes a sweep due.

        New credentials alone do not end a sweep that is under way: a session token may live shorter than that.
        """
        if (asked, credentials) == (self.asked, self.credentials):
            return
        self.sweeper.running = self.sweeper.running and asked == self.asked
        self.asked, self.credentials = asked, credentials
        self.settled, self.paused_until, self.failures = False, 0.0, 0
        self.sweep_due, self.sweep_error = now, None
        self.retry_due, self.stops, self.creation_refused = FOREVER, 0, False
        self.learnt.unwritable.clear()

    def wait(self, now: float) -> float:
        """Seconds until there is something to do; while paused, until the Secrets are to be looked at again."""
        if now < self.paused_until:
            return min(self.paused_until - now, SECRET_CHECK)
        if not self.settled or self.sweeper.running:
            return 0.0
        due = max(min(self.sweep_due, self.expiry_due, self.retry_due) - now, 0.0)
        return min(due, SECRET_CHECK) if self.secret_awaited else due

    @property
    def pass_due(self) -> float:
        """When a pass is due that does not wait for a sweep."""
        return min(self.expiry_due, self.retry_due)

    def sweep_is_due(self, now: float) -> bool:
        """Whether a sweep is to start, or under way."""
        return self.sweeper.running or now >= self.sweep_due

    def swept(self, desired: Desired, now: float) -> None:
        """A sweep finished: the next one is an interval away."""
        self.sweep_error = None
        self.sweep_due = now + desired.sweep_interval.total_seconds() * (1 + JITTER * self.spread)

    def sweep_failed(self, error: ReconcileError) -> None:
        """A sweep could not go on. What a passing fault interrupted is taken up again; all else begins anew."""
        self.sweep_error = error
        self.sweeper.running = self.sweeper.running and isinstance(error, Transient)

    def suspended(self) -> None:
        """Whatever is under way ends; taking it up again begins anew."""
        self.asked, self.credentials = (), None
        self.sweeper.running = False

    def succeeded(self, ledger: tuple[Slice, ...], changed: bool, now: datetime, monotonic: float) -> None:
        """A pass went through; the ledger stands as given."""
        self.settled, self.paused_until = True, 0.0
        self.sweeper.recount()
        if not self.sweep_is_due(monotonic):
            self.failures = 0
        if changed:
            self.ledger_changed = monotonic
        expiries = [part.first_expiry for part in ledger if part.day != SETTLED]
        self.expiry_due = FOREVER
        if expiries:
            exact = monotonic + (min(expiries) - now).total_seconds()
            self.expiry_due = max(exact, self.ledger_changed + COALESCE)

    def failed(self, error: ReconcileError, now: float) -> None:
        """A pass did not go through: count it, and pause where trying again would not help."""
        self.settled = False
        self.failures += 1
        if isinstance(error, Transient):
            self.paused_until = now + max(error.retry_after or 0.0, min(2.0 ** (self.failures - 1), MAX_BACKOFF))
        else:
            self.paused_until = now + error.after if isinstance(error, Wait) else FOREVER
            self.failures = max(self.failures, SHOWN_FAILURES)

    def changed(self, stopped: ReconcileError | None, now: float) -> None:
        """Effects were applied, up to an error: only what may help is tried again, and sweeps go on meanwhile."""
        self.stops = self.stops + 1 if stopped else 0
        self.retry_due = FOREVER
        if isinstance(stopped, Wait):
            self.retry_due = now + stopped.after
        elif isinstance(stopped, Transient):
            self.retry_due = now + max(stopped.retry_after or 0.0, min(2.0 ** (self.stops - 1), MAX_BACKOFF))

    def bucketless(self, now: float) -> None:
        """There is no bucket yet, so nothing to sweep: look again when a change is tried again, or after a while."""
        self.settled = False
        self.paused_until = min(self.retry_due, now + BUCKET_CHECK)

    @property
    def shown_sweep_error(self) -> ReconcileError | None:
        """What keeps sweeps from finishing, once it has lasted long enough to be shown."""
        return self.sweep_error if self.shows_failure else None

    @property
    def shows_failure(self) -> bool:
        """Whether the failure has lasted long enough to be shown."""
        return self.failures >= SHOWN_FAILURES


@dataclass
class Visits:
    """The memories of all resources. Each is used by the one worker that has its key."""

    work_dir: Path
    clock: Clock
    random: Random
    _by_key: dict[Key, Visit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remove what a killed process left: perhaps half a transaction, perhaps of a resource that is gone."""
        for left in self.work_dir.glob("*.sqlite"):
            left.unlink(missing_ok=True)

    def of(self, key: Key, uid: str) -> Visit:
        """The memory of a resource, made at the first visit; a namesake of a deleted one begins afresh."""
        visit = self._by_key.get(key)
        if visit is None or visit.uid != uid:
            self.drop(key)
            sweeper = Sweeper(self.work_dir / f"{uid}.sqlite", self.clock)
            visit = self._by_key[key] = Visit(uid, sweeper, self.random.random())
        return visit

    def standings(self) -> list[tuple[Key, Standing]]:
        """Of all resources that have a status. Any thread may ask."""
        return [(key, visit.standing) for key, visit in list(self._by_key.items()) if visit.standing]

    def drop(self, key: Key) -> None:
        """The resource is gone, or on its way out."""
        visit = self._by_key.pop(key, None)
        if visit:
            visit.sweeper.close()
