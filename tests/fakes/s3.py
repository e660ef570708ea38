"""S3 in memory: buckets, their settings, versions and delete markers, one clock for all of them."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from recording_storage_operator.core.clock import Clock
from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.facts import (
    Aspect,
    BucketFacts,
    ObjectVersion,
    ObjectVersionPage,
    Obstacle,
    Reading,
)
from recording_storage_operator.core.reasons import Reason


@dataclass(slots=True)
class StoredVersion:
    """One version of a key. `number` grows with time, as a version id; unversioned buckets have one per key."""

    number: int
    is_delete_marker: bool
    modified_at: datetime
    size: int


@dataclass(slots=True)
class StoredBucket:
    """`versions` holds each key's history, oldest first; a key without any version is not in it.

    `documents` are its settings as written, without those that say nothing; `uploads` are keys of uploads under way.
    """

    region: str
    foreign: bool = False
    versions: dict[str, list[StoredVersion]] = field(default_factory=dict)
    documents: dict[Aspect, dict[str, Any]] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)

    @property
    def versioned(self) -> bool:
        return self.documents.get(Aspect.VERSIONING) == {"Status": "Enabled"}


class FakeS3:
    """The service. `page_size` counts every version, latest or not, as S3's MaxKeys does.

    Tests may put aspects into `unsupported`, `unreadable` and `unwritable`: the service lacks them, or denies them.
    With `like_aws` it refuses what AWS refuses and other servers take. Listings lack the keys in `left_out`. So many
    looks as `absent` says it does not know a bucket that is there, as a gateway whose disk is not mounted yet.
    """

    def __init__(self, clock: Clock, page_size: int = 1000) -> None:
        self.buckets: dict[str, StoredBucket] = {}
        self.calls: list[tuple[str, str]] = []
        """Every call of a client, failed ones included: method name and bucket name."""
        self.written: list[tuple[str, Aspect]] = []
        """Every setting that was written, and those removed: bucket name and aspect."""
        self.unsupported: set[Aspect] = set()
        self.unreadable: set[Aspect] = set()
        self.unwritable: set[Aspect] = set()
        self.like_aws = False
        self.left_out: set[str] = set()
        self.absent = 0
        self.page_size = page_size
        self._clock = clock
        self._numbers = count(1)
        self._failures: dict[str, list[ReconcileError]] = {}

    def bucket(self, name: str, region: str = "us-east-1") -> "FakeBucketClient":
        """A client of a bucket, which need not exist."""
        return FakeBucketClient(self, name, region)

    def admin(self, name: str, region: str = "us-east-1") -> "FakeBucketAdmin":
        """The administration of a bucket, which need not exist."""
        return FakeBucketAdmin(self, name, region)

    def owned(self, name: str, region: str) -> StoredBucket:
        """The bucket that a client means. Raises Wait for one that is missing, foreign or elsewhere."""
        stored = self.buckets.get(name)
        if stored is None:
            raise Wait(Reason.BUCKET_MISSING, f"bucket {name} does not exist")
        if stored.foreign:
            raise Wait(Reason.BUCKET_NOT_OWNED, f"bucket {name} belongs to somebody else")
        if stored.region != region:
            raise Wait(Reason.BUCKET_WRONG_REGION, f"bucket {name} is in {stored.region}, not {region}")
        return stored

    def foreign_bucket(self, name: str, region: str = "us-east-1") -> None:
        """Somebody else's bucket takes this name."""
        self.buckets[name] = StoredBucket(region, foreign=True)

    def put(self, bucket: str, key: str, size: int = 1024) -> None:
        """Store an object now."""
        self._add(bucket, key, is_delete_marker=False, size=size)

    def delete(self, bucket: str, key: str) -> None:
        """Delete without naming a version: a delete marker where the bucket is versioned, else the object is gone."""
        if self.buckets[bucket].versioned:
            self._add(bucket, key, is_delete_marker=True, size=0)
        else:
            self.purge_versions(bucket, key)

    def undelete(self, bucket: str, key: str) -> None:
        """Remove the delete marker that hides the key."""
        history = self.buckets[bucket].versions[key]
        if not history[-1].is_delete_marker:
            raise AssertionError(f"{key} in {bucket} is not deleted")
        history.pop()
        if not history:
            del self.buckets[bucket].versions[key]

    def purge_versions(self, bucket: str, key: str) -> None:
        """Remove every version and delete marker of the key, leaving no trace, as a lifecycle rule would."""
        self.buckets[bucket].versions.pop(key, None)

    def fail(self, method: str, error: ReconcileError, times: int = 1) -> None:
        """Let the next `times` calls of a client method (any bucket) raise `error`."""
        self._failures.setdefault(method, []).extend([error] * times)

    def forgive(self) -> None:
        """Forget the failures that are still to come, and leave nothing out."""
        self._failures.clear()
        self.left_out.clear()

    def record(self, method: str, bucket: str) -> None:
        """Note a client's call, and fail it where that was asked for."""
        self.calls.append((method, bucket))
        if planned := self._failures.get(method):
            raise planned.pop(0)

    def _add(self, bucket: str, key: str, *, is_delete_marker: bool, size: int) -> None:
        stored = self.buckets[bucket]
        # S3 stamps whole seconds.
        now = self._clock.now().replace(microsecond=0)
        version = StoredVersion(next(self._numbers), is_delete_marker, now, size)
        history = stored.versions.setdefault(key, [])
        if not stored.versioned:
            history.clear()
        history.append(version)


class FakeBucketClient:
    """One bucket of the service as it is read, seen through the operator's port."""

    def __init__(self, service: FakeS3, name: str, region: str) -> None:
        self._service = service
        self._name = name
        self._region = region

    def describe(self) -> BucketFacts | None:
        self._service.record("describe", self._name)
        if self._name not in self._service.buckets:
            return None
        if self._service.absent:
            self._service.absent -= 1
            return None
        stored = self._own()
        return BucketFacts(self._name, stored.region, stored.versioned)

    def versions(self, prefix: str, page: str | None = None) -> ObjectVersionPage:
        self._service.record("versions", self._name)
        rows = [row for row in self._rows(prefix) if page is None or _is_after(row, page)]
        shown = rows[: self._service.page_size]
        latest = [
            ObjectVersion(key, version.is_delete_marker, version.modified_at, version.size)
            for key, version, is_latest in shown
            if is_latest
        ]
        more = len(rows) > len(shown)
        return ObjectVersionPage(latest, json.dumps([shown[-1][0], shown[-1][1].number]) if more else None)

    def has(self, key: str) -> bool:
        self._service.record("has", self._name)
        history = self._own().versions.get(key, [])
        return bool(history) and not history[-1].is_delete_marker

    def _rows(self, prefix: str) -> "Iterator[Row]":
        """Every version in the order S3 lists them: keys by their UTF-8 bytes, newest version first."""
        versions = self._own().versions
        for key in sorted(versions, key=str.encode):
            if key.startswith(prefix) and key not in self._service.left_out:
                history = versions[key]
                for version in reversed(history):
                    yield key, version, version is history[-1]

    def _own(self) -> StoredBucket:
        return self._service.owned(self._name, self._region)


_CONTENT = {
    Aspect.ENCRYPTION: "Rules",
    Aspect.OWNERSHIP: "Rules",
    Aspect.LIFECYCLE: "Rules",
    Aspect.POLICY: "Statement",
    Aspect.TAGS: "TagSet",
}
"""The member without which a document says nothing."""


class FakeBucketAdmin:
    """One bucket's administration, seen through the operator's port."""

    def __init__(self, service: FakeS3, name: str, region: str) -> None:
        self._service = service
        self._name = name
        self._region = region

    def create(self) -> None:
        self._service.record("create", self._name)
        if self._name in self._service.buckets:
            if self._own().region != "us-east-1":
                raise Transient(Reason.WORLD_MOVED, f"bucket {self._name} is there")
        else:
            self._service.buckets[self._name] = StoredBucket(self._region)

    def delete(self) -> None:
        self._service.record("delete", self._name)
        if self._name not in self._service.buckets:
            return
        stored = self._own()
        if stored.uploads:
            raise Wait(Reason.BUCKET_NOT_EMPTY, f"bucket {self._name}: an upload into it is under way")
        if stored.versions:
            raise Wait(Reason.BUCKET_NOT_EMPTY, f"bucket {self._name} is not empty")
        del self._service.buckets[self._name]

    def read(self, aspect: Aspect) -> Reading:
        self._service.record("read", self._name)
        stored = self._own()
        if aspect in self._service.unsupported:
            return Reading({}, Obstacle.UNSUPPORTED, f"S3 has no {aspect} setting for bucket {self._name}")
        if aspect in self._service.unreadable:
            return Reading({}, Obstacle.DENIED, f"S3 denies reading the {aspect} setting of bucket {self._name}")
        return Reading(deepcopy(stored.documents.get(aspect, {})))

    def write(self, aspect: Aspect, document: Mapping[str, Any]) -> None:
        self._service.record("write", self._name)
        stored = self._own()
        content = document.get(_CONTENT[aspect]) if aspect in _CONTENT else document
        if aspect in self._service.unsupported or (aspect is Aspect.VERSIONING and not content):
            raise Wait(Reason.NOT_SUPPORTED, f"S3 does not take the {aspect} setting of bucket {self._name}", 3600)
        if aspect in self._service.unwritable:
            raise Wait(Reason.S3_ACCESS_DENIED, f"S3 denies writing the {aspect} setting of bucket {self._name}")
        if self._service.like_aws:
            _refuse_what_aws_does(self._name, aspect, document, stored)
        if content:
            stored.documents[aspect] = deepcopy(dict(document))
        else:
            stored.documents.pop(aspect, None)
        self._service.written.append((self._name, aspect))

    def _own(self) -> StoredBucket:
        return self._service.owned(self._name, self._region)


def _refuse_what_aws_does(name: str, aspect: Aspect, document: Mapping[str, Any], stored: StoredBucket) -> None:
    """Rules of both spellings in one lifecycle, and a policy that makes public what is blocked from being so."""
    spellings = {field for rule in document.get("Rules") or () for field in rule if field in ("Prefix", "Filter")}
    if aspect is Aspect.LIFECYCLE and len(spellings) == 2:
        raise Wait(Reason.NOT_SUPPORTED, f"bucket {name}: a base level prefix cannot be used beside a filter")
    blocked = stored.documents.get(Aspect.PUBLIC_ACCESS, {}).get("BlockPublicPolicy")
    if aspect is Aspect.POLICY and blocked and any(map(_is_public, document.get("Statement") or ())):
        raise Wait(Reason.S3_ACCESS_DENIED, f"bucket {name}: public policies are blocked")


def _is_public(statement: Mapping[str, Any]) -> bool:
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return everybody and statement.get("Effect") == "Allow" and not statement.get("Condition")


Row = tuple[str, StoredVersion, bool]
"""Key, version, and whether it is the key's latest."""


def _is_after(row: Row, page: str) -> bool:
    key, number = json.loads(page)
    return (row[0].encode(), -row[1].number) > (key.encode(), -number)
