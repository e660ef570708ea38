"""Objects that are not there: which of them are deletions, and which are a wrong bucket or an upload that failed."""

import re
from pathlib import Path

import pytest

from lab.s3 import VersityGateway
from recording_storage_operator.core.verdicts import ACCEPT_MISSING
from recording_storage_operator.core.work import Key
from tests.integration.bad_days import HOUR, heal
from tests.integration.cloud_world import CloudWorld, lab_on_machine_time, world_fixtures

MANY = 12


cloud_lab, world = world_fixtures()


def swap_bucket(world: CloudWorld) -> list[str]:
    """An empty bucket takes its place, without versions or markers. Returns the SIDs that are not in it any more."""
    listed = world.bucket.list_object_versions(Bucket=world.tenant.bucket)
    rows = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    for row in rows:
        world.bucket.delete_object(Bucket=world.tenant.bucket, Key=row["Key"], VersionId=row["VersionId"])
    world.bucket.delete_bucket(Bucket=world.tenant.bucket)
    world.bucket.create_bucket(Bucket=world.tenant.bucket)
    return [row["Key"][-34:] for row in listed["Versions"] if row["IsLatest"]]


def swapped(world: CloudWorld) -> tuple[Key, list[str]]:
    """A known resource, hours after its bucket was swapped."""
    key = world.known()
    world.external(MANY)
    world.sweep(key)
    missing = swap_bucket(world)
    world.clock.advance(seconds=HOUR)
    world.live(key, HOUR)
    return key, missing


def accept(world: CloudWorld, key: Key, loss: str) -> None:
    world.cluster.annotate(key, ACCEPT_MISSING, loss)
    world.live(key, 60)


def loss_shown(world: CloudWorld, key: Key) -> str:
    """The id by which a person accepts it."""
    found = re.search(rf"{ACCEPT_MISSING}=(\S+)\.$", world.message(key))
    assert found, world.message(key)
    return found[1]


def test_an_empty_bucket_in_place_of_a_full_one_is_not_believed(world: CloudWorld) -> None:
    key, missing = swapped(world)
    lost = ("False", "ImplausibleLoss")
    assert world.conditions(key) == world.healthy(key) | {"Ready": lost, "LedgerComplete": lost}
    assert "wrong bucket or endpoint" in world.message(key)
    assert loss_shown(world, key)
    world.assert_true(key)
    assert world.cluster.status(key)["recordings"]["missing"] == len(missing)
    writes = world.cluster.writes
    world.live(key, 2 * HOUR)
    assert world.cluster.writes == writes


def test_a_bucket_that_comes_back_heals_by_itself(world: CloudWorld) -> None:
    key, missing = swapped(world)
    world.store(*missing)
    heal(world, key, within=1000)


def test_a_loss_is_listed_once_a_person_accepts_exactly_this_one(world: CloudWorld) -> None:
    key, missing = swapped(world)
    known = world.entries(key)
    accept(world, key, str(len(missing)))
    assert world.entries(key) == known
    assert world.conditions(key)["Ready"] == ("False", "ImplausibleLoss")

    accept(world, key, loss_shown(world, key))
    world.deleted |= set(missing)
    heal(world, key, within=1)
    assert {(world.entries(key)[sid].precision, world.entries(key)[sid].origin) for sid in missing} == {
        ("Observed", "S3")
    }


def test_a_deletion_at_twilio_is_listed_while_a_loss_is_doubted(world: CloudWorld) -> None:
    key, _missing = swapped(world)
    world.switch(False)
    world.delete_at_twilio(*world.record())
    world.live(key, HOUR)
    world.assert_true(key)


def test_a_few_objects_that_left_no_trace_are_listed_as_observed(world: CloudWorld) -> None:
    key = world.known()
    gone, *_ = world.external(MANY)
    world.sweep(key)
    [version] = world.bucket.list_object_versions(Bucket=world.tenant.bucket, Prefix=world.tenant.key(gone))["Versions"]
    world.bucket.delete_object(Bucket=world.tenant.bucket, Key=version["Key"], VersionId=version["VersionId"])
    world.clock.advance(seconds=HOUR)
    world.live(key, HOUR)
    world.deleted.add(gone)
    heal(world, key, within=1)
    assert world.entries(key)[gone].precision == "Observed"


def test_a_deletion_in_an_unversioned_bucket_is_found_after_the_grace(world: CloudWorld) -> None:
    """Such a bucket is only watched: with backend S3 it would have been given versions."""
    world.bucket.create_bucket(Bucket=world.tenant.bucket)
    seen, _kept = world.external(2)
    world.clock.advance(seconds=1)
    world.switch(False)
    world.record()
    key = world.create(backend="Twilio")
    assert world.conditions(key) == world.healthy(key)

    world.switch(True)
    unseen, _kept = world.external(2)
    world.clock.advance(seconds=1)
    world.switch(False)
    world.record()
    world.delete_in_bucket(seen, unseen)
    world.sweep(key)
    assert set(world.entries(key)) == {seen}
    assert world.cluster.status(key)["recordings"]["inProgress"] == 1
    world.clock.advance(days=1)
    world.run(key)
    heal(world, key, within=1)
    entries = world.entries(key)
    assert {(entry.precision, entry.origin, entry.metadata) for entry in entries.values()} == {
        ("Observed", "S3", "Accessible")
    }
    assert "VersionId" not in world.bucket.put_object(Bucket=world.tenant.bucket, Key="probe", Body=b"")


@pytest.mark.parametrize(("path", "folder"), [("/calls", "calls/"), ("/", "/"), ("/calls/", "calls//")])
def test_objects_outside_the_folder_that_is_listed_are_there_and_their_deletion_is_found(
    world: CloudWorld, path: str, folder: str
) -> None:
    """The bucket URL in Twilio's Console has a path that spec.s3.prefix lacks, or ends with a slash."""
    key = world.known()
    world.control.options(bucket_url_slash="kept")
    world.control.external_storage(world.account_sid, enabled=True, bucket_url=f"{world.tenant.bucket_url}{path}")
    gone, *kept = world.record(3)
    for sid in (gone, *kept):
        world.bucket.put_object(Bucket=world.tenant.bucket, Key=f"{folder}{world.tenant.key(sid)}", Body=b"RIFF")
    world.clock.advance(days=2)
    world.run(key)
    world.assert_true(key)
    assert world.cluster.status(key)["recordings"]["s3"] == 7

    world.bucket.delete_object(Bucket=world.tenant.bucket, Key=f"{folder}{world.tenant.key(gone)}")
    world.deleted.add(gone)
    heal(world, key, within=1000)


def test_an_upload_that_takes_its_time_is_no_deletion(world: CloudWorld) -> None:
    key = world.known()
    [slow] = world.record()
    for _ in range(3):
        world.live(key, 1000)
        world.assert_true(key)
    world.store(slow)
    world.live(key, HOUR)
    heal(world, key, within=1)
    assert world.cluster.status(key)["recordings"]["s3"] == 5


def test_an_upload_that_takes_longer_than_the_grace_leaves_the_ledger_again(world: CloudWorld) -> None:
    key = world.known()
    [slow] = world.record()
    world.clock.advance(days=2)
    world.run(key)
    assert set(world.entries(key)) == world.deleted | {slow}
    world.store(slow)
    heal(world, key, within=1000)


@pytest.mark.parametrize("code", ["16111", "16112"])
def test_an_upload_that_failed_is_missing_and_no_deletion(world: CloudWorld, code: str) -> None:
    key = world.known()
    world.control.options(external_upload=code)
    failed = world.record(2)
    world.control.options(external_upload="ok")
    world.external()
    for days in (0.2, 10, 19):
        world.clock.advance(days=days)
        world.run(key)
        assert set(world.entries(key)) == world.deleted
        assert world.cluster.status(key)["recordings"]["missing"] == 2
    assert world.conditions(key) == world.healthy(key)
    world.store(*failed)
    heal(world, key, within=1000)
    assert world.cluster.status(key)["recordings"]["missing"] == 0


def test_an_upload_that_failed_is_no_deletion_when_its_alert_is_forgotten(world: CloudWorld) -> None:
    """Twilio keeps alerts for 30 days, and the recording of a failed upload for longer."""
    key = world.known()
    world.control.options(external_upload="16111")
    failed = world.record(2)
    world.control.options(external_upload="ok")
    world.external()
    for days in (0.2, 29, 3, 3):
        world.clock.advance(days=days)
        world.run(key)
    assert not set(failed) & set(world.entries(key))


def test_an_empty_bucket_is_doubted_by_the_next_process_as_well(world: CloudWorld) -> None:
    """Also where the recordings are so old that Twilio would have forgotten an upload that failed."""
    key = world.known()
    world.external(MANY)
    world.clock.advance(days=35)
    world.run(key)
    swap_bucket(world)
    world.restart_operator()
    world.live(key, HOUR)
    lost = ("False", "ImplausibleLoss")
    assert (world.conditions(key)["Ready"], world.conditions(key)["LedgerComplete"]) == (lost, lost)


def test_a_ledger_is_not_called_complete_while_an_object_is_missing_and_nobody_knows_why(world: CloudWorld) -> None:
    """Deleted from a bucket without versions while no operator ran."""
    world.bucket.create_bucket(Bucket=world.tenant.bucket)
    gone, *_ = world.external(3)
    world.clock.advance(seconds=1)
    world.switch(False)
    world.record()
    key = world.create(backend="Twilio")
    world.clock.advance(days=35)
    world.run(key)
    world.delete_in_bucket(gone)
    world.restart_operator()
    world.live(key, HOUR)
    assert gone in world.entries(key) or world.conditions(key)["LedgerComplete"][0] == "False"


def test_an_object_that_is_restored_leaves_the_ledger(world: CloudWorld) -> None:
    key = world.known()
    [back] = world.external()
    world.delete_in_bucket(back)
    world.sweep(key)
    world.assert_true(key)
    [marker] = world.bucket.list_object_versions(Bucket=world.tenant.bucket, Prefix=world.tenant.key(back))[
        "DeleteMarkers"
    ]
    world.bucket.delete_object(Bucket=world.tenant.bucket, Key=marker["Key"], VersionId=marker["VersionId"])
    world.deleted.remove(back)
    heal(world, key, within=1000)


def test_deletions_are_found_in_a_bucket_of_another_kind_of_server(versitygw: VersityGateway, tmp_path: Path) -> None:
    with lab_on_machine_time(versitygw) as lab, lab.world(tmp_path, small_pages=True) as world:
        key = world.known()
        gone, back, *_ = world.external(8)
        world.sweep(key)
        world.delete_in_bucket(gone, back)
        world.sweep(key)
        world.assert_true(key)
        assert {entry.precision for entry in world.entries(key).values()} == {"Exact"}
        world.store(back)
        world.deleted.remove(back)
        world.sweep(key)
        world.assert_true(key)
        assert world.conditions(key) == world.healthy(key)
        world.lab.s3_way.cut()
        world.live(key, HOUR)
        assert world.conditions(key)["Ready"] == ("False", "S3Unreachable")
        world.lab.s3_way.mend()
        heal(world, key, within=361)
