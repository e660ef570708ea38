"""Twilio's JSON documents, decoded straight into the values of the core.

Unknown fields are skipped, unknown statuses kept. A document without a field that is relied on is refused as a whole:
half a page read as a whole one would make recordings look gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from operator import attrgetter
from typing import Annotated, Final, TypeAlias

import msgspec

from ..core.errors import Wait
from ..core.facts import AccountFacts, AwsCredential, DeletionEvent, UploadAlert
from ..core.reasons import Reason
from ..core.recordings import Recording
from .answers import Asked, unusable

UPLOAD_FAILURES: Final = {"16111": 16111, "16112": 16112}
"""External Storage could not write a recording: invalid configuration, access denied (Twilio's error dictionary)."""

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""ISO 8601 with its offset."""


class _Account(msgspec.Struct):
    sid: str
    status: str
    friendly_name: str | None = None
    owner_account_sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Owned(Recording):
    """A recording with the account whose it is, which is checked here, once, and then known.

    Decoded in one go: going through a page a second time for the accounts costs a third more.
    """

    sid: Annotated[str, msgspec.Meta(min_length=34, max_length=34)]
    account_sid: str


class _Recordings(msgspec.Struct):
    recordings: list[_Owned]
    next_page_uri: str | None


class _Meta(msgspec.Struct):
    next_page_url: str | None


class _Event(msgspec.Struct):
    """Any field may be null (Twilio's OpenAPI document): `account.updated` is about no resource."""

    event_type: str | None
    resource_sid: str | None
    event_date: Moment | None
    account_sid: str | None


class _Events(msgspec.Struct):
    events: list[_Event]
    meta: _Meta


class _Alert(msgspec.Struct):
    account_sid: str | None
    error_code: str | None
    resource_sid: str | None
    date_created: Moment | None = None
    date_generated: Moment | None = None

    @property
    def raised_at(self) -> datetime | None:
        raised = self.date_generated or self.date_created
        return raised.astimezone(UTC) if raised else None


class _Alerts(msgspec.Struct):
    alerts: list[_Alert]
    meta: _Meta


class _AwsCredential(msgspec.Struct):
    sid: Annotated[str, msgspec.Meta(min_length=34, max_length=34)]
    account_sid: str
    date_created: str
    friendly_name: str | None = None


class _AwsCredentials(msgspec.Struct):
    credentials: list[_AwsCredential]
    meta: _Meta


_ACCOUNT: Final = msgspec.json.Decoder(_Account)
_RECORDING: Final = msgspec.json.Decoder(_Owned)
_RECORDINGS: Final = msgspec.json.Decoder(_Recordings)
_EVENTS: Final = msgspec.json.Decoder(_Events)
_ALERTS: Final = msgspec.json.Decoder(_Alerts)
_AWS_CREDENTIAL: Final = msgspec.json.Decoder(_AwsCredential)
_AWS_CREDENTIALS: Final = msgspec.json.Decoder(_AwsCredentials)

_owner: Final = attrgetter("account_sid")


UNATTRIBUTED = (
    "Twilio reported a failed upload (alert 16111 or 16112 of the last 30 days) without saying of which recording."
)


@dataclass(frozen=True, slots=True)
class AlertsRead:
    """A page of alerts: the own ones about uploads, how many of these name no recording, and how many rows it had."""

    failures: list[UploadAlert]
    unattributed: int
    rows: int
    next_page_url: str | None


def account_facts(body: bytes, server_time: datetime, asked: Asked) -> AccountFacts:
    """The account that was asked for. Raises Transient where it is anything else."""
    found = _account(body, asked)
    return AccountFacts(found.sid, found.status, found.friendly_name or "", server_time)


def owns_itself(body: bytes, asked: Asked) -> bool:
    """Whether the account that was asked for is nobody's subaccount. Raises Transient where it is anything else."""
    return _account(body, asked).owner_account_sid == asked.account_sid


def own_recordings(body: bytes, asked: Asked) -> tuple[list[Recording], str | None]:
    """A page of the account's own recordings and the next one's address. Raises Transient where it is anything else."""
    with _well_formed(asked):
        page = _RECORDINGS.decode(body)
    if not {asked.account_sid}.issuperset(map(_owner, page.recordings)):
        raise unusable(asked, "a recording of another account")
    return list(page.recordings), page.next_page_uri


def own_recording(body: bytes, sid: str, asked: Asked) -> Recording:
    """The account's own recording of this SID. Raises Transient where it is anything else."""
    with _well_formed(asked):
        recording = _RECORDING.decode(body)
    if recording.sid != sid or recording.account_sid != asked.account_sid:
        raise unusable(asked, "another recording than the one asked for")
    return recording


def deletions(body: bytes, asked: Asked) -> tuple[list[DeletionEvent], str | None]:
    """The account's own deletions and the next page's address. Raises Wait where the feed is another account's."""
    with _well_formed(asked):
        page = _EVENTS.decode(body)
        _check_feed(page.events, asked)
        found = [
            DeletionEvent(event.resource_sid, event.event_date.astimezone(UTC))
            for event in page.events
            if event.event_type == "recording.deleted"
            and event.account_sid in (asked.account_sid, None)
            # One that lacks either times nothing.
            and event.resource_sid
            and event.event_date
        ]
    return found, page.meta.next_page_url


def shows_own_events(body: bytes, asked: Asked) -> bool:
    """Whether a page of events holds one of the account's own. Raises Wait where the feed is another account's."""
    with _well_formed(asked):
        page = _EVENTS.decode(body)
    _check_feed(page.events, asked)
    return asked.account_sid in map(_owner, page.events)


def upload_failures(body: bytes, asked: Asked) -> AlertsRead:
    """The account's own alerts about recordings that were not uploaded.

    Raises Wait where the feed is another account's.
    """
    with _well_formed(asked):
        page = _ALERTS.decode(body)
        _check_feed(page.alerts, asked)
        own = [
            (alert.resource_sid or "", UPLOAD_FAILURES[alert.error_code], alert.raised_at)
            for alert in page.alerts
            if alert.error_code in UPLOAD_FAILURES and alert.account_sid in (asked.account_sid, None)
        ]
    failures = [UploadAlert(*row) for row in own if row[0].startswith("RE")]
    return AlertsRead(failures, len(own) - len(failures), len(page.alerts), page.meta.next_page_url)


def aws_credential(body: bytes, asked: Asked) -> tuple[AwsCredential, str]:
    """A credential, and the SID of the account whose it is."""
    with _well_formed(asked):
        row = _AWS_CREDENTIAL.decode(body)
        return _registered(row), row.account_sid


def own_aws_credentials(body: bytes, asked: Asked) -> tuple[list[AwsCredential], str | None]:
    """The account's own credentials and the next page's address. Those of other accounts are left out."""
    with _well_formed(asked):
        page = _AWS_CREDENTIALS.decode(body)
        found = [_registered(row) for row in page.credentials if row.account_sid == asked.account_sid]
    return found, page.meta.next_page_url


def _account(body: bytes, asked: Asked) -> _Account:
    with _well_formed(asked):
        found = _ACCOUNT.decode(body)
    if found.sid != asked.account_sid:
        raise unusable(asked, "another account than the one asked for")
    return found


def _feed_of_another(asked: Asked) -> Wait:
    return Wait(
        Reason.TWILIO_ACCESS_DENIED,
        f"Twilio shows the credentials in Secret {asked.secret_name!r} the Monitor of another account: a parent's key "
        f"does not open a subaccount's. Put a key of {asked.account_sid} itself there.",
    )


def feed_of_nobody_known(asked: Asked) -> str:
    """About an empty feed that may be a parent's."""
    return (
        f"Nothing tells whose Monitor Twilio shows the credentials in Secret {asked.secret_name!r}: it is empty, and a "
        f"parent's key is shown the parent's. Let the key of {asked.account_sid} read the account, which must be no "
        "subaccount, or use its own authToken."
    )


def _check_feed(rows: list[_Event] | list[_Alert], asked: Asked) -> None:
    """An API key of a parent account is shown the parent's feed, whatever subaccount it is used for. That such a feed
    holds nothing about the subaccount proves nothing.
    """
    owners = {row.account_sid for row in rows} - {None}
    if owners and asked.account_sid not in owners:
        raise _feed_of_another(asked)


def _registered(row: _AwsCredential) -> AwsCredential:
    return AwsCredential(row.sid, row.friendly_name or "", _either_date(row.date_created))


def _either_date(text: str) -> datetime:
    """ISO 8601, which Twilio's examples of this resource show, or RFC 2822, which their description names."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError):  # which quotes the text: no answer's content belongs in a traceback
            date = read(text)
            if date.tzinfo is not None:
                return date.astimezone(UTC)
    raise ValueError("no date with an offset, in neither form")


@contextmanager
def _well_formed(asked: Asked) -> Iterator[None]:
    """Turns what a cut off, invalid or incomplete document raises into Transient."""
    try:
        yield
    except (ValueError, OverflowError, RecursionError) as error:
        raise unusable(asked, "a document that is incomplete or not of the form Twilio documents") from error
