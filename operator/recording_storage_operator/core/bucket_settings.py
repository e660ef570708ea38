"""The parts of a bucket's configuration that are ours, each within an S3 document that may hold much that is not.

A part compares in a normalised text, so that neither the order of fields nor two spellings of the same thing are ever a
difference; and it writes itself into a document in which everything else stays as it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from .desired import HOME_REGION, Bucket, BucketSettings, Desired, Encryption
from .facts import Aspect

Document = Mapping[str, Any]

ABSENT = "absent"
"""What a thing is, or shall be, that is not there."""

CREATED_BY = "recordings.dev/created-by"
"""The tag, with the uid of its resource, of a bucket that the operator made: others are never deleted."""

SECURE_TRANSPORT_SID = "RecordingsDevSecureTransport"

ANY_ENCRYPTION = "AES256 or any other"
"""A wish of its own: who leaves the choice to others has not agreed to AES256."""


class Risk(StrEnum):
    """What a change can do to people who use the bucket: nothing; stop them; or lose something for good."""

    SAFE = "Safe"
    DISRUPTIVE = "Disruptive"
    DESTRUCTIVE = "Destructive"


class Part(Protocol):
    """A part of an aspect. `have(document) == want` where it is as wanted."""

    @property
    def aspect(self) -> Aspect: ...

    @property
    def path(self) -> str:
        """Its name in plans and drift."""
        ...

    @property
    def want(self) -> str: ...

    @property
    def risk(self) -> Risk: ...

    @property
    def does(self) -> str:
        """What setting it means, for people."""
        ...

    def have(self, document: Document) -> str: ...

    def put(self, document: Document, /) -> Document:
        """The document with this part as wanted."""
        ...


def parts_of(desired: Desired, *, made_by_us: bool) -> list[Part]:
    """The wanted parts, in the order they are safe in: what may remove something comes last.

    `made_by_us` also wants the tag that says so.
    """
    bucket = desired.s3
    if bucket is None:
        return []
    wanted = bucket.settings
    marked: list[Part] = [Tag(CREATED_BY, desired.owner)] if made_by_us and desired.owner else []
    parts: list[tuple[bool, list[Part]]] = [
        (True, marked),
        (wanted.versioning, [Versioning()]),
        # Before access is blocked: behind that S3 takes no policy any more in which somebody's statement is public.
        (wanted.require_tls and speaks_tls(bucket), [SecureTransport(bucket.name, partition_of(bucket.region))]),
        (wanted.block_public_access, [PublicAccess()]),
        (wanted.enforce_ownership, [Ownership()]),
        (True, [DefaultEncryption(wanted.encryption, wanted.kms_key)]),
        (True, [Tag(key, value) for key, value in wanted.tags]),
        (True, rules_of(desired, wanted)),
    ]
    return [part for is_wanted, several in parts if is_wanted for part in several]


def rules_of(desired: Desired, wanted: BucketSettings) -> list[Part]:
    """Our lifecycle rules, which touch nothing but the account's own recordings."""
    owner, prefix = f"recordings.dev/{desired.twilio.account_sid}", desired.key_prefix
    if desired.twilio.region not in ("", HOME_REGION):
        # It is another resource's account in another region, and they may share the bucket.
        owner += f"/{desired.twilio.region}"
    abort = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": wanted.abort_uploads_after}}
    expire = {"NoncurrentVersionExpiration": {"NoncurrentDays": desired.metadata_days}}
    aborts = f"abort uploads of recordings that are incomplete after {wanted.abort_uploads_after} days"
    expires = f"delete recordings for good {desired.metadata_days} days after they were deleted or replaced"
    return [
        _rule("abortIncompleteMultipartUploads", owner, prefix, abort if wanted.abort_uploads_after else {}, aborts),
        _rule("noncurrentVersions", owner, prefix, expire if wanted.expire_noncurrent else {}, expires),
    ]


def _rule(name: str, owner: str, prefix: str, body: Document, does: str) -> "Rule":
    return Rule(name, owner, prefix, body, does if body else f"remove the lifecycle rule {owner}/{name}")


def speaks_tls(bucket: Bucket) -> bool:
    """Whether requests go over TLS: demanding it of a plain http endpoint would lock everybody out, us included."""
    return not bucket.endpoint_url.startswith("http://")


@dataclass(frozen=True, slots=True)
class Versioning:
    """Without versions a deletion leaves no trace and no way back."""

    aspect: ClassVar[Aspect] = Aspect.VERSIONING
    path: ClassVar[str] = "versioning"
    does: ClassVar[str] = "turn on versioning"
    want: ClassVar[str] = "Enabled"
    risk: ClassVar[Risk] = Risk.SAFE

    def have(self, document: Document) -> str:
        return str(document.get("Status") or ABSENT)

    def put(self, _document: Document) -> Document:
        """MFA delete is not named: S3 then leaves it as it is."""
        return {"Status": "Enabled"}


@dataclass(frozen=True, slots=True)
class DefaultEncryption:
    """KMS is disruptive: a writer without rights on the key can no longer write."""

    algorithm: Encryption
    key: str = ""
    aspect: ClassVar[Aspect] = Aspect.ENCRYPTION
    path: ClassVar[str] = "encryption"

    @property
    def want(self) -> str:
        if self.algorithm is Encryption.ANY:
            return ANY_ENCRYPTION
        return f"{self.algorithm} {_key_id(self.key)}".rstrip()

    @property
    def risk(self) -> Risk:
        return Risk.SAFE if self.algorithm is Encryption.ANY else Risk.DISRUPTIVE

    @property
    def does(self) -> str:
        return f"encrypt new objects with {Encryption.AES256 if self.algorithm is Encryption.ANY else self.want}"

    def have(self, document: Document) -> str:
        default = _encryption(document)
        algorithm, key = str(default.get("SSEAlgorithm") or ABSENT), _key_as(self.key, default.get("KMSMasterKeyID"))
        if self.algorithm is Encryption.ANY and algorithm != ABSENT:
            return self.want
        named = bool(self.key) or algorithm != self.algorithm
        return f"{algorithm} {key if named else ''}".rstrip()

    def put(self, document: Document) -> Document:
        """Fields of the rule that are not ours (bucket keys, blocked kinds of encryption) stay."""
        algorithm = Encryption.AES256 if self.algorithm is Encryption.ANY else self.algorithm
        default = {"SSEAlgorithm": str(algorithm)} | ({"KMSMasterKeyID": self.key} if self.key else {})
        rules = list(document.get("Rules") or [{}])
        return {**document, "Rules": [{**rules[0], "ApplyServerSideEncryptionByDefault": default}, *rules[1:]]}


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """All four switches of S3's block on public access."""

    aspect: ClassVar[Aspect] = Aspect.PUBLIC_ACCESS
    path: ClassVar[str] = "publicAccess"
    does: ClassVar[str] = "block public access"
    want: ClassVar[str] = "BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets"
    risk: ClassVar[Risk] = Risk.DISRUPTIVE

    def have(self, document: Document) -> str:
        return ", ".join(name for name in self.want.split(", ") if document.get(name) is True) or ABSENT

    def put(self, document: Document) -> Document:
        return {**document, **dict.fromkeys(self.want.split(", "), True)}


@dataclass(frozen=True, slots=True)
class Ownership:
    """The bucket's owner owns what Twilio writes; access control lists no longer count."""

    aspect: ClassVar[Aspect] = Aspect.OWNERSHIP
    path: ClassVar[str] = "objectOwnership"
    does: ClassVar[str] = "let the bucket's owner own every object and turn off access control lists"
    want: ClassVar[str] = "BucketOwnerEnforced"
    risk: ClassVar[Risk] = Risk.DISRUPTIVE

    def have(self, document: Document) -> str:
        rules = document.get("Rules") or [{}]
        return str(rules[0].get("ObjectOwnership") or ABSENT)

    def put(self, document: Document) -> Document:
        return {**document, "Rules": [{"ObjectOwnership": self.want}]}


@dataclass(frozen=True, slots=True)
class Rule:
    """A lifecycle rule of ours, told from all others by its ID. Without a `body` there shall be none."""

    name: str
    owner: str
    prefix: str
    body: Document
    does: str
    aspect: ClassVar[Aspect] = Aspect.LIFECYCLE

    @property
    def path(self) -> str:
        return f"lifecycle.{self.name}"

    @property
    def id(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def want(self) -> str:
        return _normal_rule(self._rule({"Prefix": self.prefix})) if self.body else ABSENT

    @property
    def risk(self) -> Risk:
        """A rule that removes old versions removes what was deleted by mistake, for good."""
        return Risk.DESTRUCTIVE if "NoncurrentVersionExpiration" in self.body else Risk.SAFE

    def have(self, document: Document) -> str:
        ours = [_normal_rule(rule) for rule in document.get("Rules") or () if rule.get("ID") == self.id]
        return ", ".join(sorted(ours)) or ABSENT

    def put(self, document: Document) -> Document:
        """S3 takes no mixture of rules with a filter and rules in its older spelling."""
        others = [rule for rule in document.get("Rules") or () if rule.get("ID") != self.id]
        older = any("Prefix" in rule and not rule.get("Filter") for rule in others)
        ours = self._rule({"Prefix": self.prefix} if older else {"Filter": {"Prefix": self.prefix}})
        return {**document, "Rules": [*others, ours] if self.body else others}

    def _rule(self, scope: Document) -> dict[str, Any]:
        return {"ID": self.id, **scope, "Status": "Enabled", **self.body}


@dataclass(frozen=True, slots=True)
class SecureTransport:
    """The statement of the bucket policy, told from all others by its Sid, that denies requests without TLS."""

    bucket: str
    partition: str
    aspect: ClassVar[Aspect] = Aspect.POLICY
    path: ClassVar[str] = "policy.secureTransport"
    does: ClassVar[str] = "deny requests without TLS"
    risk: ClassVar[Risk] = Risk.DISRUPTIVE

    @property
    def want(self) -> str:
        return _normal_statement(self._statement)

    def have(self, document: Document) -> str:
        ours = [one for one in _statements(document) if one.get("Sid") == SECURE_TRANSPORT_SID]
        return ", ".join(sorted(map(_normal_statement, ours))) or ABSENT

    def put(self, document: Document) -> Document:
        """A policy of others keeps its version: without one it is of 2008, which knows no variables such as ${...}."""
        others = [one for one in _statements(document) if one.get("Sid") != SECURE_TRANSPORT_SID]
        version = {} if others else {"Version": "2012-10-17"}
        return {**version, **document, "Statement": [*others, self._statement]}

    @property
    def _statement(self) -> dict[str, Any]:
        arn = f"arn:{self.partition}:s3:::{self.bucket}"
        return {
            "Sid": SECURE_TRANSPORT_SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of the bucket."""

    key: str
    value: str
    aspect: ClassVar[Aspect] = Aspect.TAGS
    risk: ClassVar[Risk] = Risk.SAFE

    @property
    def path(self) -> str:
        return f"tags.{self.key}"

    @property
    def does(self) -> str:
        return f"set tag {self.key} to {self.want}"

    @property
    def want(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)

    def have(self, document: Document) -> str:
        found = tags_of(document).get(self.key)
        return ABSENT if found is None else json.dumps(found, ensure_ascii=False)

    def put(self, document: Document) -> Document:
        others = [{"Value": "", **tag} for tag in document.get("TagSet") or () if tag["Key"] != self.key]
        return {**document, "TagSet": [*others, {"Key": self.key, "Value": self.value}]}


def tags_of(document: Document) -> dict[str, str]:
    """The tags of a bucket's tag document. Some servers leave out an empty value."""
    return {tag["Key"]: tag.get("Value", "") for tag in document.get("TagSet") or ()}


def partition_of(region: str) -> str:
    """The first part of every ARN there (AWS partitions)."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _encryption(document: Document) -> Document:
    rules = document.get("Rules") or [{}]
    default: Document = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    return default


def _key_id(key: str) -> str:
    """A key's ARN and its bare id name the same key. An alias is one of the account in its ARN."""
    name = key.rpartition(":")[2]
    return key if name.startswith("alias/") else name.removeprefix("key/")


def _key_as(wanted: str, found: str | None) -> str:
    """The id of what was found. A bare alias is that of the bucket's own account, and its ARN may stand for it."""
    one, other = _key_id(found or ""), _key_id(wanted)
    bare = ":" not in one or ":" not in other
    return other if bare and one.rpartition(":")[2] == other.rpartition(":")[2] else one


def _normal_rule(rule: Document) -> str:
    """S3 knows an older spelling of the filter, too."""
    body = {name: value for name, value in rule.items() if name not in ("ID", "Filter", "Prefix") and value}
    found = rule.get("Filter") or {"Prefix": rule.get("Prefix") or ""}
    return _canonical({**body, "Filter": found if set(found) != {"Prefix"} else found["Prefix"]})


def _statements(document: Document) -> list[Document]:
    """A policy of one statement may have it bare."""
    found = document.get("Statement") or []
    return [found] if isinstance(found, Mapping) else list(found)


def _normal_statement(statement: Document) -> str:
    """One or a list of one, everybody as `*` or as {"AWS": "*"}, false as text or not: all the same to S3."""
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    normal = {name: _listed(value) for name, value in statement.items() if name != "Sid"}
    if everybody:
        normal["Principal"] = "*"
    if isinstance(condition := statement.get("Condition"), Mapping):
        normal["Condition"] = {
            operator: {key: _listed(value) for key, value in keys.items()} for operator, keys in condition.items()
        }
    return _canonical(normal)


def _listed(value: object) -> object:
    if isinstance(value, list | tuple):
        return sorted(map(_text, value))
    return value if isinstance(value, Mapping) else [_text(value)]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _canonical(value: object) -> str:
    """The SDK reads dates, such as those of lifecycle rules, as datetimes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
