"""The pass: observe -> plan -> apply -> status. One for every trigger: create, edit, Secret, timer, sweep, deletion."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..api.desired import to_desired
from ..core.clock import Clock
from ..core.desired import Desired
from ..core.errors import ReconcileError, Transient
from ..core.plan import Observed, Plan, plan
from ..core.reasons import Reason
from ..core.recordings import Locator
from ..core.status import Report, is_ready, status_for
from ..core.verdicts import Outcome as Ending
from ..core.work import Key, Outcome, Turn
from .apply import Applier
from .inputs import Credentials, Request
from .ledger_book import LedgerBook
from .observe import World, observe
from .ports import Clouds, Secrets, Storages
from .sweep import Scope
from .visits import Visit, Visits

log = logging.getLogger(__name__)

_DEFECT = "The operator has a defect: its log has the details. Nothing was recorded as deleted."


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world. `twilio_host` is the host of a base URL that stands in for Twilio's own hosts, or empty."""

    storages: Storages
    secrets: Secrets
    clouds: Clouds
    clock: Clock
    twilio_host: str = ""


class Reconciler:
    """Brings one resource a step nearer to its spec."""

    def __init__(self, ports: Ports, visits: Visits) -> None:
        self._ports = ports
        self._clock = ports.clock
        self._visits = visits

    def __call__(self, key: Key, turn: Turn) -> Outcome:
        """One turn of a key. Raises nothing but defects."""
        try:
            return self._visit(key, turn)
        except ReconcileError as error:
            # Only the API server is left to blame here, so there is no status to show it in.
            log.warning("The pass of %s could not be finished: %s", key, error.message)
            return Outcome(after=getattr(error, "retry_after", None), failed=True)

    def _visit(self, key: Key, turn: Turn) -> Outcome:
        obj = self._ports.storages.get(key)
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            self._visits.drop(key)
            if obj is not None:
                self._ports.storages.release(obj)
            return Outcome()
        self._ports.storages.hold(obj)
        request = Request.of(key, obj)
        visit = self._visits.of(key, request.uid)
        try:
            return self._enter(request, to_desired(obj), visit, turn)
        except ReconcileError as error:
            return self._fail(request, obj, visit, error)
        except Exception:  # the one place: whatever a defect is, it has to show
            log.exception("The pass of %s failed", key)
            return self._fail(request, obj, visit, Transient(Reason.INTERNAL_ERROR, _DEFECT))

    def _enter(self, request: Request, desired: Desired, visit: Visit, turn: Turn) -> Outcome:
        """Decide whether there is anything to do, and let a sweep work as long as the turn lasts."""
        if desired.suspend:
            self._report(request, Report(request.generation, "", desired, None, Plan(), Ending(suspended=True)))
            visit.suspended()
            return Outcome()
        credentials = Credentials.read(self._ports.secrets, request.key.namespace, desired)
        visit.enter(request.fingerprint(credentials), self._clock.monotonic())
        wait = visit.wait(self._clock.monotonic())
        if wait > 0:
            return Outcome(after=wait)
        world = self._connect(request, desired, credentials)
        # A sweep starts and goes on only behind a pass that went through: it may have had to make the bucket.
        # What expires meanwhile does not wait for its end.
        now = self._clock.monotonic()
        if visit.settled and visit.sweep_is_due(now) and now < visit.expiry_due:
            if not visit.sweeper.running:
                visit.sweeper.start(_scope(world, request, desired))
            if not self._sweep(desired, visit, turn):
                return Outcome(after=0.0)
        return self._pass(world, request, desired, visit)

    def _sweep(self, desired: Desired, visit: Visit, turn: Turn) -> bool:
        """Whether the sweep is done; its error stays shown until one is."""
        try:
            done = visit.sweeper.advance(turn.should_yield)
        except ReconcileError as error:
            visit.sweep_failed(error)
            raise
        if done:
            visit.swept(desired, self._clock.monotonic())
        return done

    def _pass(self, world: World, request: Request, desired: Desired, visit: Visit) -> Outcome:
        book = LedgerBook(world.ledger, f"{request.key.name}-{request.uid[:8]}", desired.metadata_days)
        observed = observe(world, desired, book, visit.sweeper.latest, self._clock.now())
        todo = plan(desired, observed, self._clock.now())
        if todo.actions:
            Applier(world.bucket, book, visit.sweeper).apply(todo, self._clock.now())
            visit.sweeper.recount()
            observed = observe(world, desired, book, visit.sweeper.latest, self._clock.now())
        self._report(request, self._reached(request, desired, observed, visit))
        visit.succeeded(book.slices, bool(todo.actions), self._clock.now(), self._clock.monotonic())
        return Outcome(after=visit.wait(self._clock.monotonic()))

    def _reached(self, request: Request, desired: Desired, observed: Observed, visit: Visit) -> Report:
        """What stands after applying; a request is handled once a sweep made after it has been worked in."""
        left = plan(desired, observed, self._clock.now())
        handled = "" if visit.sweep_is_due(self._clock.monotonic()) else request.requested_at
        ending = Ending(visit.shown_sweep_error, pending=bool(left.actions))
        return Report(request.generation, handled, desired, observed, left, ending)

    def _fail(self, request: Request, obj: Mapping[str, Any], visit: Visit, error: ReconcileError) -> Outcome:
        visit.failed(error, self._clock.monotonic())
        log.info("%s: %s: %s", request.key, error.reason, error.message)
        if visit.shows_failure or not is_ready(obj.get("status") or {}):
            self._report(request, Report(request.generation, "", None, None, Plan(), Ending(error=error)))
        if isinstance(error, Transient):
            return Outcome(after=error.retry_after, failed=True)
        return Outcome(after=visit.wait(self._clock.monotonic()))

    def _report(self, request: Request, report: Report) -> None:
        now = self._clock.now()
        self._ports.storages.write_status(
            request.key, request.uid, lambda fresh: status_for(fresh.get("status") or {}, report, now)
        )

    def _connect(self, request: Request, desired: Desired, credentials: Credentials) -> World:
        secret = credentials.require(desired)
        clouds = self._ports.clouds
        return World(
            twilio=clouds.twilio(desired.twilio, secret),
            bucket=clouds.bucket(desired.s3, credentials.bucket) if desired.s3 else None,
            ledger=clouds.ledger(request.key, request.uid),
            locator=Locator(
                bucket=desired.s3.name if desired.s3 else "",
                prefix=desired.s3.prefix if desired.s3 else "",
                endpoint=desired.s3.endpoint_url if desired.s3 else "",
                twilio_host=self._ports.twilio_host,
            ),
        )


def _scope(world: World, request: Request, desired: Desired) -> Scope:
    return Scope(
        twilio=world.twilio,
        bucket=world.bucket,
        ledger=world.ledger,
        locator=world.locator,
        key_prefix=f"{desired.s3.prefix if desired.s3 else ''}{desired.twilio.account_sid}/",
        metadata_days=desired.metadata_days,
        accept_missing=request.accept_missing,
    )
