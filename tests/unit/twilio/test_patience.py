from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.twilio.patience import Patience

THROTTLED = Transient(Reason.TWILIO_THROTTLED, "x")
UNREACHABLE = Transient(Reason.TWILIO_UNREACHABLE, "x")
UNUSABLE = Transient(Reason.TWILIO_ANSWER_UNUSABLE, "x")
STALE_PAGE = Transient(Reason.LISTING_INCONSISTENT, "x")
REFUSED = Wait(Reason.TWILIO_CREDENTIALS_REJECTED, "x")
DENIED = Wait(Reason.TWILIO_ACCESS_DENIED, "x")


@dataclass
class Scene:
    """A call that fails with the errors in turn, and time that passes only in sleep and in the call."""

    errors: list[ReconcileError]
    each_takes: float = 0.0
    random: float = 0.0
    slept: list[float] = field(default_factory=list)
    calls: int = 0
    time: float = 0.0

    def attempt(self) -> str:
        self.calls += 1
        self.time += self.each_takes
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def patience(self, attempts: int = 3) -> Patience:
        return Patience(attempts, 0.5, 20.0, self.sleep, lambda: self.time, lambda: self.random)


@pytest.mark.parametrize("error", [THROTTLED, UNREACHABLE, UNUSABLE, REFUSED])
def test_a_passing_fault_is_not_seen_by_the_caller(error: ReconcileError) -> None:
    scene = Scene([error])
    assert scene.patience().persist(scene.attempt) == "done"
    assert scene.calls == 2


@pytest.mark.parametrize("error", [STALE_PAGE, DENIED, Terminal(Reason.INVALID_SPEC, "x")])
def test_what_asking_again_cannot_mend_is_told_at_once(error: ReconcileError) -> None:
    scene = Scene([error])
    with pytest.raises(type(error)):
        scene.patience().persist(scene.attempt)
    assert (scene.calls, scene.slept) == (1, [])


def test_credentials_refused_twice_are_refused() -> None:
    scene = Scene([REFUSED] * 5)
    with pytest.raises(Wait):
        scene.patience(attempts=5).persist(scene.attempt)
    assert scene.calls == 2


def test_a_refusal_among_other_faults_still_ends_in_the_last_of_them() -> None:
    scene = Scene([REFUSED, UNREACHABLE, REFUSED])
    with pytest.raises(Wait) as caught:
        scene.patience().persist(scene.attempt)
    assert caught.value.reason is Reason.TWILIO_CREDENTIALS_REJECTED


def test_the_number_of_attempts_is_bounded_and_their_last_error_told() -> None:
    scene = Scene([UNREACHABLE, UNREACHABLE, THROTTLED, UNREACHABLE])
    with pytest.raises(Transient) as caught:
        scene.patience().persist(scene.attempt)
    assert caught.value is THROTTLED
    assert scene.calls == 3


def test_delays_double_and_chance_takes_away_up_to_half() -> None:
    steady, hasty = Scene([UNREACHABLE] * 3), Scene([UNREACHABLE] * 3, random=1.0)
    for scene in (steady, hasty):
        scene.patience(attempts=4).persist(scene.attempt)
    assert steady.slept == [0.5, 1.0, 2.0]
    assert hasty.slept == [0.25, 0.5, 1.0]


def test_a_retry_after_within_the_budget_is_waited_for() -> None:
    scene = Scene([Transient(Reason.TWILIO_THROTTLED, "x", 7.0)])
    assert scene.patience().persist(scene.attempt) == "done"
    assert scene.slept == [7.0]


def test_a_longer_retry_after_is_handed_on() -> None:
    scene = Scene([Transient(Reason.TWILIO_THROTTLED, "x", 60.0)])
    with pytest.raises(Transient) as caught:
        scene.patience().persist(scene.attempt)
    assert caught.value.retry_after == 60.0
    assert (scene.calls, scene.slept) == (1, [])


def test_no_attempt_starts_after_the_budget_is_used_up() -> None:
    scene = Scene([UNREACHABLE] * 2, each_takes=30.0)
    with pytest.raises(Transient):
        scene.patience().persist(scene.attempt)
    assert scene.calls == 1


@pytest.mark.parametrize("error", [UNREACHABLE, UNUSABLE])
def test_what_may_have_happened_is_not_sent_again_unless_it_may_be_repeated(error: ReconcileError) -> None:
    scene = Scene([error])
    with pytest.raises(Transient):
        scene.patience().persist(scene.attempt, repeatable=False)
    assert (scene.calls, scene.slept) == (1, [])


@pytest.mark.parametrize("error", [THROTTLED, REFUSED])
def test_what_twilio_refused_to_process_is_sent_again_in_any_case(error: ReconcileError) -> None:
    scene = Scene([error])
    assert scene.patience().persist(scene.attempt, repeatable=False) == "done"


def test_errors_that_are_not_ours_are_not_swallowed() -> None:
    def defect() -> None:
        raise ZeroDivisionError

    attempt: Callable[[], None] = defect
    with pytest.raises(ZeroDivisionError):
        Patience().persist(attempt)
