"""The services the table of bucket settings is held against, with the hands of everybody else there."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Protocol, Self

import httpx
from botocore.exceptions import ClientError

from lab import binaries
from lab.s3 import Credentials, MotoServer, VersityGateway
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.reconcile.ports import BucketAdmin
from tests.contract.s3_worlds import ServerWorld, SystemClock
from tests.fakes.s3 import FakeS3
from tests.unit.s3.scripted import Answer, Asked, ScriptedServer, error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LACKING: Mapping[str, frozenset[Aspect]] = {
    "fake": frozenset(),
    "moto": frozenset(),
    "versitygw": frozenset({Aspect.ENCRYPTION, Aspect.PUBLIC_ACCESS, Aspect.LIFECYCLE}),
}
"""What a service itself answers with 501."""

BOUND: Mapping[str, frozenset[Aspect]] = {
    "fake": frozenset(),
    "moto": frozenset({Aspect.ENCRYPTION, Aspect.PUBLIC_ACCESS, Aspect.OWNERSHIP}),
    "versitygw": frozenset(),
}
"""What can only be denied together: moto knows no right of their own for these, and asks for two that AWS does not."""

Document = Mapping[str, Any]


class Site(Protocol):
    """A service."""

    def admin(self, bucket: str) -> BucketAdmin:
        """What the operator uses, of a bucket that is made at the first call."""
        ...

    def put(self, bucket: str, aspect: Aspect, document: Document) -> None:
        """What somebody else does: replace a document, or remove it with an empty one."""
        ...

    def get(self, bucket: str, aspect: Aspect) -> dict[str, Any]:
        """What somebody else reads."""
        ...

    def without(self, bucket: str, aspect: Aspect, *, writes_only: bool = False) -> BucketAdmin:
        """As `admin`, where the server lacks an aspect, or only does not take it."""
        ...

    def denied(self, bucket: str, aspect: Aspect, right: str, *, reading: bool) -> BucketAdmin:
        """As `admin`, with a key pair that has every right but this one, which is to read or to write an aspect.

        What is BOUND to the aspect is denied as well.
        """
        ...


class FakeSite:
    """The service in memory. Each hindrance is played by a service that shares the buckets of the first."""

    def __init__(self) -> None:
        self._s3 = FakeS3(SystemClock())

    def admin(self, bucket: str) -> BucketAdmin:
        made = self._s3.admin(bucket)
        made.create()
        return made

    def put(self, bucket: str, aspect: Aspect, document: Document) -> None:
        documents = self._s3.buckets[bucket].documents
        documents.pop(aspect, None)
        if document:
            documents[aspect] = deepcopy(dict(document))

    def get(self, bucket: str, aspect: Aspect) -> dict[str, Any]:
        return deepcopy(self._s3.buckets[bucket].documents.get(aspect, {}))

    def without(self, bucket: str, aspect: Aspect, *, writes_only: bool = False) -> BucketAdmin:
        other = self._alike()
        if writes_only:
            other.fail("write", Wait(Reason.NOT_SUPPORTED, f"S3 does not take the {aspect} setting", 3600))
        else:
            other.unsupported.add(aspect)
        return other.admin(bucket)

    def denied(self, bucket: str, aspect: Aspect, right: str, *, reading: bool) -> BucketAdmin:
        other = self._alike()
        (other.unreadable if reading else other.unwritable).add(aspect)
        return other.admin(bucket)

    def _alike(self) -> FakeS3:
        other = FakeS3(SystemClock())
        other.buckets = self._s3.buckets
        return other


CALLS = {
    Aspect.VERSIONING: ("bucket_versioning", "VersioningConfiguration"),
    Aspect.ENCRYPTION: ("bucket_encryption", "ServerSideEncryptionConfiguration"),
    Aspect.PUBLIC_ACCESS: ("public_access_block", "PublicAccessBlockConfiguration"),
    Aspect.OWNERSHIP: ("bucket_ownership_controls", "OwnershipControls"),
    Aspect.LIFECYCLE: ("bucket_lifecycle_configuration", "LifecycleConfiguration"),
    Aspect.POLICY: ("bucket_policy", "Policy"),
    Aspect.TAGS: ("bucket_tagging", "Tagging"),
}
"""The SDK's names: of the calls, and of what is put."""

QUERIES = {
    Aspect.VERSIONING: "versioning",
    Aspect.ENCRYPTION: "encryption",
    Aspect.PUBLIC_ACCESS: "publicAccessBlock",
    Aspect.OWNERSHIP: "ownershipControls",
    Aspect.LIFECYCLE: "lifecycle",
    Aspect.POLICY: "policy",
    Aspect.TAGS: "tagging",
}
"""An aspect in the URL of a request."""


def put(client: "S3Client", bucket: str, aspect: Aspect, document: Document) -> None:
    """Replace a document with the plain SDK, or remove it."""
    call, parameter = CALLS[aspect]
    if not document and aspect is Aspect.VERSIONING:
        return  # a new bucket has none, and nothing takes it away again
    if not document:
        remove = "delete_bucket_lifecycle" if aspect is Aspect.LIFECYCLE else f"delete_{call}"
        getattr(client, remove)(Bucket=bucket)
        return
    body: Any = json.dumps(document) if aspect is Aspect.POLICY else document
    getattr(client, f"put_{call}")(Bucket=bucket, **{parameter: body})


def get(client: "S3Client", bucket: str, aspect: Aspect) -> dict[str, Any]:
    """Read a document with the plain SDK; empty where S3 says that there is none."""
    call, parameter = CALLS[aspect]
    try:
        answer = dict(getattr(client, f"get_{call}")(Bucket=bucket))
    except ClientError as failed:
        if failed.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return {}
    del answer["ResponseMetadata"]
    found = answer.get(parameter, answer)
    return as_put(dict(json.loads(found) if aspect is Aspect.POLICY else found))


def as_put(found: dict[str, Any]) -> dict[str, Any]:
    """Without the defaults that S3 adds to a document, and with the empty text that moto leaves out."""
    if found.get("TransitionDefaultMinimumObjectSize") == "all_storage_classes_128K":
        del found["TransitionDefaultMinimumObjectSize"]
    for rule in found.get("Rules", ()):
        if rule.get("BucketKeyEnabled") is False:
            del rule["BucketKeyEnabled"]
    for tag in found.get("TagSet", ()):
        tag.setdefault("Value", "")
    return found


METHODS = ("GET", "PUT", "DELETE")


class Lacking(ScriptedServer):
    """Passes requests on to a server, but for those about an aspect, which it does not know."""

    def __init__(self, url: str) -> None:
        self._server = httpx.Client(base_url=url)
        self.query = ""
        self.methods: tuple[str, ...] = ()
        super().__init__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._server.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        handler = super()._handler()
        handler.wbufsize = -1  # head and body at once: the client would wait 40 ms to acknowledge the head
        return handler

    def answer(self, asked: Asked) -> Answer:
        if asked.method in self.methods and self.query in asked.target:
            return error("NotImplemented", 501)
        found = self._server.request(asked.method, asked.target, headers=asked.headers, content=asked.body)
        kept = {name: value for name, value in found.headers.items() if name not in ("content-length", "connection")}
        return Answer(found.status_code, found.content, kept)


class ServerSite:
    """A server over its socket."""

    def __init__(self, server: MotoServer | VersityGateway) -> None:
        self.server = server
        self.others = server.client()
        self._stack = ExitStack()
        self._stack.callback(self.others.close)
        self._lacking = self._stack.enter_context(Lacking(server.endpoint))
        self._worlds: dict[tuple[str, str], ServerWorld] = {}
        self._made: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def admin(self, bucket: str) -> BucketAdmin:
        admin = self.somebody(bucket, self.server.access_key_id, self.server.secret_access_key)
        if bucket not in self._made:
            admin.create()
            self._made.add(bucket)
        return admin

    def put(self, bucket: str, aspect: Aspect, document: Document) -> None:
        put(self.others, bucket, aspect, document)

    def get(self, bucket: str, aspect: Aspect) -> dict[str, Any]:
        return get(self.others, bucket, aspect)

    def without(self, bucket: str, aspect: Aspect, *, writes_only: bool = False) -> BucketAdmin:
        self._lacking.query, self._lacking.methods = QUERIES[aspect], ("PUT", "DELETE") if writes_only else METHODS
        pair = self.server.access_key_id, self.server.secret_access_key
        return self.somebody(bucket, *pair, endpoint=self._lacking.endpoint)

    def somebody(self, bucket: str, key: str, secret: str, endpoint: str = "") -> BucketAdmin:
        """The operator's own client with a key pair."""
        url = endpoint or self.server.endpoint
        if (url, key) not in self._worlds:
            self._worlds[url, key] = self._stack.enter_context(ServerWorld(url, key, secret))
        return self._worlds[url, key].admin(bucket)


class MotoSite(ServerSite):
    """Denials need `enforce_iam`."""

    server: MotoServer

    def denied(self, bucket: str, aspect: Aspect, right: str, *, reading: bool) -> BucketAdmin:
        if aspect in BOUND["moto"]:
            right = "s3:ListBucket" if reading else "s3:CreateBucket"
        rest = {"Effect": "Allow", "NotAction": right, "Resource": "*"}
        name = f"no-{right.partition(':')[2]}-{bucket}"
        return self.somebody(bucket, *self.server.create_user(name, {"Version": "2012-10-17", "Statement": [rest]}))


LIMITED = Credentials("limited", "limitedsecret")


class VersitySite(ServerSite):
    """Its users have the rights that a bucket's policy gives them."""

    server: VersityGateway

    def __init__(self, server: VersityGateway) -> None:
        super().__init__(server)
        root = ("--access", server.access_key_id, "--secret", server.secret_access_key)
        user = ("--access", LIMITED.access_key_id, "--secret", LIMITED.secret_access_key, "--role", "user")
        tool = binaries.ensure("versitygw")["versitygw"]
        subprocess.run([tool, "admin", *root, "--endpoint-url", server.endpoint, "create-user", *user], check=True)

    def denied(self, bucket: str, aspect: Aspect, right: str, *, reading: bool) -> BucketAdmin:
        arn, who = f"arn:aws:s3:::{bucket}", {"AWS": LIMITED.access_key_id}
        allow = {"Effect": "Allow", "Principal": who, "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
        deny = {"Effect": "Deny", "Principal": who, "Action": right, "Resource": arn}
        self.put(bucket, Aspect.POLICY, {"Version": "2012-10-17", "Statement": [allow, deny]})
        return self.somebody(bucket, *LIMITED)


@contextmanager
def site_of(kind: str, *, guarded: bool = False) -> Iterator[Site]:
    """The fake, or a server of its own, with `guarded` one that looks at rights."""
    if kind == "fake":
        yield FakeSite()
    elif kind == "moto":
        with MotoServer() as moto:
            if guarded:
                moto.enforce_iam()
            with MotoSite(moto) as site:
                yield site
    else:
        with VersityGateway() as versity, VersitySite(versity) as other:
            yield other
