"""A loss that was not believed stays so, whatever comes between; and what is doubted is not lost."""

import shutil
from typing import Any

import pytest

from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, BUCKET_URL
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import UNVERSIONED, World, listed, object_key, settled


def watching(world: World, **spec: Any) -> Key:
    key = world.create(s3=UNVERSIONED, **spec)
    for _ in range(20):
        world.external()
    world.sweep(key)
    return key


def doubted(world: World, key: Key) -> list[str]:
    """Seven that are missing at once, which is not believed."""
    world.clock.advance(days=2)
    gone = [world.external() for _ in range(7)]
    world.sweep(key)
    for sid in gone:
        world.s3.delete(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.run(key)
    assert world.cluster.status(key)["recordings"]["doubtful"] == 7
    return gone


def test_a_doubt_outlives_the_time_in_which_no_bucket_is_watched(world: World) -> None:
    """spec.s3 is taken out after a loss was doubted, and put back later."""
    key = world.create(s3=UNVERSIONED)
    doubted(world, key)
    assert listed(world, key) == []
    spec = world.cluster.objects[key]["spec"]["s3"]
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="Twilio", s3=None))
    world.run(key)
    world.sweep(key)
    for _ in range(100):
        world.external()
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="S3", s3=spec))
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == [], "nobody has accepted that"


def test_a_doubt_outlives_the_loss_of_its_file(world: World) -> None:
    """The work directory may be lost at any time, also while the process goes on."""
    key = world.create(s3=UNVERSIONED)
    doubted(world, key)
    for file in world.work_dir.glob("*.sqlite"):
        file.unlink()
    for _ in range(100):
        world.external()
    world.sweep(key)
    world.sweep(key)
    assert listed(world, key) == [], "nobody has accepted that"


def test_a_sweep_makes_its_folder_anew(world: World) -> None:
    key = world.create(s3=UNVERSIONED)
    world.external()
    world.sweep(key)
    shutil.rmtree(world.work_dir)
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept"), world.message(key, "Ready")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("elsewhere", [{"bucket": "other-bucket"}, {"prefix": "voice"}])
def test_a_doubt_outlives_a_restart_while_another_place_is_watched(
    world: World, elsewhere: dict[str, str], restarts: bool
) -> None:
    key = watching(world)
    doubted(world, key)
    world.edit_s3(key, **elsewhere)
    world.sweep(key)
    if restarts:
        world.restart_operator()
        world.run(key)
        world.sweep(key)
    for _ in range(100):
        world.external()
    world.edit_s3(key, bucket=BUCKET, prefix=None)
    world.sweep(key)
    assert listed(world, key) == [], "nobody has accepted that"


@pytest.mark.parametrize("restarts", [False, True])
def test_what_another_server_lacks_is_not_deleted_though_the_operator_restarts_meanwhile(
    world: World, restarts: bool
) -> None:
    """A mirror that has nearly all; the process ends before the first sweep of it does."""
    key = watching(world)
    missing = [world.external() for _ in range(3)]
    world.sweep(key)
    world.clock.advance(days=2)
    world.run(key)
    for sid in missing:
        world.s3.delete(BUCKET, object_key(sid))
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(endpointUrl="https://minio.example.com"))
    if restarts:
        world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == []


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("status", ["completed", "deleted"])
@pytest.mark.parametrize("count", [3, 12])
def test_a_recording_deleted_at_twilio_and_kept_in_the_bucket_is_not_gone_because_another_server_lacks_it(
    world: World, status: str, count: int, edited: bool
) -> None:
    """Too many are missing without a marker: at another endpoint, or behind a gateway without its disk."""
    key = world.create()
    sids = [world.external() for _ in range(count)]
    for _ in range(20):
        world.external()
    if status == "deleted":
        for sid in sids:
            world.twilio.delete(sid)
    world.sweep(key)
    assert listed(world, key) == []
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.clock.advance(days=2)
    if edited:
        world.edit_s3(key, endpointUrl="https://minio.example.com")
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
    assert listed(world, key) == []


def test_an_account_whose_recordings_are_all_deleted_at_twilio_is_not_told_that_the_bucket_lost_them(
    world: World,
) -> None:
    """Somebody keeps recordings in S3 alone. The bucket of that name at another server is empty."""
    key = world.create()
    for sid in [world.external() for _ in range(30)]:
        world.twilio.delete(sid)
    world.sweep(key)
    assert listed(world, key) == []
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.edit_s3(key, endpointUrl="https://minio.example.com")
    world.sweep(key)
    assert (len(listed(world, key)), world.condition(key, "LedgerComplete")) == (0, ("False", "ImplausibleLoss"))


@pytest.mark.parametrize("before", [False, True])
def test_a_bucket_that_shows_nothing_of_twilio_proves_no_deletion_whatever_another_bucket_showed(
    world: World, before: bool
) -> None:
    key = world.create(s3=UNVERSIONED)
    if before:
        for _ in range(20):
            world.external()
        world.sweep(key)
    world.edit_s3(key, bucket="other-bucket")
    world.twilio.store_in("https://other-bucket.s3.us-east-1.amazonaws.com")
    world.twilio.record()
    world.clock.advance(days=2)
    world.run(key)
    world.sweep(key)
    assert listed(world, key) == []


@pytest.mark.parametrize("alert", [False, True])
def test_a_doubt_about_what_was_seen_does_not_end_with_an_alert_about_a_first_attempt(
    world: World, alert: bool
) -> None:
    key = watching(world)
    world.clock.advance(days=2)
    gone = [world.external() for _ in range(7)]
    if alert:
        for sid in gone:
            world.twilio.alert(sid)
    world.sweep(key)
    for sid in gone:
        world.s3.delete(BUCKET, object_key(sid))
    world.clock.advance(days=2)
    world.run(key)
    assert world.condition(key, "LedgerComplete") == ("False", "ImplausibleLoss")
    for _ in range(100):
        world.external()
    world.sweep(key)
    assert listed(world, key) == []


def test_two_edits_to_another_server_and_bucket_are_doubted_as_one_is(world: World) -> None:
    key = watching(world)
    missing = [world.external() for _ in range(3)]
    world.sweep(key)
    world.clock.advance(days=2)
    world.run(key)
    world.edit_s3(key, endpointUrl="https://minio.example.com", bucket="other-bucket")
    world.sweep(key)
    for sid in missing:
        world.s3.delete(BUCKET, object_key(sid))
    world.edit_s3(key, bucket=BUCKET)
    world.sweep(key)
    assert listed(world, key) == []


def test_a_doubt_outlives_the_wait_for_a_bucket(world: World) -> None:
    """The bucket vanished after the doubt, under Manual and made anew with consent; others arrive there."""
    key = world.create(s3=UNVERSIONED, approval="Manual")
    world.approve(key)
    doubted(world, key)
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(bucket="typo-bucket"))
    world.run(key)
    world.sweep(key)
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(bucket=BUCKET))
    for _ in range(100):
        world.external()
    world.run(key)
    world.sweep(key)
    if world.condition(key, "InSync") == ("False", "AwaitingApproval"):
        world.approve(key)
        world.sweep(key)
    assert listed(world, key) == [], "nobody has accepted that"


def test_a_doubt_ends_where_nothing_is_missing_though_calls_go_on(world: World) -> None:
    """There is always a recording on its way to the bucket."""
    key = watching(world)
    gone = [world.external() for _ in range(7)]
    world.sweep(key)
    for sid in gone:
        world.s3.delete(BUCKET, object_key(sid))
    world.sweep(key)
    assert world.condition(key, "Ready") == ("False", "ImplausibleLoss")
    for sid in gone:
        world.s3.put(BUCKET, object_key(sid))
    pending = ""
    for _ in range(5):
        if pending:
            world.s3.put(BUCKET, object_key(pending))
        pending = world.twilio.record()
        world.sweep(key)
        assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    world.s3.delete(BUCKET, object_key(gone[0]))
    world.s3.put(BUCKET, object_key(pending))
    pending = world.twilio.record()
    world.sweep(key)
    assert listed(world, key) == [gone[0]], world.message(key, "LedgerComplete")


def test_a_doubt_about_another_server_ends_where_only_what_was_untraced_is_missing(world: World) -> None:
    key = watching(world)
    world.twilio.record()
    world.clock.advance(days=35)
    world.restart_operator()
    world.run(key)
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("False", "UntracedAbsence")
    assert world.condition(key, "Ready") == ("True", "Reconciled")
    world.edit_s3(key, endpointUrl="https://minio.example.com")
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("False", "UntracedAbsence")
    assert world.condition(key, "Ready") == ("True", "Reconciled")


def test_a_bucket_in_which_a_first_upload_is_missing_recovers(world: World) -> None:
    """A new resource at AWS; the first recording made never arrived (its alert comes late), later ones do."""
    key = world.create(s3=UNVERSIONED)
    world.twilio.store_in(BUCKET_URL)
    sid = world.twilio.record()
    world.clock.advance(days=2)
    world.run(key)
    world.sweep(key)
    world.twilio.alert(sid)
    world.external()
    world.sweep(key)
    assert world.condition(key, "LedgerComplete") == ("True", "Swept"), world.message(key, "LedgerComplete")


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("denied", [False, True])
def test_a_longer_stay_loses_nothing_of_what_was_settled(world: World, count: int, denied: bool) -> None:
    """Deletions without a marker that expired after 10 days; then they are to be kept for 40."""
    key = watching(world, retention={"metadataDays": 10})
    gone = []
    for _ in range(count):
        gone.append(world.external())
        world.sweep(key)
        world.s3.delete(BUCKET, object_key(gone[-1]))
        world.sweep(key)
    gone.sort()
    dates = {entry.sid: entry.deleted_at for entry in world.entries(key)}
    world.clock.advance(days=11)
    world.run(key)
    world.sweep(key)
    assert (listed(world, key), settled(world, key)) == ([], gone)
    if denied:
        world.twilio.fail("upload_alerts", Wait(Reason.TWILIO_ACCESS_DENIED, "no"), times=100)
    world.cluster.edit(key, lambda obj: obj["spec"].update(retention={"metadataDays": 40}))
    world.run(key)
    world.sweep(key)
    assert sorted({*listed(world, key), *settled(world, key)}) == gone
    assert {entry.sid: entry.deleted_at for entry in world.entries(key)} == dates
