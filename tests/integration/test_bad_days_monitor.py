"""Twilio Monitor as it may be: late, lossy, in any order. Its events only time what the lists show."""

from datetime import timedelta

import pytest

from recording_storage_operator.core.work import Key
from tests.integration.bad_days import HOUR
from tests.integration.cloud_world import PAGE, CloudWorld, world_fixtures

cloud_lab, world = world_fixtures(small_pages=True)


def at_twilio(world: CloudWorld, count: int = 1) -> tuple[Key, list[str]]:
    """A resource with recordings at Twilio that will be deleted."""
    key = world.create(backend="Twilio", s3=None)
    sids = world.record(count + 1)[1:]
    world.sweep(key)
    return key, sids


def precisions(world: CloudWorld, key: Key) -> set[str]:
    return {str(entry.precision) for entry in world.entries(key).values()}


@pytest.mark.parametrize("hours", [0.5, 2, 20])
def test_a_late_event_refines_what_was_observed(world: CloudWorld, hours: float) -> None:
    """Also across midnight, where the entry moves to the slices of another day."""
    key, sids = at_twilio(world, PAGE + 1)
    world.control.options(event_lag_seconds=hours * HOUR)
    deleted_at = world.clock.now()
    world.delete_at_twilio(*sids)
    world.sweep(key)
    world.assert_true(key)
    assert precisions(world, key) == {"Observed"}
    assert all(entry.deleted_at > deleted_at for entry in world.entries(key).values())

    while world.clock.now() < deleted_at + timedelta(hours=hours):
        world.sweep(key)
        world.assert_true(key)
    world.sweep(key)
    world.assert_true(key)
    assert precisions(world, key) == {"Exact"}
    assert {entry.deleted_at for entry in world.entries(key).values()} == {deleted_at.replace(microsecond=0)}
    assert world.conditions(key) == world.healthy(key)


def test_an_event_later_than_a_day_is_read_by_the_next_process(world: CloudWorld) -> None:
    key, sids = at_twilio(world)
    world.control.options(event_lag_seconds=50 * HOUR)
    world.delete_at_twilio(*sids)
    for _ in range(5):
        world.clock.advance(days=0.5)
        world.run(key)
        world.assert_true(key)
    assert precisions(world, key) == {"Observed"}
    world.restart_operator()
    world.live(key, HOUR)
    world.assert_true(key)
    assert precisions(world, key) == {"Exact"}


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_lost_event_loses_no_deletion(world: CloudWorld, share: float) -> None:
    key, sids = at_twilio(world, 16)
    world.control.options(event_loss=share)
    world.delete_at_twilio(*sids)
    for _ in range(3):
        world.sweep(key)
        world.assert_true(key)
    assert precisions(world, key) == ({"Observed"} if share == 1.0 else {"Observed", "Exact"})
    writes = world.cluster.writes
    world.sweep(key)
    assert world.cluster.writes == writes


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_events_may_come_in_any_order(world: CloudWorld, order: str) -> None:
    key, sids = at_twilio(world, 2 * PAGE + 1)
    world.control.options(event_order=order)
    times = {}
    for sid in sids:
        times[sid] = world.clock.now().replace(microsecond=0)
        world.delete_at_twilio(sid)
        world.clock.advance(seconds=10)
    world.sweep(key)
    world.assert_true(key)
    assert {sid: entry.deleted_at for sid, entry in world.entries(key).items()} == times
    assert precisions(world, key) == {"Exact"}


def test_a_bulk_deletion_told_by_one_event_is_found_by_the_list(world: CloudWorld) -> None:
    key, sids = at_twilio(world, 2 * PAGE + 1)
    world.control.options(bulk_delete_events="one")
    world.delete_at_twilio(*sids)
    for _ in range(2):
        world.sweep(key)
        world.assert_true(key)
    assert precisions(world, key) == {"Observed"}
    found = world.entries(key)
    world.restart_operator()
    world.live(key, HOUR)
    assert world.entries(key) == found


def test_an_event_alone_is_no_deletion(world: CloudWorld) -> None:
    """The list still shows the recording as completed; once it does not, the event tells when."""
    key, sids = at_twilio(world)
    deleted_at = world.clock.now().replace(microsecond=0)
    world.fault("stale_list", r"/AC/Recordings", seconds=2 * HOUR)
    world.delete_at_twilio(*sids)
    world.live(key, HOUR)
    assert world.entries(key) == {}
    world.live(key, 2 * HOUR)
    world.assert_true(key)
    assert world.entries(key)[sids[0]].deleted_at == deleted_at


def test_a_list_that_shows_a_listed_deletion_as_completed_again_takes_nothing_back(world: CloudWorld) -> None:
    key, sids = at_twilio(world)
    world.delete_at_twilio(*sids)
    world.sweep(key)
    found = world.entries(key)
    world.fault("stale_list", r"/AC/Recordings", seconds=24 * HOUR)
    world.live(key, HOUR)
    assert world.entries(key) == found
