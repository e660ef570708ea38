"""What becomes of every managed setting of a bucket, by how it is found. `BUCKET` stands for the name of the bucket."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from recording_storage_operator.core.bucket_settings import ABSENT, ANY_ENCRYPTION, Risk
from recording_storage_operator.core.desired import Backend, Bucket, BucketSettings, Desired, Encryption, TwilioAccount
from recording_storage_operator.core.facts import Aspect
from tests.builders import ACCOUNT, BUCKET

Document = dict[str, Any]

PREFIX = f"voice/{ACCOUNT}/"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY}"
ARN = f"arn:aws:s3:::{BUCKET}"


class State(StrEnum):
    """How a setting is found. The last four are about the server and the rights; all others about the bucket."""

    ABSENT = "absent"
    EQUAL = "equal"
    DIFFERENT = "different"
    FOREIGN = "foreign"
    FOREIGN_EQUAL = "foreign-equal"
    FOREIGN_OUTDATED = "foreign-outdated"
    UNSUPPORTED = "unsupported"
    NOT_TAKEN = "not-taken"
    UNREADABLE = "unreadable"
    UNWRITABLE = "unwritable"


HINDRANCES = {
    State.UNSUPPORTED: "skipped",
    State.NOT_TAKEN: "tried once",
    State.UNREADABLE: "skipped",
    State.UNWRITABLE: "stops",
}
"""What happens where the server lacks a setting, reads it and does not take it, or a right is missing."""


@dataclass(frozen=True)
class Cell:
    """A setting in a state. Where a change is planned, `have` is what from, and `after` is the document it ends in."""

    before: Document
    have: str = ""
    after: Document | None = None


@dataclass(frozen=True)
class Setting:
    """A row. `fields` are those of BucketSettings that ask for it."""

    row: str
    path: str
    aspect: Aspect
    fields: Mapping[str, Any]
    want: str
    risk: Risk
    cells: Mapping[State, Cell]

    def outcome(self, state: State) -> str:
        """What the documentation says of it."""
        if state in HINDRANCES:
            return HINDRANCES[state]
        cell = self.cells.get(state)
        if cell is None:
            return "-"
        if not cell.have:
            return "nothing"
        done = "removed" if self.want == ABSENT else "set" if cell.have == ABSENT else "replaced"
        return f"{done} ({self.risk})"

    @property
    def changing(self) -> Cell:
        """The first state in which there is something to do."""
        return next(cell for cell in self.cells.values() if cell.have)


NOTHING_WANTED: Mapping[str, Any] = {
    "versioning": False,
    "block_public_access": False,
    "enforce_ownership": False,
    "require_tls": False,
    "abort_uploads_after": 0,
}
"""Encryption cannot be left out; Any is content with whatever is there."""


def desired(fields: Mapping[str, Any], bucket: str) -> Desired:
    """A resource that wants these settings. Its endpoint is AWS, which is TLS."""
    return Desired(
        backend=Backend.S3,
        twilio=TwilioAccount(ACCOUNT, "twilio"),
        s3=Bucket(bucket, "us-east-1", prefix="voice/", settings=BucketSettings(**fields)),
        metadata_days=40,
        sweep_interval=timedelta(minutes=15),
        suspend=False,
    )


def named(value: Any, bucket: str) -> Any:
    """The same of a bucket of this name."""
    return json.loads(json.dumps(value).replace(BUCKET, bucket))


def text(document: Any) -> str:
    """Normalised."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def encrypted(algorithm: str, key: str = "", **beside: Any) -> Document:
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, **beside}]}


def switches(*on: str) -> Document:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {name: name in (on or names) for name in names}


ENFORCED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

THEIR_STATEMENT = {
    "Sid": "Readers",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/public/*",
}


def our_statement(resource: Any = (ARN, f"{ARN}/*")) -> Document:
    return {
        "Sid": "RecordingsDevSecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def statement_text(*resources: str) -> str:
    condition = {"Bool": {"aws:SecureTransport": ["false"]}}
    fixed = {"Action": ["s3:*"], "Condition": condition, "Effect": ["Deny"], "Principal": "*"}
    return text({**fixed, "Resource": list(resources)})


def policy(*statements: Document, **beside: Any) -> Document:
    return {"Version": "2012-10-17", **beside, "Statement": list(statements)}


THEIR_RULES: list[Document] = [
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}},
    {
        "ID": "cold",
        "Status": "Disabled",
        "Filter": {"And": {"Prefix": "old/", "Tags": [{"Key": "keep", "Value": "yes"}]}},
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
    },
]


def our_rule(name: str, **body: Any) -> Document:
    rule = {"ID": f"recordings.dev/{ACCOUNT}/{name}", "Filter": {"Prefix": PREFIX}, "Status": "Enabled"}
    return {**rule, **body}


def rule_text(**body: Any) -> str:
    return text({"Filter": PREFIX, "Status": "Enabled", **body})


def abort(days: int) -> Document:
    return {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days}}


def expire(days: int) -> Document:
    return {"NoncurrentVersionExpiration": {"NoncurrentDays": days}}


def tagged(**tags: str) -> Document:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


VERSIONING = Setting(
    row="versioning",
    path="versioning",
    aspect=Aspect.VERSIONING,
    fields={"versioning": True},
    want="Enabled",
    risk=Risk.SAFE,
    cells={
        State.ABSENT: Cell({}, ABSENT, {"Status": "Enabled"}),
        State.EQUAL: Cell({"Status": "Enabled"}),
        State.DIFFERENT: Cell({"Status": "Suspended"}, "Suspended", {"Status": "Enabled"}),
    },
)

ANY = Setting(
    row="encryption Any",
    path="encryption",
    aspect=Aspect.ENCRYPTION,
    fields={"encryption": Encryption.ANY},
    want=ANY_ENCRYPTION,
    risk=Risk.SAFE,
    cells={
        State.ABSENT: Cell({}, ABSENT, encrypted("AES256")),
        State.EQUAL: Cell(encrypted("AES256")),
        State.DIFFERENT: Cell(encrypted("aws:kms", KEY_ARN)),
        State.FOREIGN_EQUAL: Cell(encrypted("aws:kms", KEY_ARN, BucketKeyEnabled=True)),
    },
)

AES256 = Setting(
    row="encryption AES256",
    path="encryption",
    aspect=Aspect.ENCRYPTION,
    fields={"encryption": Encryption.AES256},
    want="AES256",
    risk=Risk.DISRUPTIVE,
    cells={
        State.ABSENT: Cell({}, ABSENT, encrypted("AES256")),
        State.EQUAL: Cell(encrypted("AES256")),
        State.DIFFERENT: Cell(encrypted("aws:kms", KEY_ARN), f"aws:kms {KEY}", encrypted("AES256")),
        State.FOREIGN_EQUAL: Cell(encrypted("AES256", BucketKeyEnabled=True)),
        State.FOREIGN_OUTDATED: Cell(
            encrypted("aws:kms", KEY, BucketKeyEnabled=True),
            f"aws:kms {KEY}",
            encrypted("AES256", BucketKeyEnabled=True),
        ),
    },
)

KMS = Setting(
    row="encryption aws:kms",
    path="encryption",
    aspect=Aspect.ENCRYPTION,
    fields={"encryption": Encryption.KMS, "kms_key": KEY},
    want=f"aws:kms {KEY}",
    risk=Risk.DISRUPTIVE,
    cells={
        State.ABSENT: Cell({}, ABSENT, encrypted("aws:kms", KEY)),
        State.EQUAL: Cell(encrypted("aws:kms", KEY_ARN)),
        State.DIFFERENT: Cell(encrypted("AES256"), "AES256", encrypted("aws:kms", KEY)),
        State.FOREIGN_EQUAL: Cell(encrypted("aws:kms", KEY, BucketKeyEnabled=True)),
        State.FOREIGN_OUTDATED: Cell(
            encrypted("aws:kms", "another", BucketKeyEnabled=True),
            "aws:kms another",
            encrypted("aws:kms", KEY, BucketKeyEnabled=True),
        ),
    },
)

PUBLIC_ACCESS = Setting(
    row="publicAccess",
    path="publicAccess",
    aspect=Aspect.PUBLIC_ACCESS,
    fields={"block_public_access": True},
    want="BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets",
    risk=Risk.DISRUPTIVE,
    cells={
        State.ABSENT: Cell({}, ABSENT, switches()),
        State.EQUAL: Cell(switches()),
        State.DIFFERENT: Cell(
            switches("BlockPublicAcls", "RestrictPublicBuckets"), "BlockPublicAcls, RestrictPublicBuckets", switches()
        ),
    },
)

OWNERSHIP = Setting(
    row="objectOwnership",
    path="objectOwnership",
    aspect=Aspect.OWNERSHIP,
    fields={"enforce_ownership": True},
    want="BucketOwnerEnforced",
    risk=Risk.DISRUPTIVE,
    cells={
        State.ABSENT: Cell({}, ABSENT, ENFORCED),
        State.EQUAL: Cell(ENFORCED),
        State.DIFFERENT: Cell({"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, "ObjectWriter", ENFORCED),
    },
)

TLS = Setting(
    row="policy.secureTransport",
    path="policy.secureTransport",
    aspect=Aspect.POLICY,
    fields={"require_tls": True},
    want=statement_text(ARN, f"{ARN}/*"),
    risk=Risk.DISRUPTIVE,
    cells={
        State.ABSENT: Cell({}, ABSENT, policy(our_statement())),
        State.EQUAL: Cell(policy({**our_statement((f"{ARN}/*", ARN)), "Principal": {"AWS": "*"}, "Action": ["s3:*"]})),
        State.DIFFERENT: Cell(policy(our_statement(f"{ARN}/*")), statement_text(f"{ARN}/*"), policy(our_statement())),
        State.FOREIGN: Cell(
            policy(THEIR_STATEMENT, Version="2008-10-17", Id="theirs"),
            ABSENT,
            policy(THEIR_STATEMENT, our_statement(), Version="2008-10-17", Id="theirs"),
        ),
        State.FOREIGN_EQUAL: Cell(policy(our_statement(), THEIR_STATEMENT, Id="theirs")),
        State.FOREIGN_OUTDATED: Cell(
            policy(our_statement(f"{ARN}/*"), THEIR_STATEMENT, Id="theirs"),
            statement_text(f"{ARN}/*"),
            policy(THEIR_STATEMENT, our_statement(), Id="theirs"),
        ),
    },
)


def _rules_of_ours(name: str, wanted: Document, outdated: Document) -> dict[State, Cell]:
    """A rule of ours that shall be there."""
    rule, old = our_rule(name, **wanted), our_rule(name, **outdated)
    return {
        State.ABSENT: Cell({}, ABSENT, {"Rules": [rule]}),
        State.EQUAL: Cell({"Rules": [rule]}),
        State.DIFFERENT: Cell({"Rules": [old]}, rule_text(**outdated), {"Rules": [rule]}),
        State.FOREIGN: Cell({"Rules": THEIR_RULES}, ABSENT, {"Rules": [*THEIR_RULES, rule]}),
        State.FOREIGN_EQUAL: Cell({"Rules": [rule, *THEIR_RULES]}),
        State.FOREIGN_OUTDATED: Cell(
            {"Rules": [old, *THEIR_RULES]}, rule_text(**outdated), {"Rules": [*THEIR_RULES, rule]}
        ),
    }


ABORT = Setting(
    row="lifecycle.abortIncompleteMultipartUploads",
    path="lifecycle.abortIncompleteMultipartUploads",
    aspect=Aspect.LIFECYCLE,
    fields={"abort_uploads_after": 7},
    want=rule_text(**abort(7)),
    risk=Risk.SAFE,
    cells=_rules_of_ours("abortIncompleteMultipartUploads", abort(7), abort(30)),
)

EXPIRE = Setting(
    row="lifecycle.noncurrentVersions Expire",
    path="lifecycle.noncurrentVersions",
    aspect=Aspect.LIFECYCLE,
    fields={"expire_noncurrent": True},
    want=rule_text(**expire(40)),
    risk=Risk.DESTRUCTIVE,
    cells=_rules_of_ours("noncurrentVersions", expire(40), expire(5)),
)

KEEP = Setting(
    row="lifecycle.noncurrentVersions Keep",
    path="lifecycle.noncurrentVersions",
    aspect=Aspect.LIFECYCLE,
    fields={"expire_noncurrent": False},
    want=ABSENT,
    risk=Risk.SAFE,
    cells={
        State.ABSENT: Cell({}),
        State.DIFFERENT: Cell({"Rules": [our_rule("noncurrentVersions", **expire(40))]}, rule_text(**expire(40)), {}),
        State.FOREIGN: Cell({"Rules": THEIR_RULES}),
        State.FOREIGN_OUTDATED: Cell(
            {"Rules": [our_rule("noncurrentVersions", **expire(40)), *THEIR_RULES]},
            rule_text(**expire(40)),
            {"Rules": THEIR_RULES},
        ),
    },
)

TAGS = Setting(
    row="tags",
    path="tags.team",
    aspect=Aspect.TAGS,
    fields={"tags": (("team", "voice"),)},
    want='"voice"',
    risk=Risk.SAFE,
    cells={
        State.ABSENT: Cell({}, ABSENT, tagged(team="voice")),
        State.EQUAL: Cell(tagged(team="voice")),
        State.DIFFERENT: Cell(tagged(team="calls"), '"calls"', tagged(team="voice")),
        State.FOREIGN: Cell(tagged(cost="42", Team="x"), ABSENT, tagged(cost="42", Team="x", team="voice")),
        State.FOREIGN_EQUAL: Cell(tagged(cost="42", team="voice")),
        State.FOREIGN_OUTDATED: Cell(
            tagged(cost="42", team="", other="a b=c", none=""),
            '""',
            tagged(cost="42", other="a b=c", none="", team="voice"),
        ),
    },
)

SETTINGS = (VERSIONING, ANY, AES256, KMS, PUBLIC_ACCESS, OWNERSHIP, TLS, ABORT, EXPIRE, KEEP, TAGS)


def cells(states: Iterable[State]) -> list[tuple[Setting, State]]:
    """Every cell that exists, of these states."""
    return [(one, state) for one in SETTINGS for state in states if state in one.cells or state in HINDRANCES]
