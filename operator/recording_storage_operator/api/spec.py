"""`spec` of RecordingStorage. crds/recordingstorages.yaml says the same to the API server; tests compare the two."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ..core.desired import Backend
from .durations import PATTERN as DURATION
from .durations import parse_duration
from .fields import Days, Read, Text, never, refuse
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


class S3Spec(Read):
    """The bucket."""

    bucket: BucketName
    region: S3Region
    prefix: Prefix | None = None
    endpoint_url: EndpointUrl | None = None
    force_path_style: bool = False
    credentials_secret_ref: SecretRef | None = None
    delivery: Literal["ExternalStorage"] = "ExternalStorage"


class Retention(Read):
    """How long deleted recordings stay listed."""

    metadata_days: Days = 40


class Spec(Read):
    """All that is wanted."""

    backend: Annotated[Backend, Field(strict=False)]
    twilio: TwilioSpec
    s3: S3Spec | None = None
    retention: Retention = Retention()
    sweep_interval: SweepInterval = "15m"
    suspend: bool = False

    @model_validator(mode="after")
    def _bucket_for_s3(self) -> "Spec":
        if self.backend is Backend.S3 and self.s3 is None:
            raise refuse("backend S3 needs spec.s3: name the bucket and its region")
        return self


class Named(Read):
    """The part of the metadata that a rule of ours is about."""

    name: Annotated[str, AfterValidator(_name)]
