"""The least rights in IAM, as a function of the spec."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recording_storage_operator.core.desired import (
    Backend,
    Bucket,
    BucketSettings,
    DeletionPolicy,
    Desired,
    Encryption,
    Management,
    TwilioAccount,
)
from recording_storage_operator.core.iam import operator_policy, writer_policy
from tests.builders import ACCOUNT, BUCKET


def desired(settings: BucketSettings | None = None, region: str = "us-east-1", **fields: Any) -> Desired:
    """A bucket that is kept as wanted; keywords are of the bucket."""
    bucket = replace(Bucket(BUCKET, region, "voice/", settings=settings or BucketSettings()), **fields)
    return Desired(Backend.S3, TwilioAccount(ACCOUNT, "twilio"), bucket, 40, timedelta(minutes=15), suspend=False)


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def statements(policy: dict[str, Any]) -> dict[str, Any]:
    by_sid = {one["Sid"]: one for one in policy["Statement"]}
    assert len(by_sid) == len(policy["Statement"])
    assert all(sid.isalnum() for sid in by_sid)
    return by_sid


def is_write(action: str) -> bool:
    return action.split(":")[1].startswith(("Put", "Create", "Delete"))


def test_a_bucket_that_is_only_observed_is_never_deleted() -> None:
    for management, deletes in ((Management.MANAGE, True), (Management.OBSERVE, False)):
        wanted = replace(desired(management=management), deletion_policy=DeletionPolicy.DELETE)
        assert ("s3:DeleteBucket" in actions(operator_policy(wanted))) is deletes


def test_the_writer_writes_under_the_prefix_alone() -> None:
    found = statements(writer_policy(desired()))
    assert found["WriteRecordings"]["Resource"] == f"arn:aws:s3:::{BUCKET}/voice/*"
    assert found["FindOwnUploads"]["Resource"] == f"arn:aws:s3:::{BUCKET}"
    assert not [one for one in actions(writer_policy(desired())) if "Get" in one or "Delete" in one]


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_every_name_is_of_the_partition_of_the_region(region: str, partition: str) -> None:
    kms = BucketSettings(encryption=Encryption.KMS, kms_key="1234-abcd")
    for policy in (writer_policy(desired(kms, region)), operator_policy(desired(kms, region))):
        assert {one["Resource"].split(":")[1] for one in policy["Statement"]} == {partition}


@pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        ("1234-abcd", "arn:aws:kms:us-east-1:*:key/1234-abcd", None),
        ("arn:aws:kms:us-east-1:111122223333:key/1234-abcd", "arn:aws:kms:us-east-1:111122223333:key/1234-abcd", None),
        ("alias/voice", "arn:aws:kms:us-east-1:*:key/*", "alias/voice"),
        ("arn:aws:kms:us-east-1:111122223333:alias/voice", "arn:aws:kms:us-east-1:111122223333:key/*", "alias/voice"),
    ],
)
def test_the_writer_encrypts_with_the_named_key(key: str, resource: str, condition: str | None) -> None:
    policy = writer_policy(desired(BucketSettings(encryption=Encryption.KMS, kms_key=key)))
    found = statements(policy)["EncryptRecordings"]
    assert found["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert found["Resource"] == resource
    wanted = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": condition}} if condition else None
    assert found.get("Condition") == wanted


def test_the_key_of_aws_itself_takes_no_right() -> None:
    assert "EncryptRecordings" not in statements(writer_policy(desired(BucketSettings(encryption=Encryption.KMS))))


def test_the_operator_never_gets_a_right_on_objects_but_to_read_them() -> None:
    wanted = replace(desired(BucketSettings(expire_noncurrent=True)), deletion_policy=DeletionPolicy.DELETE)
    for statement in operator_policy(wanted)["Statement"]:
        if statement["Resource"].endswith("*"):
            assert statement["Action"] == ["s3:GetObject"]
    assert not [one for one in actions(operator_policy(wanted)) if "Object" in one and one != "s3:GetObject"]


@pytest.mark.parametrize(
    "watched", [desired(management=Management.OBSERVE), replace(desired(), backend=Backend.TWILIO)]
)
def test_a_bucket_that_is_only_watched_takes_no_right_to_write(watched: Desired) -> None:
    assert not [one for one in actions(operator_policy(watched)) if is_write(one)]


def test_a_bucket_of_backend_twilio_takes_no_right_on_its_settings() -> None:
    assert actions(operator_policy(replace(desired(), backend=Backend.TWILIO))) == {
        "s3:GetBucketVersioning",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketVersions",
    }


def test_what_is_unmanaged_takes_no_right() -> None:
    settings = BucketSettings(
        versioning=False, block_public_access=False, enforce_ownership=False, require_tls=False, abort_uploads_after=0
    )
    assert {one for one in actions(operator_policy(desired(settings))) if is_write(one)} == {
        "s3:CreateBucket",
        "s3:PutBucketTagging",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    }


def test_deleting_the_bucket_takes_a_deletion_policy() -> None:
    deleting = {"s3:DeleteBucket", "s3:ListBucketMultipartUploads"}
    assert not deleting & actions(operator_policy(desired()))
    assert deleting <= actions(operator_policy(replace(desired(), deletion_policy=DeletionPolicy.DELETE)))


def test_the_policy_of_a_file_is_that_of_the_resource_made_of_it() -> None:
    assert operator_policy(desired()) == operator_policy(replace(desired(), owner="uid-1"))


def test_without_a_bucket_there_is_nothing_to_grant() -> None:
    without = replace(desired(), backend=Backend.TWILIO, s3=None)
    for policy in (writer_policy, operator_policy):
        with pytest.raises(ValueError, match=r"spec.s3 names no bucket"):
            policy(without)
