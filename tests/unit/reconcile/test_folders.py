"""Where in the bucket recordings are looked for: every folder that Twilio wrote to, and no copy elsewhere."""

from recording_storage_operator.core.ledger import Precision
from tests.builders import BUCKET, BUCKET_URL
from tests.unit.reconcile.world import UNVERSIONED, World, listed, object_key


def test_what_is_in_the_whole_bucket_is_there_under_whatever_prefix_twilio_wrote_it(world: World) -> None:
    """`prefix`: absent or empty means the whole bucket. Twilio's bucket URL has a path."""
    key = world.create()
    world.twilio.store_in(f"{BUCKET_URL}/voice")
    for _ in range(6):
        world.s3.put(BUCKET, f"voice/{object_key(world.twilio.record())}")
    world.clock.advance(days=30)
    world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept"), world.message(key, "LedgerComplete")
    assert world.cluster.status(key)["recordings"]["s3"] == 6
    assert world.cluster.status(key)["recordings"]["missing"] == 0


def under_several_paths(world: World) -> list[str]:
    """Recordings of the days when Twilio's bucket URL had no path, and two others."""
    sids = []
    for path in ("", "voice/", "old/voice/"):
        world.twilio.store_in(f"{BUCKET_URL}/{path}")
        sids += [world.twilio.record() for _ in range(3)]
        for sid in sids[-3:]:
            world.s3.put(BUCKET, f"{path}{object_key(sid)}")
    return sids


def test_the_folders_that_twilio_wrote_to_are_listed_not_asked_for_key_by_key(world: World) -> None:
    key = world.create()
    sids = under_several_paths(world)
    world.s3.page_size = 2
    world.clock.advance(days=2)
    world.run(key)
    world.s3.calls.clear()
    world.sweep(key)
    assert world.cluster.status(key)["recordings"]["s3"] == len(sids)
    assert [method for method, _ in world.s3.calls].count("has") == 0
    assert listed(world, key) == []


def test_a_delete_marker_counts_under_whatever_prefix_twilio_wrote_the_recording(world: World) -> None:
    """Also of a deletion that happened while no operator ran, of a recording whose alerts are forgotten."""
    key = world.create()
    gone, *_ = under_several_paths(world)[3:]
    world.clock.advance(days=30)
    world.s3.delete(BUCKET, f"voice/{object_key(gone)}")
    deleted_at = world.clock.now()
    world.clock.advance(days=1)
    world.restart_operator()
    world.run(key)
    [entry] = world.entries(key)
    assert (entry.sid, entry.deleted_at, entry.precision) == (gone, deleted_at, Precision.EXACT)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept"), world.message(key, "LedgerComplete")


def test_a_key_in_no_folder_of_the_account_is_asked_for(world: World) -> None:
    key = world.create()
    for name in ("a/first", "b/second"):
        world.twilio.record(media_url=f"{BUCKET_URL}/{name}")
        world.s3.put(BUCKET, name)
    world.clock.advance(days=2)
    world.sweep(key)
    assert world.cluster.status(key)["recordings"]["s3"] == 2
    assert listed(world, key) == []


def test_what_is_restored_under_another_prefix_of_the_whole_bucket_leaves_the_list(world: World) -> None:
    key = world.create()
    world.twilio.store_in(f"{BUCKET_URL}/voice")
    sid = world.twilio.record()
    world.s3.put(BUCKET, f"voice/{object_key(sid)}")
    world.clock.advance(days=2)
    world.run(key)
    world.s3.delete(BUCKET, f"voice/{object_key(sid)}")
    world.sweep(key)
    assert listed(world, key) == [sid]
    world.s3.undelete(BUCKET, f"voice/{object_key(sid)}")
    for _ in range(3):
        world.sweep(key)
    assert listed(world, key) == []


def test_a_copy_in_another_bucket_proves_no_upload(world: World) -> None:
    """Somebody gathers copies in the bucket that was watched before; in the new one they may be on their way."""
    key = world.create(s3=UNVERSIONED)
    world.twilio.store_in("https://other-bucket.s3.us-east-1.amazonaws.com")
    slow, there = world.twilio.record(), world.twilio.record()
    for sid in (slow, there):
        world.s3.put(BUCKET, object_key(sid))
    world.sweep(key)
    world.edit_s3(key, bucket="other-bucket")
    world.s3.put("other-bucket", object_key(there))
    world.sweep(key)
    world.sweep(key)
    assert listed(world, key) == []
    assert world.cluster.status(key)["recordings"]["inProgress"] == 1


def test_what_a_listing_leaves_out_is_asked_for_though_it_is_old_and_deleted_at_twilio(world: World) -> None:
    """Somebody keeps it in the bucket alone. Nothing but that object tells a new process that it ever arrived."""
    key = world.create()
    kept, _other = world.external(), world.external()
    world.clock.advance(days=35)
    world.twilio.delete(kept)
    world.s3.left_out = {object_key(kept)}
    world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == []
    assert world.cluster.status(key)["recordings"]["s3"] == 2
