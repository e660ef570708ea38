"""What a person has to set in Twilio's Console. Twilio offers no API for the External Storage switch of Voice."""

from dataclasses import dataclass

from .desired import Backend, Desired
from .plan import Newest, Side
from .reasons import Reason
from .writer import WriterFacts

_PLACE = "Twilio Console, Voice > Settings > General > Voice Recording settings, of account {account}"
_CLEARS = "If that is done already, this goes away by itself with the next recording."
_NOT_AWS = (
    "External Storage of Twilio writes to AWS S3 only, and {endpoint} is another server: do what follows only where "
    "that one stands in for AWS; else recordings never get to this bucket. "
)


@dataclass(frozen=True, slots=True)
class ConsoleAction:
    """A step only a person can take, with the exact values."""

    reason: Reason
    message: str


def console_action(desired: Desired, newest: Newest, writer: WriterFacts | None = None) -> ConsoleAction | None:
    """The step that brings new recordings where they are wanted; None where they land there already."""
    place = _PLACE.format(account=desired.twilio.account_sid)
    if desired.backend is Backend.TWILIO:
        return _disable(place, newest) if newest.side in (Side.S3, Side.OTHER) else None
    if desired.s3 is None:
        return None
    if newest.side is Side.S3:
        return _rotate(place, writer) if writer and writer.others else None
    credential = f"choose the AWS credential {writer.wanted!r}" if writer else "choose an AWS credential"
    values = f"set External storage to Enabled, AWS S3 bucket URL to {desired.s3.url}, and {credential}"
    caution = "" if desired.s3.is_at_aws else _NOT_AWS.format(endpoint=desired.s3.endpoint_url)
    if newest.side is Side.OTHER:
        same = newest.bucket == desired.s3.name
        elsewhere = f"another prefix of bucket {newest.bucket}" if same else f"bucket {newest.bucket}"
        return ConsoleAction(
            Reason.CHANGE_BUCKET_URL,
            f"New recordings go to {elsewhere}, not to {desired.s3.url}. {caution}In {place}, {values} "
            f"that may write there, then save. {_CLEARS}",
        )
    seen = "New recordings stay at Twilio" if newest.side is Side.TWILIO else "No recording shows yet where new ones go"
    return ConsoleAction(
        Reason.ENABLE_EXTERNAL_STORAGE,
        f"{seen}; they shall go to bucket {desired.s3.name}. {caution}In {place}, {values} that may write there, then "
        f"save. {_CLEARS}",
    )


def _disable(place: str, newest: Newest) -> ConsoleAction:
    return ConsoleAction(
        Reason.DISABLE_EXTERNAL_STORAGE,
        f"New recordings go to bucket {newest.bucket}; they shall stay at Twilio. In {place}, set External storage to "
        f"Disabled, then save. Recordings already in the bucket stay there. {_CLEARS}",
    )


def _rotate(place: str, writer: WriterFacts) -> ConsoleAction | None:
    """Twilio does not tell which credential is chosen, so this stays until the replaced one is proven out of use."""
    if not any(one.name == writer.wanted for one in writer.registered):
        return None
    names = ", ".join(repr(one.name) for one in writer.others)
    how = (
        "then deactivate the replaced key pair in IAM. Once S3 refuses it and recordings arrive all the same, it is "
        "removed from Twilio"
        if any(one.name == writer.replaced for one in writer.others)
        else "then remove the others in the Console yourself: the Secret does not have them under previousAccessKeyId "
        "and previousSecretAccessKey, so nothing can prove that they are out of use"
    )
    return ConsoleAction(
        Reason.CHOOSE_WRITER_CREDENTIAL,
        f"Twilio knows more than one key pair for the bucket: {names} beside the wanted {writer.wanted!r}. In {place}, "
        f"choose the AWS credential {writer.wanted!r} and save; {how}.",
    )
