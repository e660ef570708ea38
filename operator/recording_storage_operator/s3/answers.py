"""What S3's refusals and failures mean to a reconcile pass.

Only the error code of an answer is passed on: S3's own messages and fields carry request ids, times and, for a wrong
signature, parts of the signed request. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ..core.errors import ReconcileError, Terminal, Transient, Wait
from ..core.reasons import Reason
from .documents import WIRE_STATUS

MAX_RETRY_AFTER = 3600.0
"""Seconds. A longer Retry-After, by mistake or by a proxy, would keep deletions from being found for as long."""

CREDENTIALS_RETRY_SECONDS = 60.0
"""A rotated Secret, or a mended ambient identity, is noticed within a minute."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whom a request went to and as whom, in words for messages."""

    bucket: str
    region: str
    service: str
    credentials: str


class _Meaning(Enum):
    NO_BUCKET = auto()
    REJECTED = auto()
    DENIED = auto()
    TAKEN = auto()
    ELSEWHERE = auto()
    SKEWED = auto()
    BUSY = auto()
    UNSUITED = auto()
    REFUSED = auto()


_MEANINGS = {
    "NoSuchBucket": _Meaning.NO_BUCKET,
    "InvalidAccessKeyId": _Meaning.REJECTED,
    "InvalidClientTokenId": _Meaning.REJECTED,
    "SignatureDoesNotMatch": _Meaning.REJECTED,
    "ExpiredToken": _Meaning.REJECTED,
    "InvalidToken": _Meaning.REJECTED,
    "InvalidIdentityToken": _Meaning.REJECTED,
    "TokenRefreshRequired": _Meaning.REJECTED,
    "AuthorizationHeaderMalformed": _Meaning.REJECTED,
    "BucketAlreadyExists": _Meaning.TAKEN,
    "PermanentRedirect": _Meaning.ELSEWHERE,
    "IllegalLocationConstraintException": _Meaning.ELSEWHERE,
    "InvalidLocationConstraint": _Meaning.ELSEWHERE,
    "HTTP 301": _Meaning.ELSEWHERE,
    "RequestTimeTooSkewed": _Meaning.SKEWED,
    "TemporaryRedirect": _Meaning.BUSY,
    "RequestTimeout": _Meaning.BUSY,
    "OperationAborted": _Meaning.BUSY,
    "SlowDown": _Meaning.BUSY,
    "NotImplemented": _Meaning.REFUSED,
    "InvalidBucketName": _Meaning.UNSUITED,
}

_WORDS: dict[_Meaning, tuple[type[ReconcileError], Reason, str]] = {
    _Meaning.NO_BUCKET: (Wait, Reason.BUCKET_MISSING, "bucket {bucket} does not exist at {service}"),
    _Meaning.REJECTED: (
        Wait,
        Reason.S3_CREDENTIALS_REJECTED,
        "{service} does not accept {credentials} ({code}): provide a valid key pair",
    ),
    _Meaning.DENIED: (
        Wait,
        Reason.S3_ACCESS_DENIED,
        "{service} denies {credentials} access to bucket {bucket} ({code}): grant {action}",
    ),
    _Meaning.TAKEN: (
        Wait,
        Reason.BUCKET_NOT_OWNED,
        "bucket {bucket} belongs to somebody else ({code}): choose another name in spec.s3.bucket",
    ),
    _Meaning.ELSEWHERE: (
        Wait,
        Reason.BUCKET_WRONG_REGION,
        "bucket {bucket} is {where}, but spec.s3.region says {region} ({code}): correct the region",
    ),
    _Meaning.SKEWED: (
        Wait,
        Reason.CLOCK_SKEW,
        "{service} refuses requests because the operator's clock is wrong ({code}): set the node's time",
    ),
    _Meaning.BUSY: (Transient, Reason.S3_UNREACHABLE, "{service} cannot serve requests now ({code})"),
    _Meaning.UNSUITED: (
        Terminal,
        Reason.INVALID_SPEC,
        "{service} accepts no bucket named {bucket} ({code}): choose another name in spec.s3.bucket",
    ),
    _Meaning.REFUSED: (
        Wait,
        Reason.S3_ANSWER_UNUSABLE,
        "{service} refuses a request for bucket {bucket} that needs {action} ({code})",
    ),
}

_STS_BUSY = {"Throttling", "ThrottlingException", "IDPCommunicationError"}

_LACKING = {"NotImplemented", "MethodNotAllowed"}

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}")
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_SPEC_ERRORS = (sdk.ParamValidationError, sdk.InvalidRegionError, sdk.EndpointProviderError)
_CREDENTIAL_ERRORS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.SSOError,
    sdk.TokenRetrievalError,
)
# The SDK's parsers fall over documents that they do not expect in all these ways.
_PARSER_ERRORS = (ResponseParserError, ValueError, TypeError, LookupError, AttributeError)
_NETWORK_ERRORS = (sdk.ConnectionError, sdk.HTTPClientError, HTTPError)


@contextmanager
def translated(place: Place, action: str) -> Iterator[None]:
    """Raise what the SDK raises inside as core errors. `action` is the IAM action that the request needs."""
    try:
        yield
    except sdk.ClientError as error:
        raise refusal(error, place, action) from error
    except (sdk.BotoCoreError, HTTPError, OSError, *_PARSER_ERRORS) as error:
        raise _failure(error, place) from error


def code_of(error: sdk.ClientError) -> str:
    """The code of S3's error document; `HTTP` and the status where there was none, as in answers to HEAD."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else f"HTTP {status_of(error)}"


def status_of(error: sdk.ClientError) -> int:
    """The HTTP status as received."""
    answer: dict[str, Any] = dict(error.response)
    return int(answer.get(WIRE_STATUS) or answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def says_absent(error: sdk.ClientError, code: str) -> bool:
    """Whether S3 itself said, in its error document under status 404, that a thing does not exist."""
    return status_of(error) == 404 and code_of(error) == code


def lacking(error: sdk.ClientError) -> bool:
    """Whether S3 said, in its error document, that it does not have what was asked for. AWS has everything."""
    code, status = code_of(error), status_of(error)
    return status >= 400 and (code in _LACKING or (status in (405, 501) and not code.startswith("HTTP ")))


def denied(error: sdk.ClientError) -> bool:
    """Whether S3 said, in its error document, that it knows these credentials and that a right is missing."""
    code, status = code_of(error), status_of(error)
    told = status == 403 and not code.startswith("HTTP ") and not of_identity(error)
    return told and _meaning(code, status, "") is _Meaning.DENIED


def of_identity(error: sdk.ClientError) -> bool:
    """Whether it is an answer of STS, which was asked for the operator's own identity: S3 never was asked then."""
    return error.operation_name.startswith("AssumeRole")


def malformed(error: sdk.ClientError) -> bool:
    """Whether S3 said, in its error document, that it understands a request and not the document sent with it."""
    code = code_of(error)
    return status_of(error) == 400 and not code.startswith("HTTP ") and _meaning(code, 400, "") is _Meaning.REFUSED


def refusal(error: sdk.ClientError, place: Place, action: str) -> ReconcileError:
    """What an error answer of S3 means."""
    if of_identity(error):
        return _not_lent(error, place)
    answer: dict[str, Any] = dict(error.response)
    status, code = status_of(error), code_of(error)
    region = _region_told(answer)
    meaning = _meaning(code, status, region)
    if status < 300 or (meaning is _Meaning.REFUSED and code.startswith("HTTP ")):
        return unusable(place, f"HTTP {status} without the document that belongs to it")
    kind, reason, words = _WORDS[meaning]
    message = words.format(
        bucket=place.bucket,
        service=place.service,
        credentials=place.credentials,
        region=place.region,
        where=f"in {region}" if region else "elsewhere",
        action=action,
        code=code,
    )
    if kind is Transient:
        return Transient(reason, message, _retry_after(answer))
    if reason is Reason.S3_CREDENTIALS_REJECTED:
        return Wait(reason, message, CREDENTIALS_RETRY_SECONDS)
    return kind(reason, message)


def _not_lent(error: sdk.ClientError, place: Place) -> ReconcileError:
    """What an error answer of STS means."""
    code = code_of(error)
    if code in _STS_BUSY or status_of(error) >= 500:
        return Transient(Reason.S3_UNREACHABLE, f"AWS STS cannot lend {place.credentials} now ({code})")
    return Wait(
        Reason.CREDENTIALS_REQUIRED,
        f"AWS STS does not lend {place.credentials} ({code}): mend the operator's role and its trust policy, or set "
        "spec.s3.credentialsSecretRef",
        CREDENTIALS_RETRY_SECONDS,
    )


def _unobtainable(place: Place) -> Wait:
    return Wait(
        Reason.CREDENTIALS_REQUIRED,
        f"{place.credentials} cannot be obtained: mend the operator's identity or set spec.s3.credentialsSecretRef",
        CREDENTIALS_RETRY_SECONDS,
    )


def wrong_region(place: Place, actual: str) -> Wait:
    """The bucket answers, from another region than the spec says."""
    where = f"in {actual}" if _REGION.fullmatch(actual) else "elsewhere"
    return Wait(
        Reason.BUCKET_WRONG_REGION,
        f"bucket {place.bucket} is {where}, but spec.s3.region says {place.region}: correct the region",
    )


def closed(place: Place) -> Wait:
    """The bucket exists and denies everything, which has two readings that S3 does not let us tell apart."""
    return Wait(
        Reason.BUCKET_NOT_OWNED,
        f"bucket {place.bucket} exists, but {place.service} does not let {place.credentials} look at it: either it "
        "belongs to somebody else (choose another name in spec.s3.bucket) or the rights are missing "
        "(grant s3:ListBucket and s3:GetBucketVersioning)",
    )


def unusable(place: Place, what: str) -> Transient:
    """An answer that S3 would not give: a proxy's page, a cut-off body, a document about something else."""
    return Transient(
        Reason.S3_ANSWER_UNUSABLE,
        f"{place.service} gave an answer about bucket {place.bucket} that cannot be used: {what}",
    )


def _meaning(code: str, status: int, region: str) -> _Meaning:
    if code == "AuthorizationHeaderMalformed" and region:
        return _Meaning.ELSEWHERE  # signed for another region; without one named, the access key itself is malformed
    if code in _MEANINGS:
        return _MEANINGS[code]
    if status in (401, 403):
        return _Meaning.DENIED
    return _Meaning.BUSY if status == 429 or status >= 500 else _Meaning.REFUSED


def _region_told(answer: dict[str, Any]) -> str:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = str(headers.get("x-amz-bucket-region") or answer.get("Error", {}).get("Region") or "")
    return region if _REGION.fullmatch(region) else ""


def _retry_after(answer: dict[str, Any]) -> float | None:
    """Seconds, an hour at most; a date is not understood, S3 sends none."""
    seconds = str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", ""))
    return min(float(seconds), MAX_RETRY_AFTER) if seconds.isascii() and seconds.isdigit() else None


def _failure(error: Exception, place: Place) -> ReconcileError:
    """What it means that the SDK could not ask, or could not read the answer."""
    if isinstance(error, _SPEC_ERRORS):
        return Terminal(
            Reason.INVALID_SPEC,
            f"no request can be made for bucket {place.bucket} in region {place.region}: correct spec.s3",
        )
    if isinstance(error, _CREDENTIAL_ERRORS):
        return _unobtainable(place)
    if isinstance(error, sdk.SSLError):
        return Transient(Reason.S3_UNREACHABLE, f"{place.service} cannot be trusted: its TLS certificate is not valid")
    if isinstance(error, _NETWORK_ERRORS):
        return Transient(Reason.S3_UNREACHABLE, f"{place.service} cannot be reached, or does not answer in time")
    if isinstance(error, OSError):
        # What happens to a socket was an error of the SDK's above: this is a token's file that cannot be read.
        return _unobtainable(place)
    return unusable(place, "it cannot be parsed")
