"""The least rights in IAM: those of the key pair Twilio writes with, and those of the operator's own.

A pure function of the spec. Actions and their resources are those of
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .bucket_settings import partition_of, parts_of
from .desired import Backend, Bucket, DeletionPolicy, Desired, Encryption, Management
from .facts import Aspect

RIGHTS = {
    Aspect.VERSIONING: ("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
    Aspect.ENCRYPTION: ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
    Aspect.PUBLIC_ACCESS: ("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    Aspect.OWNERSHIP: ("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    Aspect.LIFECYCLE: ("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    Aspect.POLICY: ("s3:GetBucketPolicy", "s3:PutBucketPolicy"),
    Aspect.TAGS: ("s3:GetBucketTagging", "s3:PutBucketTagging"),
}
"""To read and to write an aspect. None is ever removed as a whole: something of ours is in each that is written."""

SEEING = ("s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions")
"""The bucket and what is in it. Without ListBucket, S3 does not tell a missing object from a denied one."""

_ANYBODY = "uid"

Policy = dict[str, Any]


def writer_policy(desired: Desired) -> Policy:
    """For the key pair Twilio writes with: put objects under the prefix, in parts too, and nothing else.

    Raises ValueError for a spec without a bucket.
    """
    bucket = _bucket(desired)
    objects = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
    return _policy(
        _allow("WriteRecordings", objects, f"{_arn(bucket)}/{bucket.prefix}*"),
        _allow("FindOwnUploads", ("s3:ListBucketMultipartUploads",), _arn(bucket)),
        *_encrypting(bucket),
    )


def operator_policy(desired: Desired) -> Policy:
    """For the operator: look at everything, and with management Manage make the bucket and keep its settings.

    It never writes or deletes an object. To see whether an object is there takes no right on the key it is encrypted
    with. Raises ValueError for a spec without a bucket.
    """
    bucket = _bucket(desired)
    aspects = _aspects(desired)
    reads = {RIGHTS[aspect][0] for aspect in aspects}
    writes = {RIGHTS[aspect][1] for aspect in aspects} | {"s3:CreateBucket"}
    removes = {"s3:DeleteBucket", "s3:ListBucketMultipartUploads"}
    deletes = desired.deletion_policy is DeletionPolicy.DELETE and bucket.management is Management.MANAGE
    return _policy(
        _allow("LookForRecordings", ("s3:GetObject",), f"{_arn(bucket)}/{bucket.prefix}*"),
        _allow("LookAtTheBucket", {*SEEING, *reads, *([RIGHTS[Aspect.TAGS][0]] if deletes else [])}, _arn(bucket)),
        *([_allow("KeepTheBucketAsWanted", writes, _arn(bucket))] if _keeps(desired) else []),
        *([_allow("DeleteTheEmptyBucket", removes, _arn(bucket))] if deletes else []),
    )


def _bucket(desired: Desired) -> Bucket:
    if desired.s3 is None:
        raise ValueError("spec.s3 names no bucket, so there is nothing to grant")
    return desired.s3


def _keeps(desired: Desired) -> bool:
    """Whether the bucket is made and changed. With backend Twilio it is only watched."""
    return desired.backend is Backend.S3 and _bucket(desired).management is Management.MANAGE


def _aspects(desired: Desired) -> set[Aspect]:
    """Those that hold a wanted setting, the tag on a bucket of the operator's own making among them."""
    if desired.backend is not Backend.S3:
        return set()
    owned = replace(desired, owner=desired.owner or _ANYBODY)
    return {part.aspect for part in parts_of(owned, made_by_us=_keeps(desired))}


def _encrypting(bucket: Bucket) -> list[Policy]:
    """An upload in parts is decrypted in between, too. AWS's own key lets in whoever may use S3."""
    settings = bucket.settings
    if settings.encryption is not Encryption.KMS or not settings.kms_key:
        return []
    statement = _allow("EncryptRecordings", ("kms:Decrypt", "kms:GenerateDataKey"), _key_arn(bucket))
    alias = settings.kms_key.rpartition(":")[2]
    if alias.startswith("alias/"):
        # IAM knows keys by their id alone, and an alias as a condition.
        statement["Condition"] = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    return [statement]


def _key_arn(bucket: Bucket) -> str:
    key = bucket.settings.kms_key
    place = key.rpartition(":")[0] or f"arn:{partition_of(bucket.region)}:kms:{bucket.region}:*"
    name = key.rpartition(":")[2]
    return f"{place}:key/{'*' if name.startswith('alias/') else name.removeprefix('key/')}"


def _arn(bucket: Bucket) -> str:
    return f"arn:{partition_of(bucket.region)}:s3:::{bucket.name}"


def _allow(sid: str, actions: Iterable[str], resource: str) -> Policy:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def _policy(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
