"""Looking again and again, on a clock of the test's own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from recording_storage_operator.commands.machine import Machine
from recording_storage_operator.commands.watching import ChangeLog, Ending, Object, Pace, follow, summary_line
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.reasons import Reason
from tests.builders import NOON
from tests.unit.commands.samples import UNSEEN, condition, observed

READY = observed()
SWEEPING = observed(condition("Ready", "False", "Sweeping", "The first sweep lists all recordings."))
FAULT = Transient(Reason.KUBERNETES_UNREACHABLE, "Cannot read it: the API server cannot be reached.")


@dataclass
class World:
    """An object that is another one at each look, the last one from then on."""

    looks: list[Object | BaseException | None]
    seconds: float = 0.0
    shown: list[tuple[Object, str]] = field(default_factory=list)

    @property
    def machine(self) -> Machine:
        return Machine(self.now, lambda: self.seconds, self.sleep)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def read(self) -> Object | None:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, BaseException):
            raise look
        return look

    def show(self, obj: Object, trouble: str) -> None:
        self.shown.append((obj, trouble))

    def follow(self, timeout: float | None = 60, until_ready: bool = True) -> Ending:
        first = self.read()
        assert first is not None
        return follow(first, self.read, self.show, Pace(2, timeout), self.machine, until_ready=until_ready)


def edited(obj: dict[str, Any]) -> dict[str, Any]:
    return obj | {"metadata": obj["metadata"] | {"generation": 2}}


def test_it_ends_once_ready() -> None:
    world = World([SWEEPING, SWEEPING, READY])
    assert world.follow() is Ending.READY
    assert world.seconds == 4
    assert [obj for obj, _ in world.shown] == [SWEEPING, SWEEPING, READY]


def test_ready_for_an_earlier_spec_is_not_ready() -> None:
    assert World([edited(READY)]).follow() is Ending.LATE


def test_ready_but_being_deleted_is_not_ready() -> None:
    going = READY | {"metadata": READY["metadata"] | {"deletionTimestamp": "2026-03-02T00:00:00Z"}}
    assert World([going]).follow() is Ending.LATE


def test_it_gives_up_when_time_is_up_after_a_last_look() -> None:
    world = World([SWEEPING])
    assert world.follow(timeout=5) is Ending.LATE
    assert world.seconds == 5
    assert len(world.shown) == 4


def test_no_time_at_all_is_one_look() -> None:
    world = World([SWEEPING])
    assert world.follow(timeout=0) is Ending.LATE
    assert len(world.shown) == 1


def test_without_waiting_for_ready_it_goes_on() -> None:
    world = World([READY, READY, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        world.follow(until_ready=False, timeout=None)
    assert len(world.shown) == 2


def test_a_passing_fault_is_shown_and_sat_out() -> None:
    world = World([SWEEPING, FAULT, READY])
    assert world.follow() is Ending.READY
    assert [trouble for _, trouble in world.shown] == ["", FAULT.message, ""]


def test_a_ready_object_that_cannot_be_read_any_more_is_shown_as_last_read() -> None:
    world = World([SWEEPING, FAULT])
    assert world.follow(timeout=2) is Ending.LATE
    assert world.shown[-1] == (SWEEPING, FAULT.message)


def test_a_fault_that_lasts_ends_it() -> None:
    with pytest.raises(Wait):
        World([SWEEPING, Wait(Reason.KUBERNETES_ACCESS_DENIED, "Forbidden.")]).follow()


@pytest.mark.parametrize("until_ready", [True, False])
def test_it_ends_when_the_object_is_gone(until_ready: bool) -> None:
    world = World([SWEEPING, SWEEPING, None])
    assert world.follow(until_ready=until_ready) is Ending.GONE
    assert len(world.shown) == 2


def test_a_line_is_printed_for_each_change_only() -> None:
    lines: list[str] = []
    world = World([READY])
    log = ChangeLog(lines.append, world.machine)
    for obj, trouble in [(SWEEPING, ""), (SWEEPING, ""), (SWEEPING, FAULT.message), (READY, ""), (READY, "")]:
        log.show(obj, trouble)
        world.sleep(2)
    facts = "generation=1/1 wanted=S3 observed=S3 plan=Applied deleted=12345 ledger=-"
    assert lines == [
        f"2026-03-01T12:00:00Z ready=False reason=Sweeping {facts} The first sweep lists all recordings.",
        f"2026-03-01T12:00:04Z {FAULT.message}",
        f"2026-03-01T12:00:06Z ready=True reason=Reconciled {facts} As it shall be.",
    ]


def test_what_is_said_of_an_earlier_spec_is_not_told_as_ready() -> None:
    told = summary_line(edited(READY))
    assert told.startswith("ready=Unknown reason=- generation=1/2 ")
    assert "As it shall be." not in told


@pytest.mark.parametrize("status", [None, UNSEEN])
def test_an_object_nobody_has_looked_at_has_a_line_too(status: Object | None) -> None:
    lines: list[str] = []
    ChangeLog(lines.append, World([READY]).machine).show({"metadata": {"generation": 1}, "status": status}, "")
    assert "ready=Unknown reason=- generation=0/1 wanted=- observed=- plan=- deleted=- ledger=-" in lines[0]
