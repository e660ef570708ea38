"""What an HTTP answer means: pure functions of its status, headers and body.

The rule behind all of them: only Twilio's own word counts. A page of HTML, an error document with status 200, half a
body or somebody else's 404 says nothing about a recording, so it is an error and never "gone".
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from ..core.errors import ReconcileError, Transient, Wait
from ..core.reasons import Reason

NOT_FOUND_CODE = 20404
"""Twilio's "the requested resource was not found". Other servers answer 404 in JSON as well, but not with this."""

BAD_PAGE_TOKEN_CODE = 21481
"""Twilio does not, or no longer, know the PageToken: what it pointed at may have been purged."""

MAX_RETRY_AFTER = 3600.0
"""Seconds. A longer Retry-After, by mistake or by a proxy, would keep deletions from being found for as long."""

CREDENTIALS_RETRY = 60.0
"""Seconds between two tries with credentials Twilio refused; a new Secret is noticed at the next try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that came in whole. Header values are as sent, empty where the header is missing."""

    status: int
    content_type: str
    body: bytes
    date: str = ""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, and with which Secret: for messages."""

    what: Literal["the account", "its recordings", "its Monitor events", "its Monitor alerts", "its AWS credentials"]
    account_sid: str
    secret_name: str


class _Problem(msgspec.Struct):
    """Twilio's error document. `code` is sent only where there is one."""

    code: int | None = None


_PROBLEM = msgspec.json.Decoder(_Problem)


def document(answer: Answer, asked: Asked) -> bytes | None:
    """The JSON document that was asked for, or None where Twilio itself answered that there is none such.

    Raises Wait where a person has to act (401, 403), else Transient: for everything that is no answer at all.
    """
    if answer.status == 200:
        return _json(answer, asked)
    if _is_unknown(answer):
        return None
    raise _refusal(answer, asked)


def present(answer: Answer, asked: Asked) -> bytes:
    """The document of a list, which exists where the account does. Raises as `document` does."""
    body = document(answer, asked)
    if body is None:
        raise unusable(asked, f"that there is no such list (error {NOT_FOUND_CODE})")
    return body


def created(answer: Answer, asked: Asked) -> bytes:
    """The document of what a POST made. Raises as `document` does; after Transient it may have been made or not."""
    if answer.status == 201:
        return _json(answer, asked)
    raise _refusal(answer, asked)


def removed(answer: Answer, asked: Asked) -> None:
    """Returns where it is gone after a DELETE, by this one or before it. Raises as `document` does."""
    if answer.status != 204 and not _is_unknown(answer):
        raise _refusal(answer, asked)


def problem_code(answer: Answer) -> int | None:
    """The code in Twilio's own error document, None where it has none or it is no such document."""
    if not _is_json(answer):
        return None
    try:
        return _PROBLEM.decode(answer.body).code
    except (ValueError, RecursionError):
        return None


def unusable(asked: Asked, what: str) -> Transient:
    """The error for an answer that cannot be relied on."""
    return Transient(
        Reason.TWILIO_ANSWER_UNUSABLE,
        f"Asked for {asked.what}, Twilio answered with {what}. If this stays, look for a proxy in between, "
        "or for an incident on status.twilio.com.",
    )


def server_time(answer: Answer, asked: Asked) -> datetime:
    """Twilio's clock, from the Date header (RFC 9110). Raises Transient where there is no usable one."""
    date = _http_date(answer.date)
    if date is None:
        raise unusable(asked, "no usable Date header")
    return date


def retry_after(answer: Answer) -> float | None:
    """Seconds to wait for, at most an hour, from Retry-After: a number, or a date measured against the answer's."""
    try:
        seconds = float(answer.retry_after)
    except ValueError:
        then, now = _http_date(answer.retry_after), _http_date(answer.date)
        seconds = (then - now).total_seconds() if then and now else math.nan
    return min(seconds, MAX_RETRY_AFTER) if math.isfinite(seconds) and seconds >= 0 else None


def _refusal(answer: Answer, asked: Asked) -> ReconcileError:
    """The error for an answer that is not the wanted one."""
    code = problem_code(answer)
    if answer.status == 401:
        return _rejected(asked)
    if answer.status == 403:
        return _denied(asked)
    if answer.status == 429 or answer.status >= 500:
        return _overloaded(answer, asked)
    if code == BAD_PAGE_TOKEN_CODE:
        return Transient(
            Reason.LISTING_INCONSISTENT,
            f"Twilio no longer knows the page where reading {asked.what} was to go on (error {code}). "
            "It has to be read from the start.",
        )
    if 300 <= answer.status < 400:
        return unusable(asked, "a redirect, which is not followed because credentials would go with it")
    return unusable(asked, f"HTTP {answer.status}" + (f" (error {code})" if code else ""))


def _overloaded(answer: Answer, asked: Asked) -> Transient:
    if answer.status == 429:
        return Transient(
            Reason.TWILIO_THROTTLED,
            f"Twilio limits the requests of account {asked.account_sid} that run at once (HTTP 429). "
            "Other clients of the account use up its limit.",
            retry_after(answer),
        )
    return Transient(
        Reason.TWILIO_UNREACHABLE,
        f"Asked for {asked.what}, Twilio answered with a server error (HTTP 5xx). See status.twilio.com.",
        retry_after(answer),
    )


def _rejected(asked: Asked) -> Wait:
    return Wait(
        Reason.TWILIO_CREDENTIALS_REJECTED,
        f"Asked for {asked.what}, Twilio refused the credentials in Secret {asked.secret_name!r} for account "
        f"{asked.account_sid} (HTTP 401). Likely causes: the token or key was replaced or revoked; it is a Restricted "
        "API key without the permission to read this; it belongs to another account (Monitor wants a subaccount's own "
        "credentials, not its parent's); it belongs to another Twilio region than spec.twilio.region; or the account "
        "is suspended.",
        CREDENTIALS_RETRY,
    )


def _denied(asked: Asked) -> Wait:
    return Wait(
        Reason.TWILIO_ACCESS_DENIED,
        f"Twilio does not let the credentials in Secret {asked.secret_name!r} read {asked.what} (HTTP 403). Likely "
        "causes: the account is suspended or closed, or a Restricted API key lacks permission to read Voice "
        "recordings, Monitor events and Monitor alerts.",
        CREDENTIALS_RETRY,
    )


def _is_json(answer: Answer) -> bool:
    return answer.content_type.partition(";")[0].strip().lower() == "application/json"


def _json(answer: Answer, asked: Asked) -> bytes:
    if not _is_json(answer):
        raise unusable(asked, "a document that is not JSON")
    return answer.body


def _is_unknown(answer: Answer) -> bool:
    return answer.status == 404 and problem_code(answer) == NOT_FOUND_CODE


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else None
    except (ValueError, OverflowError):
        return None
