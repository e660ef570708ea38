"""Errors of a plan made from a file speak to whoever made it."""

import pytest
from botocore.exceptions import ProfileNotFound

from recording_storage_operator.commands.own_words import told
from recording_storage_operator.core.errors import ReconcileError, Transient, Wait
from recording_storage_operator.core.reasons import Reason

TWILIO = Transient(
    Reason.TWILIO_UNREACHABLE,
    "Twilio at https://api.twilio.com cannot be reached. If this stays, check that the cluster's network lets the "
    "operator get there.",
)
S3 = Transient(Reason.S3_UNREACHABLE, "S3 cannot be reached, or does not answer in time")
GARBAGE = Transient(Reason.TWILIO_ANSWER_UNUSABLE, "Twilio answered with a page. It is asked again later.")


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("error", "start", "advice"),
    [
        (TWILIO, "Twilio at https://api.twilio.com cannot be reached. Look at", "status.twilio.com"),
        (S3, "S3 cannot be reached, or does not answer in time. Look at", "spec.s3.endpointUrl"),
        (GARBAGE, "Twilio answered with a page. Try again", "proxy"),
    ],
)
def test_a_server_out_of_reach_is_looked_for_from_this_machine(
    error: ReconcileError, start: str, advice: str, own: bool
) -> None:
    sentence = told(error, {}, own=own)
    assert sentence.startswith(start)
    assert advice in sentence
    for word in ("operator", "cluster", "later"):
        assert word not in sentence


def test_a_profile_that_does_not_exist_is_named() -> None:
    error = Wait(Reason.CREDENTIALS_REQUIRED, "the operator's own AWS credentials cannot be obtained")
    error.__cause__ = ProfileNotFound(profile="nosuch")
    sentence = told(error, {"AWS_PROFILE": "nosuch"}, own=True)
    assert sentence == "AWS_PROFILE names a profile that AWS's configuration files do not have: nosuch."


def test_credentials_of_the_environment_are_called_the_callers() -> None:
    error = Wait(Reason.TWILIO_ACCESS_DENIED, "Twilio does not let the credentials in Secret '' read the account.")
    assert told(error, {}, own=True) == "Twilio does not let your credentials read the account."
    assert told(error, {}, own=False) == error.message
