"""The pass: observe -> plan -> apply -> status. One for every trigger: create, edit, Secret, timer, sweep, deletion."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..api.desired import to_desired
from ..core.approval import Decision, Memory
from ..core.conditions import is_true
from ..core.desired import DeletionPolicy, Desired
from ..core.effects import Kind
from ..core.errors import ReconcileError, Transient, Wait
from ..core.plan import Observed, Plan, plan
from ..core.reasons import ConditionType, Reason
from ..core.standing import Standing
from ..core.status import Report, status_for, with_plan
from ..core.verdicts import Outcome as Ending
from ..core.work import Key, Outcome, Turn
from .apply import Bookkeeper, Changer
from .connect import Ports, connect
from .inputs import Credentials, Request
from .ledger_book import LedgerBook
from .observe import World, observe, without_bucket
from .sweep import Scope
from .teardown import Troubles, tear_down
from .visits import SHOWN_FAILURES, Visit, Visits

log = logging.getLogger(__name__)

_DEFECT = "The operator has a defect: its log has the details. Nothing was recorded as deleted."


class Reconciler:
    """Brings one resource a step nearer to its spec."""

    def __init__(self, ports: Ports, visits: Visits) -> None:
        self._ports = ports
        self._clock = ports.clock
        self._visits = visits
        self._troubles = Troubles()

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
        if obj is None:
            self._visits.drop(key)
            self._troubles.over(key)
            return Outcome()
        if "deletionTimestamp" in obj["metadata"]:
            self._visits.drop(key)
            return tear_down(self._ports, key, obj, self._troubles)
        request = Request.of(key, obj)
        visit = self._visits.of(key, request.uid)
        try:
            desired = to_desired(obj)
            self._guard(obj, desired)
            return self._enter(request, desired, visit, turn)
        except ReconcileError as error:
            return self._fail(request, obj, visit, error)
        except Exception:  # the one place: whatever a defect is, it has to show
            log.exception("The pass of %s failed", key)
            return self._fail(request, obj, visit, Transient(Reason.INTERNAL_ERROR, _DEFECT))

    def _guard(self, obj: Mapping[str, Any], desired: Desired) -> None:
        """Only who wants something deleted needs us at the end: all others can go while no operator runs."""
        if desired.deletion_policy is DeletionPolicy.DELETE:
            self._ports.storages.hold(obj)
        else:
            self._ports.storages.release(obj)

    def _enter(self, request: Request, desired: Desired, visit: Visit, turn: Turn) -> Outcome:
        """Decide whether there is anything to do, and let a sweep work as long as the turn lasts."""
        if desired.suspend:
            suspended = Report(request.generation, "", desired, None, None, Ending(suspended=True))
            self._report(request, visit, suspended)
            visit.suspended()
            return Outcome()
        credentials = Credentials.read(self._ports.secrets, request.key.namespace, desired)
        visit.enter(request.asked, credentials, self._clock.monotonic())
        wait = visit.wait(self._clock.monotonic())
        if wait > 0:
            return Outcome(after=wait)
        world = connect(self._ports, request, desired, credentials, visit.learnt)
        # A sweep starts and goes on only behind a pass that went through: it may have had to make the bucket.
        # What expires or is tried again meanwhile does not wait for its end.
        now = self._clock.monotonic()
        if visit.settled and visit.sweep_is_due(now) and now < visit.pass_due:
            scope = self._scope(without_bucket(world) if visit.bucket_awaited else world, request, desired)
            if visit.sweeper.running:
                visit.sweeper.go_on(scope)
            else:
                visit.sweeper.start(scope)
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
        ledger = self._ports.clouds.ledger(request.key, request.uid)
        book = LedgerBook(ledger, f"{request.key.name}-{request.uid[:8]}", desired.metadata_days)
        look = partial(self._look, world, request, desired, visit, book)
        todo, observed = look(request.memory)
        Bookkeeper(book, visit.sweeper).apply(todo.actions, self._clock.now())
        stopped = self._change(world, request, visit, todo.decision)
        if not todo.is_empty:
            visit.sweeper.recount()
            left, observed = look(_agreed(todo.decision.memory, observed, stopped))
            stopped = stopped or _not_seen(todo.decision, left.decision)
        else:
            left = todo
        unmade = observed.bucket is None and not _may_be_made(stopped)
        visit.creation_refused = unmade and stopped is not None
        if unmade:
            # A bucket that is there one day was made by somebody else.
            left = left.without_expectations()
        trouble = observed.writer_trouble
        passing = trouble if isinstance(trouble, Transient) else None
        visit.changed(stopped or passing, self._clock.monotonic())
        visit.secret_awaited = world.writer_trouble is not None
        hidden = left.decision.waiting or (passing and visit.stops < SHOWN_FAILURES)
        shown = stopped or (None if hidden else trouble)
        self._report(request, visit, self._reached(request, desired, observed, left, visit, shown))
        visit.succeeded(book.slices, bool(todo.actions), self._clock.now(), self._clock.monotonic())
        visit.bucket_awaited = any(effect.kind is Kind.CREATE_BUCKET for effect in left.decision.waiting)
        if world.bucket and observed.bucket is None and not visit.bucket_awaited:
            visit.bucketless(self._clock.monotonic())
        return Outcome(after=visit.wait(self._clock.monotonic()))

    def _look(
        self, world: World, request: Request, desired: Desired, visit: Visit, book: LedgerBook, memory: Memory
    ) -> tuple[Plan, Observed]:
        """Observe, and plan from that."""
        observed = observe(world, desired, memory, book.slices, visit.sweeper.latest, self._clock.now())
        return plan(desired, observed, memory, request.approved_plan, self._clock.now()), observed

    def _change(self, world: World, request: Request, visit: Visit, decision: Decision) -> ReconcileError | None:
        """Apply what is due; what is newly agreed to is written down before: a crash is taken up where it was.

        Not so at each new try to make a bucket that is refused: that would be two writes a try.
        """
        if not decision.due:
            return None
        self._check_unedited(request)
        now = self._clock.now()
        if decision.memory != request.memory and not visit.creation_refused:
            self._ports.storages.write_status(
                request.key, request.uid, lambda fresh: with_plan(fresh.get("status") or {}, decision, None, now)
            )
        changer = Changer(world.bucket, world.admin, world.writer, visit.learnt.unwritable, str(request.key))
        return changer.apply(decision.due)

    def _check_unedited(self, request: Request) -> None:
        """Raises Transient where somebody has edited or deleted it since the pass began: this plan is not theirs."""
        obj = self._ports.storages.get(request.key)
        if obj is None or not request.is_of(obj):
            raise Transient(Reason.WORLD_MOVED, "The resource was edited while its plan was made. A new one is made.")

    def _reached(
        self,
        request: Request,
        desired: Desired,
        observed: Observed,
        left: Plan,
        visit: Visit,
        stopped: ReconcileError | None,
    ) -> Report:
        """What stands after applying; a request is handled once a sweep made after it has been worked in."""
        handled = "" if visit.sweep_is_due(self._clock.monotonic()) else request.requested_at
        error = visit.shown_sweep_error
        if desired.s3 is not None and observed.bucket is None:
            # The last sweep's error is of the past: without a bucket there is none.
            error = None if stopped or left.decision.shown else _bucket_missing(desired)
        ending = Ending(error, pending=bool(left.actions), stopped=stopped)
        return Report(request.generation, handled, desired, observed, left, ending)

    def _fail(self, request: Request, obj: Mapping[str, Any], visit: Visit, error: ReconcileError) -> Outcome:
        visit.failed(error, self._clock.monotonic())
        log.info("%s: %s: %s", request.key, error.reason, error.message)
        if visit.shows_failure or not is_true(obj.get("status") or {}, ConditionType.READY):
            self._report(request, visit, Report(request.generation, "", None, None, None, Ending(error=error)))
        if isinstance(error, Transient):
            return Outcome(after=error.retry_after, failed=True)
        return Outcome(after=visit.wait(self._clock.monotonic()))

    def _report(self, request: Request, visit: Visit, report: Report) -> None:
        now = self._clock.now()

        def reduced(fresh: Mapping[str, Any]) -> dict[str, Any]:
            status = status_for(fresh.get("status") or {}, report, now)
            visit.standing = Standing.of(status, visit.sweeper.latest)
            return status

        self._ports.storages.write_status(request.key, request.uid, reduced)

    def _scope(self, world: World, request: Request, desired: Desired) -> Scope:
        return Scope(
            twilio=world.twilio,
            bucket=world.bucket,
            ledger=self._ports.clouds.ledger(request.key, request.uid),
            locator=world.locator,
            key_prefix=desired.key_prefix,
            metadata_days=desired.metadata_days,
            accepted_loss=request.accepted_loss,
            doubtful=request.doubtful,
            place=desired.place,
            swept_servers=request.swept_servers,
        )


def _agreed(memory: Memory, before: Observed, stopped: ReconcileError | None) -> Memory:
    """What still counts of it after applying. Nothing was agreed to about a bucket that somebody made before us."""
    overtaken = before.bucket is None and stopped is not None and stopped.reason is Reason.WORLD_MOVED
    return memory.without_expectations() if overtaken else memory


def _may_be_made(stopped: ReconcileError | None) -> bool:
    """Whether a bucket that is not seen may be there: after an error that passes nobody knows, and for some seconds S3
    may not know a bucket that it has just made.
    """
    return stopped is not None and (isinstance(stopped, Transient) or stopped.reason is Reason.BUCKET_MISSING)


def _not_seen(applied: Decision, left: Decision) -> Transient | None:
    """S3 is eventually consistent about settings: what it has taken may show a little later, or never."""
    paths = {effect.path for effect in left.due} & {effect.path for effect in applied.due}
    if not paths:
        return None
    return Transient(
        Reason.CHANGE_NOT_SEEN,
        f"{', '.join(sorted(paths))}: the change was accepted and does not show yet. It is looked at again.",
    )


def _bucket_missing(desired: Desired) -> Wait:
    name = desired.s3.name if desired.s3 else ""
    return Wait(
        Reason.BUCKET_MISSING,
        f"Bucket {name} was there and is gone, and with driftPolicy Report it is not made again. Find out who deleted "
        "it; set spec.driftPolicy to Revert to have it made anew.",
    )
