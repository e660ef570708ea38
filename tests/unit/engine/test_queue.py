import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lab.waiting import until
from recording_storage_operator.core.work import Key, Outcome
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.delays import Delays
from recording_storage_operator.engine.queue import WorkQueue
from tests.fakes.twilio import VirtualClock

A, B, C = Key("n", "a"), Key("n", "b"), Key("n", "c")
KEYS = st.sampled_from([A, B, C, Key("m", "a")])
SECONDS = st.integers(min_value=0, max_value=1000)
OUTCOMES = st.builds(Outcome, after=st.none() | SECONDS.map(float), failed=st.booleans())


def queue_of(clock: VirtualClock) -> WorkQueue:
    return WorkQueue(clock, Backoff(jitter=0.0), tick=0.01)


class QueueAgainstModel(RuleBasedStateMachine):
    """Whatever happens: a key is with one worker at most, none is lost, none is handed out without a wish for it."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.queue = queue_of(self.clock)
        self.wanted: dict[Key, bool] = {}
        self.due: dict[Key, float] = {}
        self.working: set[Key] = set()
        self.failures: Counter[Key] = Counter()

    def ready(self) -> dict[Key, bool]:
        return {key: urgent for key, urgent in self.wanted.items() if key not in self.working}

    def delay(self, key: Key, seconds: float) -> None:
        self.due[key] = min(self.due.get(key, float("inf")), self.clock.monotonic() + seconds)

    @rule(key=KEYS, urgent=st.booleans(), fresh=st.booleans())
    def add(self, key: Key, urgent: bool, fresh: bool) -> None:
        self.queue.add(key, urgent, fresh)
        self.wanted[key] = self.wanted.get(key, False) or urgent
        if fresh:
            del self.failures[key]

    @rule(key=KEYS, seconds=SECONDS)
    def add_after(self, key: Key, seconds: int) -> None:
        self.queue.add_after(key, seconds)
        self.delay(key, seconds)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @precondition(lambda self: self.ready())
    @rule()
    def get(self) -> None:
        ready = self.ready()
        key = self.queue.get()
        assert key in ready
        assert ready[key] or not any(ready.values()), "an urgent key waits"
        self.due.pop(key, None)
        del self.wanted[key]
        self.working.add(key)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), outcome=OUTCOMES)
    def done(self, data: st.DataObject, outcome: Outcome) -> None:
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.queue.done(key, outcome)
        self.working.remove(key)
        if outcome.failed:
            self.failures[key] += 1
            self.delay(key, max(min(300.0, 2.0 ** (self.failures[key] - 1)), outcome.after or 0.0))
        else:
            del self.failures[key]
            if outcome.after is not None:
                self.delay(key, outcome.after)

    @invariant()
    def both_agree(self) -> None:
        for overdue in [key for key, due in self.due.items() if due <= self.clock.monotonic()]:
            self.wanted.setdefault(overdue, False)
            del self.due[overdue]
        assert self.queue.sizes() == {
            "waiting": len(self.wanted.keys() - self.working),
            "working": len(self.working),
            "delayed": len(self.due),
            "failing": len(self.failures),
        }
        assert {key for key in self.working if self.queue.dirty(key)} == self.working & self.wanted.keys()


TestQueueAgainstModel = QueueAgainstModel.TestCase
TestQueueAgainstModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@contextmanager
def worker_threads(queue: WorkQueue, count: int, work: Callable[[Key], object]) -> Iterator[None]:
    def loop() -> None:
        while (key := queue.get()) is not None:
            work(key)
            queue.done(key, Outcome())

    threads = [threading.Thread(target=loop) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        queue.stop()
        for thread in threads:
            thread.join()


def test_threads_share_keys_without_overlap_and_see_every_last_change() -> None:
    keys = [Key("n", str(number)) for number in range(8)]
    wanted, seen, overlaps = Counter[Key](), Counter[Key](), []
    at_work: set[Key] = set()
    queue = queue_of(VirtualClock())

    def work(key: Key) -> None:
        if key in at_work:
            overlaps.append(key)
        at_work.add(key)
        seen[key] = wanted[key]
        at_work.discard(key)

    with worker_threads(queue, 4, work):
        for number in range(4000):
            key = keys[number % len(keys)]
            wanted[key] += 1
            queue.add(key)
        until(lambda: seen == wanted, timeout=20, what="every key worked on after its last change")
    assert overlaps == []


def test_a_worker_that_waits_notices_a_clock_that_jumps() -> None:
    clock = VirtualClock()
    queue = queue_of(clock)
    done: list[Key] = []
    with worker_threads(queue, 1, done.append):
        queue.add_after(A, 86_400)
        queue.add(B)
        until(lambda: done == [B])
        clock.advance(days=1)
        until(lambda: done == [B, A])


def test_stop_ends_workers_that_wait_and_hands_out_nothing_more() -> None:
    queue = queue_of(VirtualClock())
    with worker_threads(queue, 2, lambda key: None):
        pass
    queue.add(A)
    assert queue.get() is None


def test_failures_in_a_row_wait_twice_as_long_each_time_up_to_five_minutes() -> None:
    clock = VirtualClock()
    backoff = Backoff(jitter=0.0)
    assert [backoff.next(A) for _ in range(11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    queue = WorkQueue(clock, backoff)
    queue.add(A, fresh=True)
    queue.done(queue.get() or B, Outcome(failed=True))
    clock.advance(seconds=1)
    assert queue.get() == A, "a fresh key starts over at one second"


def test_backoff_is_spread_by_a_fifth_and_forgets_what_succeeded() -> None:
    backoff = Backoff(chance=random.Random(1))
    first = []
    for _ in range(200):
        first.append(backoff.next(A))
        backoff.reset(A)
    assert 0.8 <= min(first) < 0.85
    assert 1.15 < max(first) <= 1.2
    assert backoff.failures == {}


def test_delays_put_off_and_dropped_take_no_memory() -> None:
    delays = Delays()
    for number in range(10_000):
        key = Key("n", str(number))
        delays.put(key, 1000.0)
        delays.put(key, 999.0)
        delays.drop(key)
    assert len(delays) == 0
    assert len(delays._heap) < 100, "dropped entries pile up until their time"
