"""Errors of a plan that is made here, for whoever makes it: the adapters speak to those who run an operator."""

import re
from collections.abc import Mapping

from botocore.exceptions import ProfileNotFound

from ..core.errors import ReconcileError
from ..core.reasons import Reason

_AMBIENT = "the operator's own AWS credentials"
_NAMELESS = "the credentials in Secret ''"

_OWN_CREDENTIALS = {
    Reason.CREDENTIALS_REQUIRED: "AWS's default chain has no credentials. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or log in with the AWS CLI.",
    Reason.TWILIO_CREDENTIALS_REJECTED: "Twilio does not accept TWILIO_AUTH_TOKEN, or TWILIO_API_KEY with "
    "TWILIO_API_SECRET, for this account: the variables belong to another account, or are outdated.",
    Reason.SECRET_MALFORMED: "TWILIO_AUTH_TOKEN is one line of letters and digits, TWILIO_API_KEY is SK and 32 "
    "hexadecimal digits, and TWILIO_API_SECRET is what Twilio showed with it: one of them is not.",
}
"""In place of sentences about Secrets."""

_CLOCK = "The clock of this machine and Twilio's differ by more than five minutes. Set it."

_NEXT = {
    Reason.TWILIO_UNREACHABLE: "Look at the network and the HTTPS_PROXY of this machine, and at status.twilio.com; "
    "then try again.",
    Reason.TWILIO_ANSWER_UNUSABLE: "Try again; if it stays so, look for a proxy in between.",
    Reason.S3_UNREACHABLE: "Look at the network and the HTTPS_PROXY of this machine, and at spec.s3.endpointUrl; then "
    "try again.",
}
"""After what has happened, in place of what an operator's administrator would look at."""

_FOR_THEM = re.compile(r"\.? (If this stays|It is asked again).*", re.DOTALL)


def told(error: ReconcileError, environ: Mapping[str, str], *, own: bool) -> str:
    """The sentence to show. `own` says that the credentials are of the environment, and not of Secrets."""
    if error.reason is Reason.CLOCK_SKEW:
        return _CLOCK
    if error.reason in _NEXT:
        what = _FOR_THEM.sub("", error.message).rstrip(".")
        return f"{what}. {_NEXT[error.reason]}"
    if not own:
        return error.message
    if isinstance(error.__cause__, ProfileNotFound):
        return f"AWS_PROFILE names a profile that AWS's configuration files do not have: {environ.get('AWS_PROFILE')}."
    return _OWN_CREDENTIALS.get(error.reason) or of_own_credentials(error.message)


def of_own_credentials(message: str) -> str:
    """A message about the caller's credentials, called theirs."""
    return message.replace(_AMBIENT, "your AWS credentials").replace(_NAMELESS, "your credentials")
