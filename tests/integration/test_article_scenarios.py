"""The support article's table, each cell from live calls: what of a recording can be read, and what the ledger says.

Twilio's pages differ about the metadata of a recording whose object was deleted from S3; both readings are held.
"""

from datetime import timedelta
from math import ceil

import httpx
import pytest
from botocore.exceptions import ClientError

from recording_storage_operator.core.work import Key
from tests.integration.cloud_world import CloudWorld, world_fixtures

READINGS = ("purge_after_40_days", "keep_until_deleted")
LIFE = timedelta(days=40)


cloud_lab, world = world_fixtures()


def at_twilio(world: CloudWorld, path: str) -> bool:
    """Whether Twilio has it for the account's owner."""
    account = world.tenant.account
    url = f"{world.control.url}/2010-04-01/Accounts/{account.account_sid}/Recordings/{path}"
    status = httpx.get(url, auth=(account.account_sid, account.auth_token), verify=False).status_code
    assert status in (200, 404)
    return status == 200


def in_bucket(world: CloudWorld, sid: str) -> bool:
    try:
        world.bucket.head_object(Bucket=world.tenant.bucket, Key=world.tenant.key(sid))
    except ClientError:
        return False
    return True


def cell(world: CloudWorld, sid: str) -> tuple[bool, bool]:
    """Whether the recording's file, and its metadata, can be read by anybody."""
    return at_twilio(world, f"{sid}.wav") or in_bucket(world, sid), at_twilio(
        world, f"{sid}.json?IncludeSoftDeleted=true"
    )


def in_status(world: CloudWorld, key: Key) -> dict[str, dict[str, str]]:
    return {entry["sid"]: entry for entry in world.cluster.status(key)["deletedRecordings"]}


def listed(world: CloudWorld, key: Key) -> set[str]:
    """The SIDs that ledger and status agree on."""
    assert set(in_status(world, key)) == set(world.entries(key))
    return set(in_status(world, key))


def until_expiry(world: CloudWorld, sid: str, key: Key, life: timedelta) -> int:
    """Seconds until an entry expires, as its status shows it: so many days after the deletion."""
    entry = world.entries(key)[sid]
    assert in_status(world, key)[sid]["expiresAt"] == f"{entry.deleted_at + life:%Y-%m-%dT%H:%M:%SZ}"
    return ceil((entry.deleted_at + life - world.clock.now()).total_seconds())


def live_in_bucket(world: CloudWorld) -> tuple[Key, str]:
    """A resource whose recording Twilio really uploaded, and External Storage disabled since."""
    key = world.create()
    world.tenant.external_storage(world.control, enabled=True)
    [sid] = world.record()
    world.clock.advance(seconds=1)
    world.tenant.external_storage(world.control, enabled=False)
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="Twilio"))
    world.record()
    world.run(key)
    assert cell(world, sid) == (True, True)
    assert world.conditions(key) == world.healthy(key)
    assert world.entries(key) == {}
    return key, sid


def sweep_daily(world: CloudWorld, key: Key, days: int) -> None:
    for _ in range(days):
        world.clock.advance(days=1)
        world.run(key)


def test_deleted_from_twilios_cloud(world: CloudWorld) -> None:
    key = world.create(backend="Twilio")
    world.bucket.create_bucket(Bucket=world.tenant.bucket)
    sid, _kept = world.record(2)
    assert cell(world, sid) == (True, True)
    world.delete_at_twilio(sid)
    world.live(key, 1500)
    assert cell(world, sid) == (False, True)
    assert world.entries(key)[sid].origin == "Twilio"

    left = until_expiry(world, sid, key, LIFE)
    world.clock.advance(seconds=left - 1)
    world.run(key)
    assert cell(world, sid) == (False, True)
    assert listed(world, key) == {sid}

    world.clock.advance(seconds=1)
    world.run(key)
    assert cell(world, sid) == (False, False)
    assert listed(world, key) == set()
    sweep_daily(world, key, 2)
    assert world.cluster.slices_of(key) == []


@pytest.mark.parametrize("reading", READINGS)
def test_deleted_from_s3_after_external_storage_was_disabled(world: CloudWorld, reading: str) -> None:
    world.control.options(metadata_after_s3_deletion=reading)
    key, sid = live_in_bucket(world)
    world.delete_in_bucket(sid)
    world.sweep(key)
    assert cell(world, sid) == (False, True)
    assert (world.entries(key)[sid].origin, world.entries(key)[sid].precision) == ("S3", "Exact")

    left = until_expiry(world, sid, key, LIFE)
    world.clock.advance(seconds=left - 1)
    world.run(key)
    assert cell(world, sid) == (False, True)
    assert listed(world, key) == {sid}

    world.clock.advance(seconds=1)
    world.run(key)
    assert listed(world, key) == set()
    kept_on = reading == "keep_until_deleted"
    for restarted in (False, True):
        sweep_daily(world, key, 3)
        assert cell(world, sid) == (False, kept_on)
        assert world.entries(key) == {}
        if not kept_on:
            assert world.cluster.slices_of(key) == []
        if not restarted:
            world.restart_operator()
    assert world.conditions(key) == world.healthy(key)


def test_a_deletion_that_is_over_stays_so_when_a_lifecycle_rule_takes_its_delete_marker(world: CloudWorld) -> None:
    """Twilio still lists the recording then, and nothing shows any more when its object went."""
    world.control.options(metadata_after_s3_deletion="keep_until_deleted")
    key, sid = live_in_bucket(world)
    world.delete_in_bucket(sid)
    world.sweep(key)
    world.clock.advance(days=41)
    sweep_daily(world, key, 2)
    assert world.entries(key) == {}

    history = world.bucket.list_object_versions(Bucket=world.tenant.bucket, Prefix=world.tenant.key(sid))
    for row in (*history["Versions"], *history["DeleteMarkers"]):
        world.bucket.delete_object(Bucket=world.tenant.bucket, Key=row["Key"], VersionId=row["VersionId"])
    sweep_daily(world, key, 2)
    assert cell(world, sid) == (False, True)
    assert world.entries(key) == {}

    world.delete_at_twilio(sid)
    sweep_daily(world, key, 43)
    assert world.cluster.slices_of(key) == []


def test_a_new_recording_after_external_storage_was_disabled(world: CloudWorld) -> None:
    key, _stored = live_in_bucket(world)
    [sid] = world.record()
    world.sweep(key)
    assert cell(world, sid) == (True, True)
    assert at_twilio(world, f"{sid}.wav")
    assert world.entries(key) == {}
    assert world.cluster.status(key)["recordings"]["twilio"] == 2

    world.clock.advance(days=50)
    world.run(key)
    assert cell(world, sid) == (True, True)
    world.delete_at_twilio(sid)
    world.sweep(key)
    assert cell(world, sid) == (False, True)
    assert set(world.entries(key)) == {sid}
    world.clock.advance(days=40)
    world.run(key)
    assert cell(world, sid) == (False, False)
    assert world.entries(key) == {}


@pytest.mark.parametrize("metadata_days", [30, 3])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_shorter_stay_ends_for_good_though_twilio_lists_the_recording_for_longer(
    world: CloudWorld, metadata_days: int, restarted: bool
) -> None:
    """Twilio's event, which timed the deletion, goes after 30 days: before its list forgets the recording."""
    key = world.create(backend="Twilio", s3=None, retention={"metadataDays": metadata_days})
    sid, _kept = world.record(2)
    world.delete_at_twilio(sid)
    world.sweep(key)
    left = until_expiry(world, sid, key, timedelta(days=metadata_days))
    world.clock.advance(seconds=left - 1)
    world.run(key)
    assert listed(world, key) == {sid}

    world.clock.advance(seconds=1)
    world.run(key)
    for _ in range(3):
        assert listed(world, key) == set()
        if restarted:
            world.restart_operator()
        world.clock.advance(days=(39 - metadata_days) / 3)
        world.run(key)
    assert cell(world, sid) == (False, True)
    assert world.entries(key) == {}
    assert world.settled(key) == {sid}

    sweep_daily(world, key, 2)
    assert cell(world, sid) == (False, False)
    assert world.cluster.slices_of(key) == []
