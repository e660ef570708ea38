"""What a ledger remembers of a deletion through crashes, restarts, restores and other buckets."""

from datetime import timedelta

import pytest

from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.verdicts import ACCEPT_MISSING
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, BUCKET_URL, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World, listed, object_key, settled


def watching(world: World) -> Key:
    """A bucket without versions: a deletion leaves no marker there."""
    key = world.create(s3=storage()["spec"]["s3"] | {"versioning": "Unmanaged"})
    for _ in range(20):
        world.external()
    world.sweep(key)
    return key


def deleted(world: World, key: Key, count: int = 1) -> list[str]:
    """One after the other, so that each is believed."""
    gone = []
    for _ in range(count):
        gone.append(world.external())
        world.sweep(key)
        world.s3.delete(BUCKET, object_key(gone[-1]))
        world.sweep(key)
    return sorted(gone)


def over(world: World, key: Key, count: int) -> list[str]:
    """Deletions whose entries have expired while Twilio still lists them."""
    gone = deleted(world, key, count)
    world.clock.advance(days=41)
    world.run(key)
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], gone)
    return gone


def test_a_deletion_that_is_over_stays_so_in_the_next_process(world: World) -> None:
    key = watching(world)
    gone = over(world, key, 7)
    world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], gone)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    assert deleted(world, key) == listed(world, key), "new ones are listed as ever"


def test_a_deletion_that_is_over_stays_so_while_another_bucket_is_watched(world: World) -> None:
    key = watching(world)
    gone = over(world, key, 1)
    world.edit_s3(key, bucket="other-bucket")
    world.sweep(key)
    world.edit_s3(key, bucket=BUCKET)
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], gone)


def test_who_deletes_again_what_was_restored_after_its_entry_expired_finds_it_listed(world: World) -> None:
    key = world.create()
    [sid, _kept] = [world.external() for _ in range(2)]
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    world.clock.advance(days=41)
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == []
    world.s3.undelete(BUCKET, object_key(sid))
    world.clock.advance(seconds=60)
    world.s3.delete(BUCKET, object_key(sid))
    for _ in range(3):
        world.sweep(key)
        assert listed(world, key) == [sid]
    world.clock.advance(days=41)
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == []


def test_an_entry_that_moves_to_an_earlier_day_is_never_nowhere(world: World) -> None:
    """Its exact time is known late, and the process ends between writing it there and taking it out here."""
    key = world.create(backend="Twilio", s3=None)
    sid = world.twilio.record()
    world.sweep(key)
    world.twilio.event_lag = timedelta(hours=20)
    world.clock.advance(seconds=11.5 * 3600)
    world.twilio.delete(sid)
    world.clock.advance(seconds=1800)
    world.run(key)
    world.twilio.event_lag = timedelta(0)
    world.cluster.fail("delete_slice", Transient(Reason.KUBERNETES_UNREACHABLE, "down"), times=1)
    world.sweep(key)
    assert len(world.cluster.slices_of(key)) == 2
    world.restart_operator()
    while (world.turn(key).after or 0.0) == 0.0:
        assert listed(world, key), "nowhere"
    assert [(part.day, part.count) for part in world.cluster.slices_of(key)] == [("2026-04-10", 1)]


def test_what_was_seen_in_the_bucket_arrived_whatever_an_alert_says(world: World) -> None:
    """Twilio's first attempt failed and a later one did not."""
    key = watching(world)
    sid = world.external()
    world.twilio.alert(sid)
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    assert listed(world, key) == [sid]


def test_a_transcript_beside_a_recording_is_not_the_recording(world: World) -> None:
    key = world.create()
    sid = world.external()
    world.s3.put(BUCKET, f"{object_key(sid)}.json")
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    assert listed(world, key) == [sid]


def test_a_delete_marker_at_another_key_hides_nothing(world: World) -> None:
    """The recording lies where its URL says; a copy of it beside was deleted."""
    key = world.create(s3=storage()["spec"]["s3"] | {"prefix": "voice"})
    world.twilio.store_in(f"{BUCKET_URL}/voice")
    sid = world.twilio.record()
    world.s3.put(BUCKET, f"voice/{object_key(sid)}")
    world.s3.put(BUCKET, object_key(sid))
    world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].pop("prefix"))
    world.run(key)
    world.clock.advance(days=2)
    world.run(key)
    assert listed(world, key) == []
    world.s3.delete(BUCKET, f"voice/{object_key(sid)}")
    world.sweep(key)
    assert listed(world, key) == [sid]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_bucket_of_the_same_name_at_another_endpoint_makes_no_deletion_of_what_it_lacks(
    world: World, restarts: bool
) -> None:
    key = world.create()
    sids = [world.external() for _ in range(3)]
    world.sweep(key)
    there = world.s3.buckets[BUCKET]
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.edit_s3(key, endpointUrl="https://minio.example.com")
    for _ in range(3):
        world.clock.advance(days=1)
        if restarts:
            world.restart_operator()
        world.run(key)
        assert listed(world, key) == []
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
    world.s3.buckets[BUCKET] = there
    world.edit_s3(key, endpointUrl=None)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    world.s3.delete(BUCKET, object_key(sids[0]))
    world.sweep(key)
    assert listed(world, key) == sids[:1]


def test_what_once_was_too_much_to_be_believed_is_not_believed_because_others_arrive(world: World) -> None:
    key = watching(world)
    world.clock.advance(days=2)
    gone = [world.external() for _ in range(7)]
    world.sweep(key)
    for sid in gone:
        world.s3.delete(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.run(key)
    assert world.cluster.status(key)["recordings"]["doubtful"] == 7
    others = [world.external() for _ in range(100)]
    for _ in range(2):
        world.restart_operator()
        world.run(key)
        world.sweep(key)
        assert (listed(world, key), world.cluster.status(key)["recordings"]["doubtful"]) == ([], 7)
    loss = world.message(key, "LedgerComplete").rpartition("=")[2]
    world.cluster.annotate(key, ACCEPT_MISSING, loss)
    world.run(key)
    assert listed(world, key) == sorted(gone)
    assert "doubtful" not in world.cluster.status(key)["recordings"]
    world.s3.delete(BUCKET, object_key(others[0]))
    world.sweep(key)
    assert listed(world, key) == sorted([*gone, others[0]]), "what goes later is listed as ever"


def test_what_was_doubted_and_is_seen_again_was_never_gone(world: World) -> None:
    key = watching(world)
    gone = [world.external() for _ in range(7)]
    world.sweep(key)
    for sid in gone:
        world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    assert world.condition(key, "Ready") == ("False", "ImplausibleLoss")
    for sid in gone:
        world.s3.put(BUCKET, object_key(sid))
    world.restart_operator()
    world.run(key)
    assert (listed(world, key), world.condition(key, "LedgerComplete")) == ([], ("True", "Swept"))
    assert deleted(world, key) == listed(world, key)


def test_a_bucket_in_which_nothing_shows_that_twilio_writes_to_it_proves_no_deletion(world: World) -> None:
    key = world.create(s3=storage()["spec"]["s3"] | {"versioning": "Unmanaged"})
    world.twilio.store_in(BUCKET_URL)
    sid = world.twilio.record()
    world.clock.advance(days=2)
    world.run(key)
    assert (listed(world, key), world.condition(key, "LedgerComplete")) == ([], ("False", "ImplausibleLoss"))
    world.external()
    world.sweep(key)
    assert listed(world, key) == [], "that others arrive there does not tell whether this one did"
    world.s3.put(BUCKET, object_key(sid))
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")


def test_a_deletion_that_was_over_when_first_seen_is_not_one_of_today_once_its_marker_is_gone(world: World) -> None:
    """A lifecycle rule removes delete markers that hide nothing any more."""
    world.twilio.store_in(BUCKET_URL)
    key = world.create(retention={"metadataDays": 3})
    world.external()
    sid = world.external()
    world.s3.delete(BUCKET, object_key(sid))
    world.restart_operator()
    world.clock.advance(days=5)
    world.run(key)
    assert (listed(world, key), settled(world, key)) == ([], [sid])
    world.s3.purge_versions(BUCKET, object_key(sid))
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], [sid])
