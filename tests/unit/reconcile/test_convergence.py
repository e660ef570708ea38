"""Whatever the world looks like, one reconciliation is enough: the next one plans nothing and writes nothing."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recording_storage_operator.core.ledger import SETTLED
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, BUCKET_URL
from tests.unit.reconcile.world import World, object_key

STATUSES = st.sampled_from(["completed", "processing", "in-progress", "absent", "paused", "failed", "brand-new"])

EVENTS = st.one_of(
    st.tuples(st.just("record"), STATUSES),
    st.tuples(st.just("external"), st.booleans()),
    st.tuples(st.just("delete"), st.integers(0, 30)),
    st.tuples(st.just("bulk_delete"), st.integers(0, 30)),
    st.tuples(st.just("delete_object"), st.integers(0, 30)),
    st.tuples(st.just("undelete_object"), st.integers(0, 30)),
    st.tuples(st.just("purge_object"), st.integers(0, 30)),
    st.tuples(st.just("alert"), st.integers(0, 30)),
    st.tuples(st.just("elsewhere"), st.none()),
    st.tuples(st.just("hide"), st.integers(0, 30)),
    st.tuples(st.just("hours"), st.integers(1, 400)),
    st.tuples(st.just("sweep"), st.none()),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("metadata_days"), st.integers(1, 40)),
)


class Story:
    """Plays events on a world. Numbers choose among the recordings there are."""

    def __init__(self, world: World, key: Key) -> None:
        self.world, self.key = world, key
        self.sids: list[str] = []

    def play(self, event: tuple[str, object]) -> None:
        name, argument = event
        if name in ("delete", "bulk_delete", "delete_object", "undelete_object", "purge_object", "alert", "hide"):
            if self.sids:
                getattr(self, name)(self.sids[int(str(argument)) % len(self.sids)])
        else:
            getattr(self, name)(argument)

    def record(self, status: str) -> None:
        self.world.twilio.store_in("")
        self.sids.append(self.world.twilio.record(status=status))

    def external(self, arrives: bool) -> None:
        if arrives:
            self.sids.append(self.world.external())
        else:
            self.world.twilio.store_in(BUCKET_URL)
            self.sids.append(self.world.twilio.record())

    def elsewhere(self, _: object) -> None:
        self.world.twilio.store_in("https://other.s3.amazonaws.com")
        self.sids.append(self.world.twilio.record())

    def delete(self, sid: str) -> None:
        if self.status(sid) == "completed":
            self.world.twilio.delete(sid)

    def bulk_delete(self, sid: str) -> None:
        if self.status(sid) == "completed":
            self.world.twilio.bulk_delete(sid)

    def delete_object(self, sid: str) -> None:
        self.world.s3.delete(BUCKET, object_key(sid))

    def undelete_object(self, sid: str) -> None:
        history = self.world.s3.buckets[BUCKET].versions.get(object_key(sid))
        if history and history[-1].is_delete_marker:
            self.world.s3.undelete(BUCKET, object_key(sid))

    def purge_object(self, sid: str) -> None:
        self.world.s3.purge_versions(BUCKET, object_key(sid))

    def alert(self, sid: str) -> None:
        if self.status(sid):
            self.world.twilio.alert(sid)

    def hide(self, sid: str) -> None:
        if self.status(sid):
            self.world.twilio.hide(sid)

    def hours(self, number: int) -> None:
        self.world.clock.advance(seconds=3600 * number)

    def sweep(self, _: object) -> None:
        self.world.sweep(self.key)

    def restart(self, _: object) -> None:
        self.world.restart_operator()

    def metadata_days(self, days: int) -> None:
        self.world.cluster.edit(self.key, lambda obj: obj["spec"].update(retention={"metadataDays": days}))

    def status(self, sid: str) -> str | None:
        recording = self.world.twilio.account().recording(sid)
        return recording.status if recording else None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=40))
def test_a_second_sweep_of_an_unchanged_world_writes_nothing(events: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        world = World(Path(work_dir))
        key = world.create()
        story = Story(world, key)
        for event in events:
            story.play(event)
        # Past the grace of uploads, and one sweep more: an expired entry is forgotten by the sweep after its expiry.
        world.clock.advance(seconds=7200)
        world.sweep(key)
        world.restart_operator()
        world.run(key)
        writes, status = world.cluster.writes, world.cluster.status(key)
        world.restart_operator()
        outcome = world.run(key)

        assert not outcome.failed
        assert status["plan"] == {"state": "Applied", "summary": "Nothing to do."}
        assert world.cluster.writes == writes, (status, world.cluster.status(key))
        check_ledger(world, key)


def check_ledger(world: World, key: Key) -> None:
    """The count is the sum of the days is the number of entries that can be read, each SID once."""
    summary = world.cluster.status(key)["deletedRecordingsSummary"]
    sids = [entry.sid for entry in world.entries(key)]
    assert summary["total"] == sum(day["count"] for day in summary["byExpiryDay"]) == len(sids) == len(set(sids))
    assert summary["total"] == sum(summary["byOrigin"].values())
    spec = world.cluster.objects[key]["spec"]
    check_truth(world, sids, spec.get("retention", {}).get("metadataDays", 40))
    in_bucket = world.s3.buckets[BUCKET].versions
    for sid in sids:
        history = in_bucket.get(object_key(sid))
        assert history is None or history[-1].is_delete_marker, f"{sid} is in the bucket and listed as deleted"
    settled = {e.sid for part in world.cluster.slices_of(key) if part.day == SETTLED for e in part.entries()}
    assert not settled & set(sids)


def check_truth(world: World, sids: list[str], metadata_days: int) -> None:
    """Nothing whose audio Twilio has is listed; every deletion Twilio tells of is, unless a copy is in the bucket."""
    page = world.twilio.account().recordings()
    here = [one for one in page.recordings if "twilio.com" in (one.media_url or "")]
    at_twilio = {one.sid for one in here if one.status != "deleted"}
    assert not at_twilio & set(sids)
    kept = {sid for sid in sids if world.s3.buckets[BUCKET].versions.get(object_key(sid))}
    gone = {one.sid for one in here if one.status == "deleted"}
    events = world.twilio.account().deletion_events(world.clock.now() - timedelta(days=30)).events
    oldest = world.clock.now() - timedelta(days=metadata_days)
    recent = {event.recording_sid for event in events if event.deleted_at > oldest}
    assert (gone & recent) - kept <= set(sids)
