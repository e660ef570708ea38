"""The operator may die before or after any call it makes: the next process ends where an undisturbed one would have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, storage
from tests.unit.reconcile.world import World, object_key


class Crash(BaseException):
    """Ends the process: nothing may catch it."""


class Crasher:
    """Dies at the n-th call to the outside, before it is made or after it was answered."""

    def __init__(self, at: int, after: bool) -> None:
        self.calls, self._at, self._after = 0, at, after

    def guard(self, port: Any) -> Any:
        return _Guarded(port, self)

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        due = self.calls == self._at
        if due and not self._after:
            raise Crash
        answer = method(*args, **kwargs)
        if due:
            raise Crash
        return answer


class _Guarded:
    """Passes every call on through the crasher; clients made by a port are guarded too."""

    def __init__(self, port: Any, crasher: Crasher) -> None:
        self._port, self._crasher = port, crasher

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name in ("twilio", "bucket", "ledger"):
            return lambda *args: self._crasher.guard(method(*args))
        return lambda *args, **kwargs: self._crasher.call(method, *args, **kwargs)


def play(world: World, run: Callable[[Key], Any]) -> Key:
    """Every kind of write is in it: a bucket made, deletions found, revised, withdrawn, expired, forgotten."""
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
    return key


def sweep(world: World, run: Callable[[Key], Any], key: Key) -> None:
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
    conditions = {c["type"]: (c["status"], c["reason"]) for c in status.pop("conditions")}
    entries = sorted((part.day, entry.sid) for part in world.cluster.slices_of(key) for entry in part.entries())
    return status, conditions, entries


CALLS = 260
"""More than the story makes; the test of the undisturbed run holds it to that."""


def undisturbed(work_dir: Path) -> tuple[World, Key, int]:
    crasher = Crasher(at=0, after=False)
    world = guarded_world(work_dir, crasher)
    key = play(world, world.run)
    return world, key, crasher.calls


def test_the_story_is_short_enough_to_crash_at_every_call(tmp_path: Path) -> None:
    _, _, calls = undisturbed(tmp_path)
    assert 60 < calls <= CALLS


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_changes_nothing_in_the_end(tmp_path: Path, after: bool) -> None:
    expected_world, expected_key, calls = undisturbed(tmp_path / "undisturbed")
    expected = outcome_of(expected_world, expected_key)
    for at in range(1, calls + 1):
        world = guarded_world(tmp_path / str(at), Crasher(at, after))

        def run(key: Key, world: World = world) -> None:
            try:
                world.run(key)
            except Crash:
                world.restart_operator()
                world.run(key)

        key = play(world, run)
        assert outcome_of(world, key) == expected, f"crashed at call {at}"
