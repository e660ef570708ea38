"""What a resource asks for, normalised: defaults filled, durations as timedelta, prefixes with one trailing slash."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from .endpoint import same_servers
from .sweeps import BucketPlace


class Backend(StrEnum):
    """Where recordings shall live."""

    TWILIO = "Twilio"
    S3 = "S3"


class Management(StrEnum):
    """What the operator does about a bucket: keep it as wanted, or only report how it differs."""

    MANAGE = "Manage"
    OBSERVE = "Observe"


class Approval(StrEnum):
    """Whether a plan is applied at once, or once a person has approved its id."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class DriftPolicy(StrEnum):
    """What is done where something differs that was as wanted before: put it back, or only report it."""

    REVERT = "Revert"
    REPORT = "Report"


class DeletionPolicy(StrEnum):
    """What becomes of things the operator made when the resource is deleted. Recordings are kept either way."""

    RETAIN = "Retain"
    DELETE = "Delete"


class Encryption(StrEnum):
    """The default encryption of a bucket, in S3's words. Any: whatever is set may stay, and AES256 where nothing is."""

    ANY = "Any"
    AES256 = "AES256"
    KMS = "aws:kms"


HOME_REGION = "us1"
"""The Twilio Region of whoever names none."""


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """`region` and `edge` are both set or both empty: credentials belong to one region (Twilio's own rule)."""

    account_sid: str
    credentials_secret: str
    region: str = ""
    edge: str = ""


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """How a bucket shall be set up. What is False here is left as it is, whatever it is.

    `kms_key` is the key's id, ARN or alias, empty for AWS's own key. `abort_uploads_after` is in days, 0 for no rule.
    """

    versioning: bool = True
    encryption: Encryption = Encryption.ANY
    kms_key: str = ""
    block_public_access: bool = True
    enforce_ownership: bool = True
    require_tls: bool = True
    abort_uploads_after: int = 7
    expire_noncurrent: bool = False
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """`prefix` is empty or ends with '/'. `credentials_secret` empty means ambient credentials.

    `writer_secret` is that of the key pair Twilio writes with, empty where the operator does not register one.
    """

    name: str
    region: str
    prefix: str = ""
    endpoint_url: str = ""
    force_path_style: bool = False
    credentials_secret: str = ""
    writer_secret: str = ""
    management: Management = Management.MANAGE
    settings: BucketSettings = field(default_factory=BucketSettings)

    @property
    def is_at_aws(self) -> bool:
        """Whether its endpoint is one of AWS's. External Storage of Twilio writes to AWS S3 alone."""
        return not same_servers(self.endpoint_url)

    @property
    def url(self) -> str:
        """The bucket URL a person types into Twilio's Console: virtual-host style, the prefix as its path. It is one of
        AWS, whatever the endpoint: Twilio takes no other.
        """
        path = f"/{self.prefix.rstrip('/')}" if self.prefix else ""
        top = "com.cn" if self.region.startswith("cn-") else "com"
        return f"https://{self.name}.s3.{self.region}.amazonaws.{top}{path}"


@dataclass(frozen=True, slots=True)
class Desired:
    """The whole of a spec. `owner` is the uid of the resource, empty for one that is only a file yet. `name` and
    `namespace` are for sentences.
    """

    backend: Backend
    twilio: TwilioAccount
    s3: Bucket | None
    metadata_days: int
    sweep_interval: timedelta
    suspend: bool
    approval: Approval = Approval.AUTOMATIC
    drift_policy: DriftPolicy = DriftPolicy.REVERT
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN
    owner: str = ""
    name: str = ""
    namespace: str = ""

    @property
    def place(self) -> BucketPlace | None:
        """Where objects are looked for; None where no bucket is watched."""
        return BucketPlace(same_servers(self.s3.endpoint_url), self.s3.name, self.s3.prefix) if self.s3 else None

    @property
    def argument(self) -> str:
        """How a command in a sentence names the resource: it has to work as it is copied."""
        return f"{self.name} -n {self.namespace}" if self.namespace else self.name

    @property
    def key_prefix(self) -> str:
        """Where the account's recordings are in the bucket: Twilio writes `{prefix}/{AccountSid}/{RecordingSid}`."""
        return f"{self.s3.prefix if self.s3 else ''}{self.twilio.account_sid}/"
