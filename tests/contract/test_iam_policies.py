"""The policies that `recordings iam` prints, in force at a server that checks rights: enough, and no more than that."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lab.s3 import REGION, Credentials, client
from recording_storage_operator.core.bucket_settings import parts_of
from recording_storage_operator.core.desired import Backend, Bucket, DeletionPolicy, Desired, TwilioAccount
from recording_storage_operator.core.errors import ReconcileError
from recording_storage_operator.core.iam import operator_policy, writer_policy
from recording_storage_operator.s3.connect import Connections, Limits
from tests.builders import ACCOUNT
from tests.contract.moto_with_s3_actions import MotoWithS3Actions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 5 * 1024 * 1024
"""Bytes: the least that S3 takes for a part that is not the last."""

PREFIX = "voice/"
KEY = f"{PREFIX}{ACCOUNT}/RE1"


class Missing(Exception):
    """Something was not seen that a right is for."""


def desired(name: str) -> Desired:
    """Everything managed, and the bucket deleted in the end."""
    return Desired(
        backend=Backend.S3,
        twilio=TwilioAccount(ACCOUNT, "twilio"),
        s3=Bucket(name, REGION, PREFIX),
        metadata_days=40,
        sweep_interval=timedelta(minutes=15),
        suspend=False,
        deletion_policy=DeletionPolicy.DELETE,
        owner="uid-1",
    )


@dataclass
class Guarded:
    """The server, with rights in force."""

    server: MotoWithS3Actions
    numbers: Iterator[int] = field(default_factory=count)

    def bucket_name(self) -> str:
        return f"guarded-{next(self.numbers)}"

    def user(self, policy: dict[str, Any]) -> Credentials:
        return self.server.create_user(f"user-{next(self.numbers)}", policy)

    def client(self, user: Credentials) -> "S3Client":
        return client(self.server.endpoint, *user)

    def make(self, name: str) -> None:
        """A bucket with one object, by its administrator."""
        with closing(self.server.client()) as administrator:
            administrator.create_bucket(Bucket=name)
        self.fill(name)

    def fill(self, name: str) -> None:
        """One object, by its administrator, who has to lift the demand for TLS: there is none at this server."""
        with closing(self.server.client()) as administrator:
            administrator.delete_bucket_policy(Bucket=name)
            administrator.put_object(Bucket=name, Key=KEY, Body=b"RIFF")

    def empty(self, name: str) -> None:
        """Without a single version."""
        with closing(self.server.client()) as administrator:
            for version in administrator.list_object_versions(Bucket=name).get("Versions", ()):
                administrator.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with MotoWithS3Actions() as server:
        server.enforce_iam()
        yield Guarded(server)


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy less one action."""
    statements = [
        {**one, "Action": [other for other in one["Action"] if other != action]} for one in policy["Statement"]
    ]
    return {**policy, "Statement": [one for one in statements if one["Action"]]}


def actions(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def assert_denied(call: Callable[..., object], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def write(s3: "S3Client", bucket: str) -> None:
    """As Twilio: a short recording, a long one in parts, and an upload that comes to nothing."""
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"RIFF")
    place: Any = {"Bucket": bucket, "Key": f"{KEY}-long"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in ((1, b"x" * PART), (2, b"x" * (PART // 5)))
    ]
    found = s3.list_parts(**place, UploadId=upload)["Parts"]
    assert [one["PartNumber"] for one in found] == [1, 2]
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]  # plain dicts
    given_up = s3.create_multipart_upload(**place)["UploadId"]
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [given_up]
    s3.abort_multipart_upload(**place, UploadId=given_up)


def test_the_writer_may_write_in_every_way_and_neither_read_nor_delete(guarded: Guarded) -> None:
    name = guarded.bucket_name()
    guarded.make(name)
    with closing(guarded.client(guarded.user(writer_policy(desired(name))))) as s3:
        write(s3, name)

        for call in (s3.get_object, s3.head_object, s3.delete_object):
            assert_denied(call, Bucket=name, Key=KEY)
        for look in (s3.list_objects_v2, s3.list_object_versions, s3.get_bucket_versioning, s3.delete_bucket):
            assert_denied(look, Bucket=name)
        assert_denied(s3.put_object, Bucket=name, Key="elsewhere", Body=b"")


@pytest.mark.parametrize("action", actions(writer_policy(desired("any"))))
def test_the_writer_needs_each_of_its_rights(guarded: Guarded, action: str) -> None:
    name = guarded.bucket_name()
    guarded.make(name)
    user = guarded.user(without(writer_policy(desired(name)), action))
    with closing(guarded.client(user)) as s3, pytest.raises(ClientError, match="AccessDenied"):
        write(s3, name)


def operate(guarded: Guarded, name: str, user: Credentials) -> None:
    """All that the operator ever does to a bucket. Raises Missing where it is told less than there is."""
    wanted = desired(name)
    place = Bucket(name, REGION, PREFIX, guarded.server.endpoint, credentials_secret="s3")
    values = {"accessKeyId": user.access_key_id, "secretAccessKey": user.secret_access_key}
    with closing(Connections([guarded.server.endpoint], allow_ambient=False, limits=Limits(attempts=1))) as s3:
        bucket, admin = s3.bucket(place, values), s3.admin(place, values)
        if bucket.describe() is not None:
            raise Missing("the answer that there is no bucket")
        admin.create()
        for part in parts_of(wanted, made_by_us=True):
            before = admin.read(part.aspect)
            admin.write(part.aspect, part.put(before.document))
            if part.have(admin.read(part.aspect).document) != part.want:
                raise Missing(part.path)
        guarded.fill(name)
        seen = (bucket.describe() is not None, len(bucket.versions(PREFIX).versions), bucket.has(KEY))
        if seen != (True, 1, True) or bucket.has(f"{KEY}-none"):
            raise Missing("an object")
        guarded.empty(name)
        admin.delete()


def test_the_operator_may_do_all_it_does_and_neither_write_nor_delete_an_object(guarded: Guarded) -> None:
    name = guarded.bucket_name()
    user = guarded.user(operator_policy(desired(name)))
    operate(guarded, name, user)

    guarded.make(name)
    with closing(guarded.client(user)) as s3:
        assert s3.get_object(Bucket=name, Key=KEY)["Body"].read() == b"RIFF"
        assert_denied(s3.put_object, Bucket=name, Key=KEY, Body=b"")
        assert_denied(s3.delete_object, Bucket=name, Key=KEY)
        assert_denied(s3.delete_object, Bucket=name, Key=KEY, VersionId="null")
        assert_denied(s3.create_multipart_upload, Bucket=name, Key=KEY)


@pytest.mark.parametrize("action", sorted(set(actions(operator_policy(desired("any"))))))
def test_the_operator_needs_each_of_its_rights(guarded: Guarded, action: str) -> None:
    name = guarded.bucket_name()
    user = guarded.user(without(operator_policy(desired(name)), action))

    with pytest.raises((ReconcileError, Missing)):
        operate(guarded, name, user)
