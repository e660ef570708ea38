"""The acceptance table, on the fakes: what is listed, as what, and until when."""

from tests.builders import BUCKET
from tests.unit.reconcile.world import World, object_key


def test_a_recording_deleted_from_twilio_is_listed_until_its_metadata_is_purged(world: World) -> None:
    sid = world.twilio.record()
    key = world.create(backend="Twilio", s3=None)
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    world.twilio.delete(sid)
    deleted_at = world.clock.now()
    world.sweep(key)

    [entry] = world.entries(key)
    assert (entry.sid, entry.deleted_at, entry.origin, entry.precision) == (sid, deleted_at, "Twilio", "Exact")
    [shown] = world.cluster.status(key)["deletedRecordings"]
    assert shown["expiresAt"] == "2026-04-10T12:00:00Z"
    world.clock.advance(days=40, seconds=-1001)
    world.run(key)
    assert world.cluster.status(key)["deletedRecordingsSummary"]["total"] == 1
    world.clock.advance(seconds=1)
    world.run(key)
    assert world.cluster.status(key)["deletedRecordingsSummary"]["total"] == 0
    assert world.entries(key) == []


def test_a_recording_deleted_from_s3_after_external_storage_was_disabled(world: World) -> None:
    world.cluster.put_secret("default", "s3", {})
    key = world.create()
    sid = world.external()
    world.sweep(key)
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="Twilio"))
    world.twilio.store_in("")
    kept = world.twilio.record()
    world.s3.delete(BUCKET, object_key(sid))
    world.run(key)

    [entry] = world.entries(key)
    assert (entry.sid, entry.origin, entry.precision, entry.metadata) == (sid, "S3", "Exact", "Accessible")
    assert kept not in {entry.sid for entry in world.entries(key)}
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    assert world.cluster.status(key)["recordings"]["twilio"] == 1


def test_a_deletion_that_was_over_when_first_seen_is_never_listed(world: World) -> None:
    """Twilio keeps the metadata for 40 days, its feed the time of a deletion for 30, and this resource asks for 10."""
    sid = world.twilio.record()
    world.twilio.delete(sid)
    world.clock.advance(days=20)
    key = world.create(backend="Twilio", s3=None, retention={"metadataDays": 10})
    world.clock.advance(days=15)
    world.restart_operator()
    world.run(key)
    assert world.entries(key) == []
    world.clock.advance(days=6)
    world.run(key)
    assert world.cluster.slices_of(key) == []
