import copy
from collections.abc import Callable
from typing import Any

import pytest

from recording_storage_operator.core.work import Key, Outcome
from recording_storage_operator.engine.backoff import Backoff
from recording_storage_operator.engine.intake import Intake
from recording_storage_operator.engine.queue import WorkQueue
from tests.fakes.twilio import VirtualClock

KEY = Key("calls", "main")
ASK = "recordings.dev/reconcile-requested-at"
OBJ: dict[str, Any] = {
    "metadata": {"namespace": "calls", "name": "main", "uid": "u1", "resourceVersion": "1", "generation": 1},
    "spec": {"backend": "Twilio"},
}


class Fixture:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.queue = WorkQueue(self.clock, Backoff(jitter=0.0), tick=0.01)
        self.intake = Intake(self.queue, [ASK])
        self.intake.on_event(None, OBJ)
        self.finish(Outcome())

    def finish(self, outcome: Outcome) -> None:
        self.queue.done(self.queue.get() or KEY, outcome)

    def event(self, change: Callable[[dict[str, Any]], object], event_type: str = "MODIFIED") -> bool:
        obj = copy.deepcopy(OBJ)
        obj["metadata"]["resourceVersion"] = "2"
        change(obj)
        return self.intake.on_event(event_type, obj)


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_the_first_sight_of_an_object_calls_for_a_pass() -> None:
    queue = WorkQueue(VirtualClock(), Backoff())
    assert Intake(queue, []).on_event(None, OBJ)
    assert queue.get() == KEY


def test_a_status_write_calls_for_no_pass_but_its_version_counts_as_seen(fixture: Fixture) -> None:
    assert not fixture.event(lambda obj: obj.update(status={"observedGeneration": 1}))
    assert fixture.queue.sizes()["waiting"] == 0
    assert fixture.intake.seen() == {KEY: "2"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda obj: obj["metadata"].update(generation=2), id="generation"),
        pytest.param(lambda obj: obj["metadata"].update(uid="u2"), id="another object of the name"),
        pytest.param(lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"), id="deletion"),
        pytest.param(lambda obj: obj["metadata"].update(finalizers=["x/y"]), id="finalizers"),
        pytest.param(lambda obj: obj["metadata"].update(annotations={ASK: "now"}), id="request"),
    ],
)
def test_a_change_that_matters_calls_for_a_pass(fixture: Fixture, change: Callable[[dict[str, Any]], object]) -> None:
    assert fixture.event(change)
    assert fixture.queue.get() == KEY


def test_other_annotations_and_labels_call_for_no_pass(fixture: Fixture) -> None:
    assert not fixture.event(lambda obj: obj["metadata"].update(annotations={"argocd": "x"}, labels={"a": "b"}))


def test_an_edit_ends_a_backoff_and_a_status_write_does_not(fixture: Fixture) -> None:
    fixture.queue.add(KEY)
    for _ in range(6):
        fixture.finish(Outcome(failed=True))
        fixture.clock.advance(seconds=300)
    fixture.finish(Outcome(failed=True))
    fixture.event(lambda obj: obj.update(status={"a": 1}))
    assert fixture.queue.sizes() == {"waiting": 0, "working": 0, "delayed": 1, "failing": 1}
    fixture.event(lambda obj: obj["metadata"].update(generation=2))
    assert fixture.queue.get() == KEY
    assert fixture.queue.sizes() == {"waiting": 0, "working": 1, "delayed": 0, "failing": 0}


def test_a_deletion_goes_before_all_others(fixture: Fixture) -> None:
    for number in range(3):
        fixture.queue.add(Key("calls", f"other-{number}"))
    fixture.event(lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert fixture.queue.get() == KEY


def test_a_deleted_object_gets_a_last_pass_and_is_forgotten(fixture: Fixture) -> None:
    assert fixture.event(lambda obj: None, "DELETED")
    assert fixture.queue.get() == KEY
    assert fixture.intake.seen() == {}


def test_a_vanished_object_gets_a_last_pass_unless_it_was_seen_again(fixture: Fixture) -> None:
    fixture.event(lambda obj: obj["metadata"].update(uid="u2"), "ADDED")
    fixture.finish(Outcome())
    fixture.intake.vanished(KEY, "1")
    assert fixture.queue.sizes()["waiting"] == 0
    fixture.intake.vanished(KEY, "2")
    assert fixture.queue.get() == KEY
    assert fixture.intake.seen() == {}
