import base64
import hashlib
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from lab.s3 import MotoServer, VersityGateway, client
from lab.simulator import SimulatorControl

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def versioned_bucket(s3: "S3Client") -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@pytest.fixture
def guarded() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


def test_delete_markers_in_moto_follow_virtual_time(moto: MotoServer, simulator_control: SimulatorControl) -> None:
    s3 = moto.client()
    bucket = versioned_bucket(s3)
    created = simulator_control.now()
    s3.put_object(Bucket=bucket, Key="key", Body=b"audio")

    simulator_control.advance(days=3)
    s3.delete_object(Bucket=bucket, Key="key")

    listed = s3.list_object_versions(Bucket=bucket)
    (marker,), (version,) = listed["DeleteMarkers"], listed["Versions"]
    assert abs((version["LastModified"] - created).total_seconds()) <= 1
    assert abs((marker["LastModified"] - simulator_control.now()).total_seconds()) <= 1


def test_a_delete_marker_is_latest_while_virtual_time_stands_still(moto: MotoServer) -> None:
    s3 = moto.client()
    bucket = versioned_bucket(s3)
    s3.put_object(Bucket=bucket, Key="key", Body=b"audio")
    s3.delete_object(Bucket=bucket, Key="key")

    listed = s3.list_object_versions(Bucket=bucket)
    assert [marker["IsLatest"] for marker in listed["DeleteMarkers"]] == [True]
    assert [version["IsLatest"] for version in listed["Versions"]] == [False]


def test_moto_enforces_iam_on_request(guarded: MotoServer) -> None:
    bucket = versioned_bucket(guarded.client())
    allowed = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    reader = guarded.create_user("reader", {"Version": "2012-10-17", "Statement": [allowed]})
    s3 = client(guarded.endpoint, *reader)
    s3.put_object(Bucket=bucket, Key="before", Body=b"")

    guarded.enforce_iam()

    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="after", Body=b"")
    guarded.client().put_object(Bucket=bucket, Key="after", Body=b"")


def test_versitygw_refuses_a_wrong_sha256_and_returns_the_right_one(versitygw: VersityGateway) -> None:
    s3 = versitygw.client()
    bucket = versioned_bucket(s3)

    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=bucket, Key="key", Body=b"audio", ChecksumSHA256=sha256(b"other"))
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0

    s3.put_object(Bucket=bucket, Key="key", Body=b"audio", ChecksumSHA256=sha256(b"audio"))
    assert s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")["ChecksumSHA256"] == sha256(b"audio")


def test_versitygw_refuses_a_wrong_key_pair(versitygw: VersityGateway) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(versitygw.endpoint, versitygw.access_key_id, "wrong").list_buckets()


def test_a_server_with_a_folder_keeps_its_objects_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("versitygw")
    with VersityGateway(folder) as server:
        server.client().create_bucket(Bucket="kept")
    with VersityGateway(folder) as server:
        assert [bucket["Name"] for bucket in server.client().list_buckets()["Buckets"]] == ["kept"]
