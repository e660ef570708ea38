"""What a sweep makes of moved objects, edits in its midst, and what it cannot tell."""

import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from recording_storage_operator.api.names import RECONCILE_REQUESTED_AT
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.verdicts import ACCEPT_MISSING
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET
from tests.unit.reconcile.world import UNVERSIONED, World, listed, object_key, settled


def moved_and_deleted(world: World, days: float) -> tuple[Key, str]:
    """A recording that was moved within the account's folder (a copy, then a delete), and deleted there later."""
    key = world.create()
    sid, _kept = world.external(), world.external()
    world.sweep(key)
    world.s3.put(BUCKET, f"{object_key('archive')}/{sid}.wav")
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    assert listed(world, key) == []
    world.clock.advance(days=days)
    world.run(key)
    assert listed(world, key) == []
    world.s3.delete(BUCKET, f"{object_key('archive')}/{sid}.wav")
    world.sweep(key)
    return key, sid


def test_a_recording_moved_within_the_bucket_is_listed_when_it_is_deleted_there_long_after(world: World) -> None:
    key, sid = moved_and_deleted(world, days=50)
    assert listed(world, key) == [sid]


def test_a_recording_moved_within_the_bucket_was_deleted_when_its_last_copy_was(world: World) -> None:
    key, _sid = moved_and_deleted(world, days=20)
    [entry] = world.entries(key)
    assert entry.deleted_at == world.clock.now() - timedelta(seconds=1000)


def test_an_entry_of_a_day_of_two_slices_stays_when_it_is_rewritten(world: World) -> None:
    key = world.create()
    sids = sorted(world.external() for _ in range(4002))
    world.sweep(key)
    for sid in sids:
        world.twilio.delete(sid)
    world.clock.advance(days=20)
    for sid in sids:
        world.s3.delete(BUCKET, object_key(sid))
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == sids
    assert [part.count for part in world.cluster.slices_of(key)] == [4000, 2]
    world.s3.undelete(BUCKET, object_key(sids[0]))
    world.sweep(key)
    assert listed(world, key) == sids[1:]
    world.clock.advance(days=20)
    world.run(key)
    for _ in range(3):
        assert listed(world, key) == sids[1:]
        world.sweep(key)


def test_an_entry_that_two_slices_of_a_day_hold_stays(world: World) -> None:
    key = world.create()
    sid, _kept = world.external(), world.external()
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    [part] = world.cluster.slices_of(key)
    store = world.cluster.ledger(key, world.cluster.uid(key))
    store.write(replace(part, name=f"{part.name}-twin", version=""))
    for _ in range(3):
        world.sweep(key)
        assert set(listed(world, key)) == {sid}


@pytest.mark.parametrize("turns", range(1, 14))
def test_what_a_sweep_that_was_given_up_had_found_is_not_recorded(world: World, turns: int) -> None:
    """An edit comes while a sweep is at work; what it has found so far was not weighed yet."""
    key = world.create()
    sids = [world.external() for _ in range(8)]
    world.sweep(key)
    for sid in sids:
        world.s3.purge_versions(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.should_yield = lambda: True
    for _ in range(turns):
        world.turn(key)
    world.cluster.annotate(key, RECONCILE_REQUESTED_AT, "now")
    world.turn(key)
    world.cluster.fail("get_secret", Transient(Reason.KUBERNETES_UNREACHABLE, "down"))
    world.turn(key)
    world.clock.advance(seconds=2)
    world.turn(key)
    assert listed(world, key) == []


def test_a_longer_stay_lists_again_what_the_shorter_one_had_ended(world: World) -> None:
    """metadataDays was lowered by mistake, and put back."""
    key = world.create(backend="Twilio", s3=None)
    sid = world.twilio.record()
    world.twilio.delete(sid)
    world.sweep(key)
    world.clock.advance(days=12)
    world.run(key)
    assert listed(world, key) == [sid]
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 10}))
    world.run(key)
    assert listed(world, key) == []
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 40}))
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == [sid]
    assert settled(world, key) == []


@pytest.mark.parametrize("metadata_days", [40, 10])
def test_what_was_deleted_from_the_bucket_was_not_deleted_before_at_twilio(world: World, metadata_days: int) -> None:
    """Deleted at Twilio first, the last copy in the bucket days later; then the operator restarts."""
    key = world.create(s3=UNVERSIONED, retention={"metadataDays": metadata_days})
    for _ in range(10):
        world.external()
    sid = world.external()
    world.sweep(key)
    world.clock.advance(days=15)
    world.run(key)
    world.twilio.delete(sid)
    world.clock.advance(days=15)
    world.run(key)
    assert listed(world, key) == []
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    before = world.entries(key)
    assert [(entry.sid, entry.origin) for entry in before] == [(sid, "S3")]
    world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert world.entries(key) == before


def test_accepting_a_loss_accepts_no_more_than_was_told(world: World) -> None:
    """Without alerts, what never arrived cannot be told from what was deleted."""
    key = world.create(s3=UNVERSIONED)
    old = world.external()
    for _ in range(40):
        world.external()
    world.s3.delete(BUCKET, object_key(old))
    world.clock.advance(days=35)
    world.restart_operator()
    never_arrived = world.twilio.record()
    world.twilio.alert(never_arrived)
    world.clock.advance(days=2)
    world.twilio.fail("upload_alerts", Wait(Reason.TWILIO_ACCESS_DENIED, "no"), times=100)
    world.run(key)
    message = world.message(key, "LedgerComplete")
    assert message.startswith("1 older recordings"), message
    loss = message.rpartition("=")[2].rstrip(".")
    world.cluster.annotate(key, ACCEPT_MISSING, loss)
    world.run(key)
    assert listed(world, key) == [old]


def test_without_monitor_deletions_are_timed_by_the_sweep(world: World) -> None:
    world.twilio.fail("deletion_events", Wait(Reason.TWILIO_ACCESS_DENIED, "Let the key read events."), times=100)
    key = world.create(backend="Twilio", s3=None)
    sid = world.twilio.record()
    world.twilio.delete(sid)
    world.sweep(key)
    [entry] = world.entries(key)
    assert entry.precision == "Observed"
    assert world.condition(key, "LedgerComplete") == ("True", "MonitorDenied")
    assert world.message(key, "LedgerComplete").startswith("Let the key read events. So deletions at Twilio are ")


def test_without_alerts_a_missing_object_proves_nothing(world: World) -> None:
    key = world.create()
    sid = world.external()
    world.twilio.fail("upload_alerts", Wait(Reason.TWILIO_ACCESS_DENIED, "There are none here."), times=100)
    world.s3.purge_versions(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.run(key)
    assert world.entries(key) == []
    assert world.cluster.status(key)["recordings"]["missing"] == 1
    assert world.condition(key, "LedgerComplete") == ("False", "MonitorDenied")
    assert world.message(key, "LedgerComplete").startswith("There are none here. So objects missing without a ")


def test_an_alert_that_names_no_recording_counts_for_as_long_as_it_is_kept(world: World) -> None:
    key = world.create()
    sid, _kept = world.external(), world.external()
    world.twilio.alert_about_none()
    world.s3.purge_versions(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.run(key)
    assert world.entries(key) == []
    assert world.condition(key, "LedgerComplete") == ("False", "MonitorDenied")
    assert world.message(key, "LedgerComplete").startswith("An alert names no recording. So objects missing without")
    writes = world.cluster.calls["patch_status"]
    world.sweep(key)
    assert world.cluster.calls["patch_status"] == writes
    world.clock.advance(days=28)
    world.run(key)
    assert world.condition(key, "LedgerComplete") != ("False", "MonitorDenied")


def test_a_bucket_that_no_sweep_has_seen_is_not_called_complete(world: World) -> None:
    key = world.create()
    world.external()
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    world.should_yield = lambda: True
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(bucket="other-bucket"))
    for _ in range(4):
        world.turn(key)
    [complete] = [one for one in world.cluster.status(key)["conditions"] if one["type"] == "LedgerComplete"]
    assert (complete["status"], complete["observedGeneration"]) != ("True", 2)


def test_a_sweep_asks_nothing_about_delete_markers_that_are_over(world: World) -> None:
    key = world.create()
    sids = [world.external() for _ in range(30)]
    world.sweep(key)
    for sid in sids:
        world.s3.delete(BUCKET, object_key(sid))
        world.twilio.delete(sid)
    world.sweep(key)
    world.clock.advance(days=90)
    world.run(key)
    world.sweep(key)
    world.twilio.calls.clear()
    world.sweep(key)
    assert [call for call in world.twilio.calls if call.method == "recording"] == []


def test_an_entry_is_under_the_day_it_expires_on_whenever_the_days_were_edited(world: World) -> None:
    key = world.create(backend="Twilio", s3=None)
    sid = world.twilio.record()
    world.sweep(key)
    world.twilio.delete(sid)
    world.cluster.fail("write_slice", Transient(Reason.KUBERNETES_UNREACHABLE, "down"))
    world.sweep(key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 10}))
    world.run(key)
    world.sweep(key)
    [part] = world.cluster.slices_of(key)
    assert part.day == part.first_expiry.date().isoformat()


DAMAGED = {
    "empty": b"",
    "no gzip": b"no gzip",
    "no entry": gzip.compress(b"[1]", mtime=0),
    "cut off": gzip.compress(b"{", mtime=0)[:-9],
}


@pytest.mark.parametrize("packed", DAMAGED.values(), ids=DAMAGED)
def test_a_slice_that_somebody_damaged_is_named_and_nothing_is_written(world: World, packed: bytes) -> None:
    key = world.create()
    sid, _kept = world.external(), world.external()
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    [part] = world.cluster.slices_of(key)
    world.cluster.ledger(key, world.cluster.uid(key)).write(replace(part, packed=packed))
    world.sweep(key)
    assert world.condition(key, "Ready") == ("False", "LedgerDamaged")
    assert part.name in world.message(key, "Ready")
    assert [left.packed for left in world.cluster.slices_of(key)] == [packed]


def test_the_ledger_is_not_complete_before_a_sweep_for_the_longer_stay(world: World) -> None:
    key = world.create(s3=UNVERSIONED, retention={"metadataDays": 3})
    sid = world.external()
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    world.clock.advance(days=4)
    world.run(key)
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], [sid])
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 40}))
    while not listed(world, key):
        world.turn(key)
        [complete] = [one for one in world.cluster.status(key)["conditions"] if one["type"] == "LedgerComplete"]
        about_it = complete["observedGeneration"] == world.cluster.objects[key]["metadata"]["generation"]
        assert listed(world, key) or not about_it or complete["status"] == "False"
