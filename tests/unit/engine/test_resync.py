import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from lab.waiting import until
from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key, Outcome
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.intake import Intake
from recording_storage_operator.engine.queue import WorkQueue
from recording_storage_operator.engine.resync import PACE, PATIENCE, Resync
from tests.fakes.kube import FakeCluster
from tests.fakes.twilio import VirtualClock


class World:
    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.clock = VirtualClock()
        self.stopwatch = VirtualClock()
        self.queue = WorkQueue(self.clock, Backoff(), tick=0.01)
        self.intake = Intake(self.queue, [])
        self.resync = Resync(
            self.cluster.storage_api,
            self.queue,
            self.intake,
            self.clock,
            interval=600,
            tick=0.01,
            stopwatch=self.stopwatch.monotonic,
        )

    def create(self, name: str) -> Key:
        return self.cluster.create({"metadata": {"namespace": "n", "name": name}, "spec": {}})

    def tell(self, key: Key) -> None:
        """What the watch would do."""
        self.intake.on_event("MODIFIED", copy.deepcopy(self.cluster.objects[key]))

    def drain(self) -> set[Key]:
        self.clock.advance(seconds=60)
        keys = set()
        sizes = self.queue.sizes()
        for _ in range(sizes["waiting"] + sizes["delayed"]):
            key = self.queue.get()
            assert key is not None
            keys.add(key)
            self.queue.done(key, Outcome())
            sizes = self.queue.sizes()
            if not sizes["waiting"] + sizes["delayed"]:
                break
        return keys

    def listed(self, times: int) -> bool:
        return self.cluster.calls["pages"] == times

    def list_later(self) -> None:
        self.stopwatch.advance(seconds=PATIENCE)
        self.resync.once()


@pytest.fixture
def world() -> World:
    return World()


@contextmanager
def started(world: World) -> Iterator[None]:
    world.resync.start()
    try:
        yield
    finally:
        assert world.resync.stop(10)


def test_every_resource_of_every_chunk_is_enqueued(world: World) -> None:
    keys = {world.create(f"s{number}") for number in range(5)}
    assert world.resync.once() == 5
    assert world.drain() == keys


def test_passes_are_spread_over_time(world: World) -> None:
    for number in range(100):
        world.create(f"s{number}")
    world.resync.once()
    world.clock.advance(seconds=50 * PACE)
    world.queue.get()
    assert 45 <= world.queue.sizes()["waiting"] <= 52


def test_a_resource_that_vanished_without_an_event_gets_a_last_pass(world: World) -> None:
    key = world.create("a")
    world.tell(key)
    world.drain()
    world.cluster.delete(key)
    world.resync.once()
    assert world.drain() == {key}
    assert world.intake.seen() == {}


def test_a_list_that_fails_drops_nothing_and_is_not_ready(world: World) -> None:
    key = world.create("a")
    world.tell(key)
    world.drain()
    world.cluster.fail("pages", Transient(Reason.KUBERNETES_UNREACHABLE, "away"))
    with pytest.raises(Transient):
        world.resync.once()
    assert world.intake.seen().keys() == {key}
    assert world.resync.unready() == "the resources have not been listed yet"
    assert not world.resync.listed.is_set()


def test_a_change_the_watch_never_tells_of_is_a_problem(world: World, caplog: pytest.LogCaptureFixture) -> None:
    key = world.create("a")
    world.tell(key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="S3"))
    world.list_later()
    assert world.resync.problem() is None, "the event may be on its way"
    world.list_later()
    assert world.resync.problem() == "the watch has not told of changes to n/a"
    assert "n/a" in caplog.text


def test_an_event_that_comes_late_is_no_problem(world: World) -> None:
    key = world.create("a")
    world.list_later()
    world.tell(key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="S3"))
    world.list_later()
    assert world.resync.problem() is None


class SlowPages:
    """A list as of one moment, and what happens between that moment and its last byte."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.meanwhile: Callable[[], None] = lambda: None

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        pages = list(self._world.cluster.storage_api.pages())
        self.meanwhile()
        yield from pages


def test_an_event_that_overtakes_a_list_does_not_accuse_the_watch(world: World) -> None:
    """A status is written while the list is on its way, the watch tells of it at once, and then nothing happens."""
    key = world.create("a")
    world.tell(key)
    slow = SlowPages(world)
    resync = Resync(slow, world.queue, world.intake, world.clock, stopwatch=world.stopwatch.monotonic)

    def written_and_told() -> None:
        world.cluster.edit(key, lambda obj: obj.update(status={"recordings": {"total": 1}}))
        world.tell(key)

    for slow.meanwhile in (lambda: None, written_and_told, lambda: None):
        world.stopwatch.advance(seconds=PATIENCE)
        resync.once()
        assert resync.problem() is None, "the watch has told of everything"


@pytest.mark.parametrize("late", [["DELETED"], ["MODIFIED", "DELETED"]])
def test_late_events_of_a_deleted_object_do_not_make_its_namesake_unseen(world: World, late: list[str]) -> None:
    """Kopf keeps the events of one object in order, and to it an object of the same name is another one."""
    key = world.create("a")
    old = copy.deepcopy(world.cluster.objects[key])
    world.cluster.delete(key)
    world.create("a")
    world.tell(key)
    for event_type in late:
        world.intake.on_event(event_type, old)
    assert world.intake.seen()[key] == world.cluster.objects[key]["metadata"]["resourceVersion"]


def test_lists_that_follow_each_other_at_once_do_not_accuse_the_watch(world: World) -> None:
    """A simulated clock may run through many intervals before one event can arrive."""
    world.create("a")
    world.list_later()
    world.resync.once()
    world.resync.once()
    assert world.resync.problem() is None


def test_it_lists_at_once_and_about_every_interval(world: World) -> None:
    with started(world):
        until(lambda: world.cluster.calls["pages"] == 1)
        assert world.resync.listed.wait(10)
        assert world.resync.unready() is None
        world.clock.advance(seconds=539)
        assert world.cluster.calls["pages"] == 1
        world.clock.advance(seconds=122)
        until(lambda: world.cluster.calls["pages"] == 2)


def test_a_failed_list_is_tried_again_soon(world: World, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = [Transient(Reason.KUBERNETES_UNREACHABLE, "The server is away."), KeyError("defect")]
    for error in errors:
        world.cluster.fail("pages", error)
    with started(world):
        for calls in (1, 2, 3):
            until(partial(world.listed, calls))
            world.clock.advance(seconds=16)
        until(lambda: world.resync.unready() is None)
    assert "The server is away." in caplog.text


def test_readiness_ends_when_no_list_succeeds_for_long(world: World) -> None:
    world.resync.once()
    world.stopwatch.advance(seconds=1801)
    assert world.resync.unready() == "the resources could not be listed for three intervals"


def test_a_loop_that_hangs_is_a_problem(world: World) -> None:
    with started(world):
        until(lambda: world.resync.unready() is None)
        world.stopwatch.advance(seconds=1801)
        assert world.resync.problem() == "the periodic list has stopped"
