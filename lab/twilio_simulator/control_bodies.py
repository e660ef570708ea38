"""The JSON bodies of the control plane. Unknown names are refused, so a typing error never passes for a setting."""

from typing import Annotated, Literal, TypeVar

import msgspec

from .accounts import AccountStatus, KeyType

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[float, msgspec.Meta(ge=0)]
Status = Literal["in-progress", "paused", "stopped", "processing", "completed", "absent", "deleted"]
Source = Literal[
    "DialVerb",
    "Conference",
    "OutboundAPI",
    "Trunking",
    "RecordVerb",
    "StartCallRecordingAPI",
    "StartConferenceRecordingAPI",
]

B = TypeVar("B", bound="Body")


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object. An empty request body is an empty object."""

    @classmethod
    def parse(cls: type[B], raw: bytes) -> B:
        """Raises msgspec.ValidationError or msgspec.DecodeError with a sentence for people."""
        return msgspec.json.decode(raw or b"{}", type=cls)


class Advance(Body):
    """Virtual time to pass."""

    days: Time = 0.0
    seconds: Time = 0.0


class NewAccount(Body):
    """A parent account, or a subaccount where an owner is named."""

    friendly_name: str | None = None
    owner_account_sid: str | None = None


class AccountChange(Body):
    """What an owner can change about an account."""

    status: AccountStatus


class NewKey(Body):
    """An API key; permissions, such as `recordings:list`, are for restricted ones."""

    type: KeyType = "standard"
    permissions: list[str] = []


class NewToken(Body):
    """The next auth token; a made-up one where it is absent."""

    auth_token: str | None = None


class NewRecordings(Body):
    """Recordings that Twilio has just made, or made at `date_created` and `spacing_seconds` apart from there on."""

    account_sid: str
    count: Count = 1
    status: Status = "completed"
    duration: Amount = 10
    channels: Literal[1, 2] = 1
    date_created: str | None = None
    spacing_seconds: Amount = 0
    source: Source = "OutboundAPI"
    call_sid: str | None = None
    conference_sid: str | None = None
    error_code: int | None = None
    encrypted: bool = False


class NewTranscription(Body):
    """A finished transcription of a recording."""

    recording_sid: str
    text: str = ""


class BulkDelete(Body):
    """Recordings ticked in the Console; all completed ones where no SIDs are given."""

    account_sid: str
    sids: list[str] | None = None


class Switch(Body):
    """The Console's External Storage form. Without `endpoint_url` nothing is uploaded.

    Uploads use the registered AWS credential `credential_sid` where it is given, else the key pair.
    """

    enabled: bool
    bucket_url: str = ""
    endpoint_url: str | None = None
    access_key_id: str = ""
    secret_access_key: str = ""
    credential_sid: str | None = None
