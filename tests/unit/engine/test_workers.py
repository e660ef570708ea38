import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from lab.waiting import until
from recording_storage_operator.core.work import Key, Outcome, Reconcile, Turn
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.queue import WorkQueue
from recording_storage_operator.engine.workers import STUCK_AFTER, Workers
from tests.fakes.twilio import VirtualClock

A, B = Key("n", "a"), Key("n", "b")


class Running:
    def __init__(self, reconcile: Reconcile, count: int) -> None:
        self.clock = VirtualClock()
        self.stopwatch = VirtualClock()
        self.results: list[str] = []
        self.queue = WorkQueue(self.clock, Backoff(jitter=0.0), tick=0.01)
        self.workers = Workers(
            self.queue,
            reconcile,
            count,
            lambda result, seconds: self.results.append(result),
            stopwatch=self.stopwatch.monotonic,
        )

    def ended(self, passes: int) -> bool:
        return len(self.results) == passes


@contextmanager
def running(reconcile: Reconcile, count: int = 1) -> Iterator[Running]:
    run = Running(reconcile, count)
    run.workers.start()
    try:
        yield run
    finally:
        run.workers.stop(10)


def test_the_outcome_decides_on_the_next_pass() -> None:
    outcomes = iter([Outcome(after=60), Outcome(failed=True), Outcome(failed=True, after=90), Outcome()])
    with running(lambda key, turn: next(outcomes)) as run:
        run.queue.add(A)
        until(lambda: run.results == ["again"])
        for results, seconds in enumerate((60, 1, 90), start=1):
            until(lambda: run.queue.sizes()["delayed"] == 1)
            run.clock.advance(seconds=seconds - 1)
            assert len(run.results) == results
            run.clock.advance(seconds=1)
            until(partial(run.ended, results + 1))
        assert run.results == ["again", "failed", "failed", "done"]
        assert run.queue.sizes() == {"waiting": 0, "working": 0, "delayed": 0, "failing": 0}


def test_a_pass_that_crashes_is_logged_backed_off_and_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def reconcile(key: Key, turn: Turn) -> Outcome:
        if key == A:
            raise ZeroDivisionError("in the middle")
        return Outcome()

    with running(reconcile) as run:
        run.queue.add(A)
        run.queue.add(B)
        until(lambda: run.results == ["crashed", "done"])
        assert run.queue.sizes()["failing"] == 1
        assert run.workers.problem() is None
    assert "n/a" in caplog.text
    assert "ZeroDivisionError: in the middle" in caplog.text


class LongPass:
    """A pass that goes on until it is asked to yield."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.passes = 0

    def __call__(self, key: Key, turn: Turn) -> Outcome:
        self.passes += 1
        self.begun.set()
        until(turn.should_yield, timeout=20, every=0.005)
        return Outcome()


def test_a_long_pass_yields_to_a_change_of_its_key_and_runs_again() -> None:
    work = LongPass()
    with running(work) as run:
        run.queue.add(A)
        work.begun.wait(10)
        run.queue.add(A)
        until(lambda: work.passes == 2)
        assert run.results == ["done"]


def test_a_long_pass_yields_when_its_budget_is_used_up() -> None:
    work = LongPass()
    with running(work) as run:
        run.queue.add(A)
        work.begun.wait(10)
        run.stopwatch.advance(seconds=4.9)
        assert run.results == []
        run.stopwatch.advance(seconds=0.2)
        until(lambda: run.results == ["done"])


def test_stop_lets_a_long_pass_yield_and_takes_no_further_key() -> None:
    work = LongPass()
    with running(work) as run:
        run.queue.add(A)
        work.begun.wait(10)
        run.queue.add(B)
        assert run.workers.stop(10)
        assert work.passes == 1


def test_stop_does_not_wait_for_a_pass_that_hangs() -> None:
    release, begun = threading.Event(), threading.Event()

    def hang(key: Key, turn: Turn) -> Outcome:
        begun.set()
        release.wait(20)
        return Outcome()

    with running(hang) as run:
        run.queue.add(A)
        begun.wait(10)
        assert run.workers.stop(0) is False
        release.set()


def test_a_worker_on_one_pass_for_ten_minutes_is_a_problem() -> None:
    release, begun = threading.Event(), threading.Event()

    def hang(key: Key, turn: Turn) -> Outcome:
        begun.set()
        release.wait(20)
        return Outcome()

    with running(hang) as run:
        run.queue.add(A)
        begun.wait(10)
        assert run.workers.problem() is None
        run.stopwatch.advance(seconds=STUCK_AFTER + 1)
        assert run.workers.problem() == "stuck on n/a"
        release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread's end is the point
def test_a_worker_that_ends_by_itself_is_a_problem() -> None:
    def leave(key: Key, turn: Turn) -> Outcome:
        raise SystemExit

    with running(leave, count=2) as run:
        run.queue.add(A)
        assert until(run.workers.problem) == "a worker thread has ended"
