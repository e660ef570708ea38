"""A bucket of moto as its owner sees it with a key of their own, beside the operator."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lab.s3 import MotoServer
from lab.tenants import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)

SETTINGS = {
    "versioning": "get_bucket_versioning",
    "encryption": "get_bucket_encryption",
    "publicAccess": "get_public_access_block",
    "objectOwnership": "get_bucket_ownership_controls",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "policy": "get_bucket_policy",
    "tags": "get_bucket_tagging",
}


@dataclass(frozen=True)
class BucketView:
    """One bucket. `client` has all rights."""

    client: "S3Client"
    name: str

    def exists(self) -> bool:
        return self.name in {one["Name"] for one in self.client.list_buckets()["Buckets"]}

    def make(self) -> "BucketView":
        self.client.create_bucket(Bucket=self.name)
        return self

    def put(self, *keys: str) -> None:
        for key in keys:
            self.client.put_object(Bucket=self.name, Key=key, Body=b"RIFF")

    def versions(self) -> set[tuple[str, str, str]]:
        """Everything in it: kind, key and version id of objects and of delete markers."""
        page: dict[str, Any] = dict(self.client.list_object_versions(Bucket=self.name))
        assert not page["IsTruncated"]
        return {
            (kind, one["Key"], one["VersionId"]) for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, ())
        }

    def empty(self) -> None:
        """Remove every version for good."""
        for _kind, key, version in self.versions():
            self.client.delete_object(Bucket=self.name, Key=key, VersionId=version)

    def settings(self) -> dict[str, Any]:
        """Every configuration by its name, None where nothing is set."""
        return {name: self._setting(call) for name, call in SETTINGS.items()}

    def tags(self) -> dict[str, str]:
        found = self._setting(SETTINGS["tags"]) or {"TagSet": []}
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def rules(self) -> dict[str, Mapping[str, Any]]:
        """Lifecycle rules by ID."""
        found = self._setting(SETTINGS["lifecycle"]) or {"Rules": []}
        return {rule["ID"]: rule for rule in found["Rules"]}

    def neglect(self) -> None:
        """Somebody takes the block on public access away and suspends versioning."""
        self.client.delete_public_access_block(Bucket=self.name)
        self.client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Suspended"})

    def _setting(self, call: str) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self.client, call)(Bucket=self.name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def s3_requests(log: Path, tenant: Tenant) -> Counter[str]:
    """The operator's requests by method: the simulator lists the bucket in the older way, and uploads objects."""
    lines = [line for line in log.read_text().splitlines() if f"/{tenant.bucket}" in line]
    return Counter(
        line.split('"', 1)[1].split()[0].rpartition("m")[2]
        for line in lines
        if "list-type=2" not in line and f"/{tenant.account.account_sid}/" not in line.split("?")[0]
    )


def allow(server: MotoServer, user: str, denied: Iterable[str] = ()) -> None:
    """From now on a user of moto's may do all but the denied actions."""
    iam = server.iam()
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": action, "Resource": "*"} for action in denied]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=user, PolicyName="inline", PolicyDocument=policy)
    iam.close()
