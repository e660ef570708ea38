"""Bad buckets, bad S3 credentials and an S3 that is away: each named, nothing listed falsely or lost, healed alone."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.s3 import EVERYTHING, MotoServer
from lab.simulator import SimulatorControl, SimulatorServer
from recording_storage_operator.core.work import Key
from tests.integration.bad_days import HOUR, endure, heal
from tests.integration.cloud_world import NAMESPACE, S3_SECRET, CloudLab, CloudWorld, world_fixtures

WAIT = 361
"""Seconds within which a bucket or its rights are looked at again."""


@pytest.fixture(scope="module")
def guarded(simulator: SimulatorServer) -> Iterator[MotoServer]:
    """S3 that checks signatures and rights."""
    with MotoServer(clock_url=simulator.url) as server:
        server.enforce_iam()
        yield server


cloud_lab, world = world_fixtures()


@pytest.fixture(scope="module")
def guarded_lab(simulator_control: SimulatorControl, guarded: MotoServer) -> Iterator[CloudLab]:
    with contextlib.closing(CloudLab(simulator_control, guarded)) as lab:
        yield lab


@pytest.fixture
def guarded_world(guarded_lab: CloudLab, guarded: MotoServer, tmp_path: Path) -> Iterator[CloudWorld]:
    """Its operator has a user of its own, with all rights for now."""
    with guarded_lab.world(tmp_path) as made:
        keys = guarded.create_user(made.tenant.bucket, EVERYTHING)
        made.put_secret("s3", accessKeyId=keys.access_key_id, secretAccessKey=keys.secret_access_key)
        yield made


def grant(world: CloudWorld, *actions: str) -> None:
    """From now on the operator's user may do these and nothing else."""
    assert isinstance(world.lab.s3, MotoServer)
    iam = world.lab.s3.iam()
    allowed = {"Effect": "Allow", "Action": list(actions) or ["sts:GetCallerIdentity"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=world.tenant.bucket, PolicyName="inline", PolicyDocument=policy)
    iam.close()


def right_secret(world: CloudWorld) -> None:
    world.put_secret("s3", accessKeyId=world.lab.s3.access_key_id, secretAccessKey=world.lab.s3.secret_access_key)


def edit_bucket(world: CloudWorld, key: Key, **fields: Any) -> None:
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].update(fields))


def empty_bucket(world: CloudWorld) -> None:
    """Every version and marker goes, then the bucket itself."""
    listed = world.bucket.list_object_versions(Bucket=world.tenant.bucket)
    for one in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
        world.bucket.delete_object(Bucket=world.tenant.bucket, Key=one["Key"], VersionId=one["VersionId"])
    world.bucket.delete_bucket(Bucket=world.tenant.bucket)


def test_a_missing_secret_is_asked_for_and_noticed_within_a_minute(world: CloudWorld) -> None:
    key = world.known()
    world.cluster.delete_secret(NAMESPACE, S3_SECRET)
    assert endure(world, key, "SecretMissing", S3_SECRET, "Create it", "accessKeyId", "secretAccessKey") == 0
    right_secret(world)
    heal(world, key, within=60)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"secretAccessKey": "s"}, ("no accessKeyId", "add it")),
        ({"accessKeyId": "A"}, ("no secretAccessKey", "add it")),
        ({"accessKeyId": "A/B", "secretAccessKey": "s"}, ("accessKeyId", "write it again")),
        ({"accessKeyId": "A", "secretAccessKey": "s s"}, ("secretAccessKey", "write it again")),
        ({"accessKeyId": "A", "secretAccessKey": "s", "sessionToken": ""}, ("no sessionToken", "add it")),
    ],
)
def test_a_malformed_secret_names_its_key_and_waits_for_an_edit(
    world: CloudWorld, values: dict[str, str], words: tuple[str, ...]
) -> None:
    key = world.known()
    world.put_secret("s3", **values)
    assert endure(world, key, "SecretMalformed", S3_SECRET, *words, stalled=True) == 0
    right_secret(world)
    heal(world, key, within=60)


@pytest.mark.parametrize("known_key", [True, False])
def test_a_refused_key_pair_is_named_and_its_renewal_is_noticed_within_a_minute(
    guarded_world: CloudWorld, known_key: bool
) -> None:
    world = guarded_world
    key = world.known()
    key_id = world.lab.s3.access_key_id if known_key else "AKIANOBODY0000000000"
    world.put_secret("s3", accessKeyId=key_id, secretAccessKey="x" * 40)
    endure(world, key, "S3CredentialsRejected", S3_SECRET, "provide a valid key pair")
    right_secret(world)
    heal(world, key, within=60)


ALL = (
    *("GetBucketVersioning", "PutBucketVersioning", "CreateBucket", "ListBucket", "ListBucketVersions", "GetObject"),
    *("GetEncryptionConfiguration", "GetBucketPublicAccessBlock", "GetBucketOwnershipControls"),
    *("GetLifecycleConfiguration", "GetBucketPolicy", "GetBucketTagging"),
    "HeadBucket",  # moto's own name for what needs ListBucket
)


@pytest.mark.parametrize("denied", ["GetBucketVersioning", "ListBucketVersions", "GetObject"])
def test_a_right_to_read_that_is_missing_is_named(guarded_world: CloudWorld, denied: str) -> None:
    world = guarded_world
    key = world.known()
    if denied == "GetObject":
        world.clock.advance(seconds=HOUR)
        trace = world.record()[0]
        world.clock.advance(seconds=24 * HOUR)
        world.deleted.add(trace)
    grant(world, *(f"s3:{action}" for action in ALL if action != denied))
    endure(world, key, "S3AccessDenied", f"grant s3:{denied}", world.tenant.bucket, S3_SECRET)
    grant(world, "s3:*")
    heal(world, key, WAIT)


def test_a_bucket_that_denies_everything_may_be_somebody_elses(guarded_world: CloudWorld) -> None:
    world = guarded_world
    key = world.known()
    grant(world)
    words = ("belongs to somebody else", "choose another name", "grant s3:ListBucket")
    endure(world, key, "BucketNotOwned", *words, writes=2)
    grant(world, "s3:*")
    heal(world, key, WAIT)


def test_versioning_that_somebody_turned_off_is_turned_on_again_once_that_is_allowed(guarded_world: CloudWorld) -> None:
    world = guarded_world
    key = world.known()
    world.bucket.put_bucket_versioning(Bucket=world.tenant.bucket, VersioningConfiguration={"Status": "Suspended"})
    grant(world, *(f"s3:{action}" for action in ALL if action != "PutBucketVersioning"))
    endure(world, key, "S3AccessDenied", "grant s3:PutBucketVersioning", swept=True)
    grant(world, "s3:*")
    heal(world, key, WAIT)
    assert world.bucket.get_bucket_versioning(Bucket=world.tenant.bucket)["Status"] == "Enabled"


def test_a_bucket_that_is_gone_is_made_again_once_that_is_allowed(guarded_world: CloudWorld) -> None:
    world = guarded_world
    key = world.known()
    world.clock.advance(seconds=HOUR)
    kept = [one["Key"][-34:] for one in world.bucket.list_objects_v2(Bucket=world.tenant.bucket)["Contents"]]
    empty_bucket(world)
    grant(world, *(f"s3:{action}" for action in ALL if action != "CreateBucket"))
    endure(world, key, "S3AccessDenied", "grant s3:CreateBucket", writes=2)
    grant(world, "s3:*")
    world.deleted |= set(kept)
    heal(world, key, WAIT)
    assert {world.entries(key)[sid].precision for sid in kept} == {"Observed"}


def test_a_bucket_that_is_only_watched_is_not_made(world: CloudWorld) -> None:
    key = world.known()
    world.switch(False)
    world.record()
    world.cluster.edit(key, lambda obj: obj["spec"].update(backend="Twilio"))
    edit_bucket(world, key, bucket=f"{world.tenant.bucket}-x")
    endure(world, key, "BucketMissing", f"{world.tenant.bucket}-x", "only watched", "correct spec.s3")
    edit_bucket(world, key, bucket=world.tenant.bucket)
    heal(world, key, within=60)
    assert f"{world.tenant.bucket}-x" not in {one["Name"] for one in world.bucket.list_buckets()["Buckets"]}


def test_a_bucket_in_another_region_is_named_with_its_region(world: CloudWorld) -> None:
    key = world.known()
    edit_bucket(world, key, region="eu-west-1")
    endure(world, key, "BucketWrongRegion", "in us-east-1", "eu-west-1", "correct the region")
    edit_bucket(world, key, region="us-east-1")
    heal(world, key, within=60)


def test_an_endpoint_that_is_not_allowed_is_not_called(world: CloudWorld) -> None:
    key = world.known()
    world.restart_operator(allowed=False)
    world.lab.s3_way.cut()
    endure(world, key, "EndpointNotAllowed", world.lab.s3_way.url, "RECORDINGS_S3_ENDPOINTS", stalled=True)
    world.lab.s3_way.mend()
    world.restart_operator(allowed=True)
    heal(world, key, within=1)


def test_the_operators_own_identity_is_not_lent(world: CloudWorld) -> None:
    key = world.known()
    world.cluster.edit(key, lambda obj: obj["spec"]["s3"].pop("credentialsSecretRef"))
    endure(world, key, "CredentialsRequired", "spec.s3.credentialsSecretRef is required", stalled=True)
    edit_bucket(world, key, credentialsSecretRef={"name": S3_SECRET})
    heal(world, key, within=60)


def test_an_s3_that_refuses_connections_is_waited_for(world: CloudWorld) -> None:
    key = world.known()
    world.lab.s3_way.cut()
    asked = endure(world, key, "S3Unreachable", "cannot be reached", world.lab.s3_way.url)
    assert asked < 50
    world.lab.s3_way.mend()
    heal(world, key, WAIT)


def test_a_spec_that_cannot_be_used_names_the_field(world: CloudWorld) -> None:
    """As after an update of the CRD under an older object."""
    key = world.known()
    world.cluster.edit(key, lambda obj: obj["spec"].update(sweepInterval="soon"))
    assert endure(world, key, "InvalidSpec", "spec.sweepInterval", stalled=True) == 0
    world.cluster.edit(key, lambda obj: obj["spec"].pop("sweepInterval"))
    heal(world, key, within=60)


def test_two_bad_things_are_mended_one_after_the_other(world: CloudWorld) -> None:
    key = world.known()
    world.lab.s3_way.cut()
    world.control.account_status(world.account_sid, "suspended")
    endure(world, key, "TwilioAccountSuspended")
    world.control.account_status(world.account_sid, "active")
    world.live(key, WAIT)
    assert world.conditions(key)["Ready"] == ("False", "S3Unreachable")
    world.lab.s3_way.mend()
    heal(world, key, WAIT)
