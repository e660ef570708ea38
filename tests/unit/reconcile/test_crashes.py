"""The operator may die before or after any call it makes: the next process ends where an undisturbed one would have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, storage
from tests.unit.reconcile.test_writer_rotation import ROTATED, arrive, choose, names
from tests.unit.reconcile.world import World, object_key


class Crash(BaseException):
    """Ends the process: nothing may catch it."""


class Crasher:
    """Dies behind the n-th call to the outside, before the next is made; behind none where `behind` is negative.

    Between an answer and the next call nothing happens outside, so this is both: after the one and before the other.
    """

    def __init__(self, behind: int) -> None:
        self.calls, self._behind = 0, behind

    def guard(self, port: Any) -> Any:
        return _Guarded(port, self)

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.calls == self._behind == 0:
            self._crash()
        answer = method(*args, **kwargs)
        self.calls += 1
        if self.calls == self._behind:
            self._crash()
        return answer

    def _crash(self) -> None:
        self._behind = -1
        raise Crash


class _Guarded:
    """Passes every call on through the crasher; clients made by a port are guarded too."""

    def __init__(self, port: Any, crasher: Crasher) -> None:
        self._port, self._crasher = port, crasher

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name in ("twilio", "bucket", "ledger", "admin", "aws_credentials"):
            return lambda *args: self._crasher.guard(method(*args))
        return lambda *args, **kwargs: self._crasher.call(method, *args, **kwargs)


Run = Callable[[Key], Any]
Story = Callable[["World", Run], list[Any]]
"""Plays something on a world; returns what it looked like at the moments that matter."""


def play_ledger(world: World, run: Run) -> list[Any]:
    """Every kind of write to the ledger is in it: deletions found, revised, withdrawn, expired, forgotten."""
    key = world.cluster.create(storage())
    run(key)
    external = [world.external() for _ in range(3)]
    at_twilio = _at_twilio(world)
    sweep(world, run, key)
    world.s3.delete(BUCKET, object_key(external[0]))
    world.s3.delete(BUCKET, object_key(external[1]))
    world.twilio.bulk_delete(at_twilio[0])
    world.twilio.delete(at_twilio[1])
    sweep(world, run, key)
    world.s3.undelete(BUCKET, object_key(external[1]))
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 20}))
    sweep(world, run, key)
    world.clock.advance(days=21)
    sweep(world, run, key)
    sweep(world, run, key)
    return [outcome_of(world, key)]


def play_plans(world: World, run: Run) -> list[Any]:
    """Every kind of effect is in it: a bucket made, set up, put back, changed; a key pair replaced; all torn down."""
    s3 = storage()["spec"]["s3"] | {"writerCredentialsSecretRef": {"name": "writer"}, "tags": {"cost": "1"}}
    key = world.cluster.create(storage(s3=s3, approval="Manual", deletionPolicy="Delete"))
    run(key)
    approve(world, run, key)
    choose(world, "W" * 20)
    gone = arrive(world)
    sweep(world, run, key)
    world.cluster.put_secret("default", "writer", ROTATED)
    sweep(world, run, key)
    approve(world, run, key)
    choose(world, "N" * 20)
    world.refused_keys.add("W" * 20)
    del world.s3.buckets[BUCKET].documents[Aspect.PUBLIC_ACCESS]
    sweep(world, run, key)
    # Twice: since when the old pair is refused is in memory alone, so a crash means waiting for one recording more.
    last = [_arrival(world, run, key) for _ in range(2)]
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(lifecycle={"noncurrentVersions": "Expire"}))
    run(key)
    approve(world, run, key)
    before = [outcome_of(world, key), world.s3.buckets[BUCKET].documents, names(world)]
    for sid in (gone, *last):
        world.s3.purge_versions(BUCKET, object_key(sid))
    world.twilio.store_in("")
    world.twilio.record()
    world.cluster.delete(key)
    run(key)
    return [*before, world.cluster.objects, world.s3.buckets]


def _arrival(world: World, run: Run, key: Key) -> str:
    sid = arrive(world)
    sweep(world, run, key)
    approve(world, run, key)
    return sid


def approve(world: World, run: Run, key: Key) -> None:
    """Approve the plan that is shown."""
    plan = world.cluster.status(key)["plan"]
    world.cluster.annotate(key, APPROVED_PLAN, plan.get("id", "none"))
    run(key)


def sweep(world: World, run: Run, key: Key) -> None:
    world.clock.advance(seconds=1000)
    run(key)


def _at_twilio(world: World) -> list[str]:
    world.twilio.store_in("")
    return [world.twilio.record() for _ in range(2)]


def guarded_world(work_dir: Path, crasher: Crasher) -> World:
    return World(work_dir, guard=crasher.guard)


def outcome_of(world: World, key: Key) -> tuple[Any, ...]:
    """All that lasts, but for versions, names of slices and times that depend on when a crash made a sweep run."""
    status = world.cluster.status(key)
    status.pop("recordings", None)
    status.get("plan", {}).pop("createdAt", None)
    conditions = {c["type"]: (c["status"], c["reason"]) for c in status.pop("conditions")}
    entries = sorted((part.day, entry.sid) for part in world.cluster.slices_of(key) for entry in part.entries())
    return status, conditions, entries


STORIES = [play_ledger, play_plans]
PARTS = 6
"""Tests that share the calls of a story, so that several processes have something to do."""

CALLS = 700
"""More than a story makes; the test of the undisturbed run holds it to that."""


def undisturbed(story: Story, work_dir: Path) -> tuple[list[Any], int]:
    crasher = Crasher(behind=-1)
    world = guarded_world(work_dir, crasher)
    return story(world, world.run), crasher.calls


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_short_enough_to_crash_at_every_call(tmp_path: Path, story: Story) -> None:
    _, calls = undisturbed(story, tmp_path)
    assert 60 < calls <= CALLS


def test_the_story_of_plans_ends_with_everything_made_gone(tmp_path: Path) -> None:
    (*_, documents, pairs, objects, buckets), _ = undisturbed(play_plans, tmp_path)
    assert set(documents) == set(Aspect)
    assert len(documents[Aspect.LIFECYCLE]["Rules"]) == 2
    assert pairs == ["N" * 20]
    assert (objects, buckets) == ({}, {})


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("story", STORIES)
def test_a_crash_at_any_call_changes_nothing_in_the_end(tmp_path: Path, story: Story, part: int) -> None:
    expected, calls = undisturbed(story, tmp_path / "undisturbed")
    for behind in range(part, calls + 1, PARTS):
        world = guarded_world(tmp_path / str(behind), Crasher(behind))

        def run(key: Key, world: World = world) -> None:
            try:
                world.run(key)
            except Crash:
                world.restart_operator()
                world.run(key)

        assert story(world, run) == expected, f"crashed behind call {behind}"
