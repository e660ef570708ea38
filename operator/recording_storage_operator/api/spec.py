"""`spec` of RecordingStorage. crds/recordingstorages.yaml says the same to the API server; tests compare the two."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..core.desired import Approval, Backend, DeletionPolicy, DriftPolicy, Encryption, Management
from .durations import PATTERN as DURATION
from .durations import parse_duration
from .fields import Days, Read, Text, never, refuse, whole, without_nulls
from .names import MAX_NAME_LENGTH

SWEEP_INTERVAL_SAYS = "sweepInterval is a duration such as 15m or 1h30m, from 10s to 24h"
_LABELS = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"


def _sweep_interval(value: str) -> str:
    if not timedelta(seconds=10) <= parse_duration(value) <= timedelta(hours=24):
        raise refuse(SWEEP_INTERVAL_SAYS)
    return value


def _name(value: str) -> str:
    if len(value) > MAX_NAME_LENGTH:
        raise refuse("metadata.name is at most 63 characters: the slices of the ledger carry it as a label")
    return value


AccountSid = Annotated[
    str,
    Text(
        r"^AC[0-9a-f]{32}$",
        "accountSid is AC followed by 32 digits or letters a to f, as the Twilio Console shows it",
        34,
    ),
]

SecretName = Annotated[str, Text(_LABELS, "name is the name of a Secret, lowercase letters, digits, '-' and '.'", 253)]

TwilioRegion = Annotated[
    str,
    Text(r"^[a-z]{2}[0-9]{1,2}$", "region is a Twilio Region such as us1, ie1 or au1", 8),
]
"""Region and edge become part of a host name that credentials are sent to: nothing with a dot may pass."""

TwilioEdge = Annotated[
    str,
    Text(r"^[a-z]+(-[a-z0-9]+)*$", "edge is a Twilio edge location such as ashburn, dublin or sydney", 32),
]

BucketName = Annotated[
    str,
    Text(
        _LABELS,
        "bucket is lowercase letters, digits, '-' and '.', and each part between dots "
        "starts and ends with a letter or digit",
        63,
        min_length=3,
    ),
    never(r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$", "bucket looks like an IP address, which S3 does not allow"),
    never(
        r"^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|[.]mrap|--x-s3|--table-s3)$",
        "bucket starts or ends with letters that S3 keeps for itself, such as xn--, sthree-, -s3alias or --x-s3",
    ),
]
"""S3's rules for general purpose buckets, and DNS labels: Twilio addresses a bucket by host name."""

S3Region = Annotated[
    str,
    Text(r"^[a-z0-9]+(-[a-z0-9]+)*$", "region is an S3 region such as us-east-1 or eu-central-1", 32),
]

Prefix = Annotated[
    str,
    Text(
        r"^([A-Za-z0-9!_.*'()-][A-Za-z0-9!_.*'()/-]*)?$",
        "prefix is letters, digits and !-_.*'()/ with no slash at its start",
        512,
    ),
    never(r"(^|/)[.]{1,2}(/|$)|//", "prefix has an empty, '.' or '..' part between its slashes"),
]
"""S3's safe characters: the prefix is the path of a URL that people type into Twilio's Console."""

EndpointUrl = Annotated[
    str,
    Text(
        r"^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
        "endpointUrl is http:// or https:// and a host in lowercase, without user, query or fragment",
        512,
    ),
    never(
        r"^https?://[^/]*:(0+|6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})(/|$)",
        "the port of endpointUrl is between 1 and 65535",
    ),
]

SweepInterval = Annotated[str, Text(DURATION, SWEEP_INTERVAL_SAYS, 32), AfterValidator(_sweep_interval)]


KmsKey = Annotated[
    str,
    Text(
        r"^((arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[A-Za-z0-9/_-]+"
        r"|(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?[A-Za-z0-9][A-Za-z0-9-]*)$",
        "kmsMasterKeyId is the id, the ARN or alias/ and the alias of a key of KMS",
        512,
    ),
]
"""As PutBucketEncryption takes a key. An id is a UUID at AWS, and a name at some services that speak S3."""

UploadDays = Annotated[int, Field(ge=1, le=365, json_schema_extra={"format": "int32"}), BeforeValidator(whole)]

TagValue = Annotated[
    str, Text(r"^[A-Za-z0-9 _.:/=+@-]*$", "the value of a tag is letters, digits, spaces and _.:/=+-@", 256)
]
"""S3's rules for tags, in ASCII: S3-compatible services do not agree on the letters beyond."""


def _tag_keys(tags: dict[str, str]) -> dict[str, str]:
    """Judged as a whole, so that a message never repeats a key."""
    if not all(re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{1,128}", key) for key in tags):
        raise refuse("the key of a tag is 1 to 128 letters, digits, spaces and _.:/=+-@")
    if any(re.match(r"(?i:aws:)|recordings[.]dev/", key) for key in tags):
        raise refuse(
            "the key of a tag does not begin with aws: or recordings.dev/: those are AWS's and the operator's own"
        )
    return tags


Tags = Annotated[dict[str, TagValue], Field(max_length=10), BeforeValidator(without_nulls), AfterValidator(_tag_keys)]


class SecretRef(Read):
    """A Secret in the namespace of the resource."""

    name: SecretName


class TwilioSpec(Read):
    """The account."""

    account_sid: AccountSid
    credentials_secret_ref: SecretRef
    region: TwilioRegion | None = None
    edge: TwilioEdge | None = None

    @model_validator(mode="after")
    def _region_with_edge(self) -> "TwilioSpec":
        if (self.region is None) != (self.edge is None):
            raise refuse("region and edge go together: set both or neither")
        return self


class EncryptionSpec(Read):
    """How objects are encrypted that are written without a word about it."""

    sse_algorithm: Annotated[Encryption, Field(strict=False)] = Encryption.ANY
    kms_master_key_id: KmsKey | None = None

    @model_validator(mode="after")
    def _key_with_kms(self) -> "EncryptionSpec":
        if self.kms_master_key_id is not None and self.sse_algorithm is not Encryption.KMS:
            raise refuse("kmsMasterKeyId goes with sseAlgorithm aws:kms only")
        return self


class Lifecycle(Read):
    """What S3 removes by itself, of this account's own keys only."""

    abort_incomplete_multipart_upload_days: UploadDays = 7
    noncurrent_versions: Literal["Keep", "Expire"] = "Keep"


class S3Spec(Read):
    """The bucket, and how it shall be set up."""

    bucket: BucketName
    region: S3Region
    prefix: Prefix | None = None
    endpoint_url: EndpointUrl | None = None
    force_path_style: bool = False
    credentials_secret_ref: SecretRef | None = None
    writer_credentials_secret_ref: SecretRef | None = None
    delivery: Literal["ExternalStorage"] = "ExternalStorage"
    management: Annotated[Management, Field(strict=False)] = Management.MANAGE
    versioning: Literal["Enabled", "Unmanaged"] = "Enabled"
    encryption: EncryptionSpec = EncryptionSpec()
    public_access: Literal["Blocked", "Unmanaged"] = "Blocked"
    object_ownership: Literal["BucketOwnerEnforced", "Unmanaged"] = "BucketOwnerEnforced"
    secure_transport: Literal["Required", "Unmanaged"] = "Required"
    lifecycle: Lifecycle = Lifecycle()
    tags: Tags | None = None

    @model_validator(mode="after")
    def _two_key_pairs(self) -> "S3Spec":
        if self.writer_credentials_secret_ref and self.writer_credentials_secret_ref == self.credentials_secret_ref:
            raise refuse(
                "writerCredentialsSecretRef names another Secret than credentialsSecretRef: "
                "Twilio never gets the operator's own key"
            )
        return self


class Retention(Read):
    """How long deleted recordings stay listed."""

    metadata_days: Days = 40


class Spec(Read):
    """All that is wanted."""

    backend: Annotated[Backend, Field(strict=False)]
    twilio: TwilioSpec
    s3: S3Spec | None = None
    retention: Retention = Retention()
    approval: Annotated[Approval, Field(strict=False)] = Approval.AUTOMATIC
    drift_policy: Annotated[DriftPolicy, Field(strict=False)] = DriftPolicy.REVERT
    deletion_policy: Annotated[DeletionPolicy, Field(strict=False)] = DeletionPolicy.RETAIN
    sweep_interval: SweepInterval = "15m"
    suspend: bool = False

    @model_validator(mode="after")
    def _bucket_for_s3(self) -> "Spec":
        if self.backend is Backend.S3 and self.s3 is None:
            raise refuse("backend S3 needs spec.s3: name the bucket and its region")
        return self


class Named(Read):
    """The part of the metadata that means something to us. `uid` is empty for a resource that is only a file yet."""

    name: Annotated[str, AfterValidator(_name)]
    namespace: str = ""
    uid: str = ""
