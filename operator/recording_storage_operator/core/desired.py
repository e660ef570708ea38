"""What a resource asks for, normalised: defaults filled, durations as timedelta, prefixes with one trailing slash."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Backend(StrEnum):
    """Where recordings shall live."""

    TWILIO = "Twilio"
    S3 = "S3"


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """`region` and `edge` are both set or both empty: credentials belong to one region (Twilio's own rule)."""

    account_sid: str
    credentials_secret: str
    region: str = ""
    edge: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`prefix` is empty or ends with '/'. `credentials_secret` empty means ambient credentials."""

    name: str
    region: str
    prefix: str = ""
    endpoint_url: str = ""
    force_path_style: bool = False
    credentials_secret: str = ""

    @property
    def url(self) -> str:
        """The bucket URL a person types into Twilio's Console: virtual-host style, the prefix as its path."""
        path = f"/{self.prefix.rstrip('/')}" if self.prefix else ""
        return f"https://{self.name}.s3.{self.region}.amazonaws.com{path}"


@dataclass(frozen=True, slots=True)
class Desired:
    """The whole of a spec."""

    backend: Backend
    twilio: TwilioAccount
    s3: Bucket | None
    metadata_days: int
    sweep_interval: timedelta
    suspend: bool
