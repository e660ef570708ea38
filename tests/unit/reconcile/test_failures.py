"""What fails is shown once it lasts, tried again without haste, and never taken for a deletion."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET
from tests.unit.reconcile.world import World, object_key

DOWN = Transient(Reason.TWILIO_UNREACHABLE, "Twilio is down.")
READS = ("account", "recordings", "deletion_events", "upload_alerts")


def live_for(world: World, key: Key, seconds: float) -> int:
    """Turns as the queue would give them, its backoff left out. Returns how many."""
    end, turns = world.clock.monotonic() + seconds, 0
    while world.clock.monotonic() < end:
        outcome = world.turn(key)
        turns += 1
        world.clock.advance(seconds=max(outcome.after or 0.0, 1.0 if outcome.failed else 0.001))
    return turns


def ready_key(world: World) -> Key:
    key = world.create()
    world.external()
    world.sweep(key)
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    return key


@pytest.mark.parametrize("method", READS)
def test_a_single_fault_is_not_shown(world: World, method: str) -> None:
    key = ready_key(world)
    status = world.cluster.status(key)
    world.twilio.fail(method, DOWN)
    world.clock.advance(seconds=1000)
    assert world.run(key).failed
    assert world.cluster.status(key) == status


@pytest.mark.parametrize("method", READS)
def test_a_lasting_fault_is_shown_without_flapping_or_haste(world: World, method: str) -> None:
    key = ready_key(world)
    world.twilio.fail(method, DOWN, times=10_000)
    before = world.cluster.writes
    calls = len(world.twilio.calls)
    live_for(world, key, 6 * 3600)
    assert world.condition(key, "Ready") == ("False", "TwilioUnreachable")
    assert world.condition(key, "LedgerComplete") == ("False", "TwilioUnreachable")
    assert world.cluster.writes - before == 1
    assert len(world.twilio.calls) - calls < 1500
    world.twilio.forgive()
    live_for(world, key, 1000)
    assert world.condition(key, "Ready") == ("True", "Reconciled")


@pytest.mark.parametrize(
    "error", [Wait(Reason.S3_ACCESS_DENIED, "denied"), Transient(Reason.S3_ANSWER_UNUSABLE, "rubbish")]
)
def test_a_bucket_that_cannot_be_listed_is_shown_without_flapping(world: World, error: ReconcileError) -> None:
    key = ready_key(world)
    world.s3.fail("versions", error, times=10_000)
    before = world.cluster.writes
    live_for(world, key, 6 * 3600)
    assert world.condition(key, "Ready") == ("False", error.reason)
    assert world.cluster.writes - before == 1
    assert world.entries(key) == []


def test_an_interrupted_sweep_goes_on_where_it_stood(world: World) -> None:
    world.twilio.page_size = 2
    for _ in range(10):
        world.twilio.record()
    key = world.create()
    world.clock.advance(seconds=1000)
    read = len(world.twilio.calls)
    third = 0

    def fail_once_at_the_third_page(call: object) -> None:
        nonlocal third
        third += getattr(call, "method", "") == "recordings" and getattr(call, "argument", None) is not None
        if third == 3:
            third += 100
            raise DOWN

    world.twilio.on_call = fail_once_at_the_third_page
    assert world.run(key).failed
    world.clock.advance(seconds=10)
    world.run(key)
    pages = [call.argument for call in world.twilio.calls[read:] if call.method == "recordings" and call.argument]
    assert len(pages) == len(set(pages)) + 1


def test_a_bucket_that_vanishes_is_made_again_and_nothing_is_listed_as_deleted(world: World) -> None:
    key = world.create()
    for _ in range(8):
        world.external()
    world.sweep(key)
    world.clock.advance(days=1)
    del world.s3.buckets[BUCKET]
    live_for(world, key, 3600)
    assert BUCKET in world.s3.buckets
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
    assert world.entries(key) == []


def lose(world: World, key: Key, count: int = 8) -> str:
    """So many objects are gone without a trace, too many to be believed. Returns the id of the loss."""
    for _ in range(count):
        world.external()
    world.sweep(key)
    world.clock.advance(days=1)
    del world.s3.buckets[BUCKET]
    live_for(world, key, 3600)
    return loss_shown(world, key)


def loss_shown(world: World, key: Key) -> str:
    found = re.search(r"accept-missing=(m[0-9a-f]{11})\.", world.message(key, "LedgerComplete"))
    return found[1] if found else ""


def accept(world: World, key: Key, loss: str) -> None:
    world.cluster.annotate(key, "recordings.dev/accept-missing", loss)
    live_for(world, key, 60)


@pytest.mark.parametrize("copied", ["{}", "{}.", " {} "])
def test_an_accepted_loss_is_listed(world: World, copied: str) -> None:
    key = world.create()
    accept(world, key, copied.format(lose(world, key)))
    assert {entry.precision for entry in world.entries(key)} == {"Observed"}
    assert len(world.entries(key)) == 8
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    assert loss_shown(world, key) == ""


@pytest.mark.parametrize("given", ["8", "9", "m00000000000", ""])
def test_a_loss_is_accepted_by_its_id_alone(world: World, given: str) -> None:
    key = world.create()
    lose(world, key)
    accept(world, key, given)
    assert world.entries(key) == []
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")


def test_a_loss_stays_the_same_from_sweep_to_sweep_and_over_a_restart(world: World) -> None:
    key = world.create()
    loss = lose(world, key)
    live_for(world, key, 3600)
    assert loss_shown(world, key) == loss
    world.restart_operator()
    live_for(world, key, 3600)
    assert loss_shown(world, key) == loss


def test_a_loss_that_has_grown_is_another_one(world: World) -> None:
    key = world.create()
    loss = lose(world, key)
    world.s3.purge_versions(BUCKET, object_key(world.external()))
    world.clock.advance(days=2)
    accept(world, key, loss)
    assert world.entries(key) == []
    grown = loss_shown(world, key)
    assert grown not in ("", loss)
    accept(world, key, grown)
    assert len(world.entries(key)) == 9


def test_accepting_one_loss_does_not_accept_the_next(world: World) -> None:
    """The annotation is often left behind: the next wrong bucket must not pass for a deletion."""
    key = world.create()
    accept(world, key, lose(world, key))
    listed = {entry.sid for entry in world.entries(key)}
    again = lose(world, key)
    assert {entry.sid for entry in world.entries(key)} == listed
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
    accept(world, key, again)
    assert len(world.entries(key)) == 16


def test_what_nothing_tells_of_any_more_is_listed_once_it_is_accepted(world: World) -> None:
    """Old recordings that this process never saw in the bucket."""
    key = world.create()
    old = [world.external() for _ in range(2)]
    for sid in old:
        world.s3.purge_versions(BUCKET, object_key(sid))
    world.clock.advance(days=35)
    live_for(world, key, 60)
    assert world.condition(key, "LedgerComplete") == ("False", "UntracedAbsence")
    accept(world, key, loss_shown(world, key))
    assert {entry.sid for entry in world.entries(key)} == set(old)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    assert len({entry.sid for part in world.cluster.slices_of(key) for entry in part.entries()}) == 2


def test_a_list_that_lacks_a_recording_hides_no_deletion_and_makes_none(world: World) -> None:
    key = world.create()
    sids = [world.external() for _ in range(3)]
    world.sweep(key)
    world.twilio.hide(sids[0])
    world.twilio.hide(sids[1])
    world.s3.delete(BUCKET, object_key(sids[1]))
    world.sweep(key)
    [entry] = world.entries(key)
    assert (entry.sid, entry.metadata) == (sids[1], "Accessible")


@pytest.mark.parametrize("skew", [timedelta(days=41), -timedelta(days=41), timedelta(minutes=6)])
def test_a_wrong_clock_neither_lists_nor_drops_anything(world: World, skew: timedelta) -> None:
    key = world.create(backend="Twilio", s3=None)
    first, second = world.twilio.record(), world.twilio.record()
    world.twilio.delete(first)
    world.sweep(key)
    entries = world.entries(key)
    world.twilio.delete(second)
    world.twilio.clock_skew = skew
    live_for(world, key, 3600)
    assert world.condition(key, "Ready") == ("False", "ClockSkew")
    assert world.entries(key) == entries
    world.twilio.clock_skew = timedelta(0)
    live_for(world, key, 3600)
    assert {entry.sid for entry in world.entries(key)} == {first, second}


def test_a_terminal_error_waits_for_an_edit(world: World) -> None:
    key = ready_key(world)
    world.twilio.fail("account", Terminal(Reason.SECRET_MALFORMED, "authToken is missing"))
    world.clock.advance(seconds=1000)
    world.run(key)
    assert world.condition(key, "Stalled") == ("True", "SecretMalformed")
    calls = len(world.twilio.calls)
    live_for(world, key, 24 * 3600)
    assert len(world.twilio.calls) == calls
    world.cluster.put_secret("default", "twilio", {"authToken": "1" * 32})
    live_for(world, key, 61)
    assert world.condition(key, "Stalled") is None
    assert world.condition(key, "Ready") == ("True", "Reconciled")


def test_a_page_loop_is_noticed_and_lasting_it_is_shown(world: World) -> None:
    world.twilio.page_size = 2
    for _ in range(6):
        world.twilio.record()
    key = world.create(backend="Twilio", s3=None)
    loop = Transient(Reason.LISTING_INCONSISTENT, "round in circles")
    world.twilio.fail("recordings", loop, times=10_000)
    live_for(world, key, 4 * 3600)
    assert world.condition(key, "Ready") == ("False", "ListingInconsistent")


def test_a_turn_ends_as_soon_as_it_is_asked_to(world: World) -> None:
    world.twilio.page_size = 1
    for _ in range(20):
        world.twilio.record()
    key = world.create(backend="Twilio", s3=None)
    world.clock.advance(seconds=1000)
    world.should_yield = lambda: True
    calls = len(world.twilio.calls)
    assert world.turn(key).after == 0.0
    assert len(world.twilio.calls) - calls == 1


def test_a_suspended_resource_is_left_alone_and_goes_on_later(world: World) -> None:
    key = world.create(backend="Twilio", s3=None)
    sid = world.twilio.record()
    world.twilio.delete(sid)
    world.sweep(key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(suspend=True))
    world.run(key)
    calls = len(world.twilio.calls)
    world.clock.advance(days=60)
    assert world.run(key).after is None
    assert len(world.twilio.calls) == calls
    assert len(world.entries(key)) == 1
    world.cluster.edit(key, lambda obj: obj["spec"].update(suspend=False))
    world.run(key)
    assert world.entries(key) == []


def test_a_deleted_resource_lets_go_without_asking_twilio_or_s3(world: World) -> None:
    key = ready_key(world)
    calls = len(world.twilio.calls)
    world.cluster.delete(key)
    world.run(key)
    assert key not in world.cluster.objects
    assert len(world.twilio.calls) == calls
    assert list(world.work_dir.glob("*.sqlite")) == []
    assert world.s3.buckets[BUCKET].versions


def test_a_request_is_echoed_only_when_a_sweep_has_answered_it(world: World) -> None:
    key = ready_key(world)
    world.cluster.annotate(key, "recordings.dev/reconcile-requested-at", "now")
    world.should_yield = lambda: True
    world.turn(key)
    world.turn(key)
    assert "lastHandledReconcileAt" not in world.cluster.status(key)
    world.should_yield = lambda: False
    world.run(key)
    assert world.cluster.status(key)["lastHandledReconcileAt"] == "now"


def test_a_resource_at_rest_holds_no_open_file(world: World) -> None:
    key = ready_key(world)
    open_files = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    assert [path for path in open_files if str(world.work_dir) in path] == []
    world.sweep(key)
    assert world.condition(key, "Ready") == ("True", "Reconciled")


def test_what_expires_during_a_long_sweep_does_not_wait_for_its_end(world: World) -> None:
    world.twilio.page_size = 1
    kept, gone = [world.twilio.record() for _ in range(30)], world.twilio.record()
    world.twilio.delete(gone)
    key = world.create(backend="Twilio", s3=None)
    world.sweep(key)
    assert len(world.entries(key)) == 1
    world.clock.advance(days=40, seconds=-1060)
    world.should_yield = lambda: True
    world.turn(key)
    world.clock.advance(seconds=60)
    world.turn(key)
    assert world.entries(key) == []
    world.should_yield = lambda: False
    world.run(key)
    assert world.cluster.status(key)["recordings"]["twilio"] == len(kept)


@pytest.mark.parametrize("steps", range(1, 14))
def test_a_pass_in_mid_sweep_records_nothing_of_it(world: World, steps: int) -> None:
    """Before its end a sweep has not asked yet whether what it found can be believed."""
    key = world.create()
    lost = {world.external() for _ in range(8)}
    gone = world.external()
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(key)
    assert [entry.sid for entry in world.entries(key)] == [gone]
    for sid in lost:
        world.s3.purge_versions(BUCKET, object_key(sid))
    world.should_yield = lambda: True
    world.clock.advance(days=40, seconds=-1000 - steps)
    for _ in range(40):
        world.turn(key)
        world.clock.advance(seconds=1)
        assert not lost & {entry.sid for entry in world.entries(key)}
    assert world.entries(key) == []
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
