"""An error told with what was being done stays the error it was."""

import pytest

from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait, told_of
from recording_storage_operator.core.reasons import Reason


@pytest.mark.parametrize(
    "error",
    [
        Terminal(Reason.SECRET_MALFORMED, "no"),
        Wait(Reason.S3_ACCESS_DENIED, "no", after=7.0),
        Transient(Reason.S3_UNREACHABLE, "no", retry_after=9.0),
        Transient(Reason.S3_UNREACHABLE, "no"),
    ],
)
def test_an_error_says_what_was_being_done_and_is_retried_as_before(error: ReconcileError) -> None:
    told = told_of(error, "To turn on versioning")
    assert type(told) is type(error)
    assert vars(told) == vars(error) | {"message": "To turn on versioning: no"}
    assert str(told) == told.message
