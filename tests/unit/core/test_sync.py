"""InSync says whether all is set up as wanted, and what that waits for."""

from dataclasses import replace

import pytest

from recording_storage_operator.core.approval import Decision, Memory
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.conditions import MAX_MESSAGE
from recording_storage_operator.core.desired import Backend, Desired, Management
from recording_storage_operator.core.effects import Effect, Kind, Skipped
from recording_storage_operator.core.errors import Terminal
from recording_storage_operator.core.facts import Obstacle
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.sync import MAX_NAMED, in_sync, named
from tests.unit.core.worlds import S3, TWILIO, in_bucket

ONE = (Effect(Kind.CHANGE_SETTING, "versioning", "absent", "Enabled", Risk.SAFE, "turn it on"),)
UNSUPPORTED = Skipped("publicAccess", Obstacle.UNSUPPORTED, "the server has none")
DENIED = Skipped("policy.secureTransport", Obstacle.DENIED, "allow s3:GetBucketPolicy")
DONE = Decision("f" * 12, (), (), (), "", Memory())
STOPPED = Terminal(Reason.S3_ACCESS_DENIED, "allow it")

DECISIONS = {
    Reason.AS_WANTED: ("True", DONE),
    Reason.AWAITING_APPROVAL: ("False", replace(DONE, waiting=ONE)),
    Reason.APPROVAL_STALE: ("False", replace(DONE, waiting=ONE, stale="0" * 12)),
    Reason.APPLYING: ("False", replace(DONE, due=ONE)),
    Reason.DRIFTED: ("False", replace(DONE, drift=ONE)),
    Reason.S3_ACCESS_DENIED: ("False", replace(DONE, skipped=(UNSUPPORTED, DENIED))),
    Reason.NOT_SUPPORTED: ("True", replace(DONE, skipped=(UNSUPPORTED,))),
}


def told(decision: Decision, desired: Desired = S3) -> str:
    condition = in_sync(desired, decision, None)
    assert condition
    return condition.message


@pytest.mark.parametrize("reason", DECISIONS)
def test_each_decision_has_its_reason(reason: Reason) -> None:
    status, decision = DECISIONS[reason]
    condition = in_sync(S3, decision, None)
    assert condition
    assert (condition.type, condition.status, condition.reason) == ("InSync", status, reason)


@pytest.mark.parametrize("reason", DECISIONS)
def test_where_applying_stopped_its_reason_comes_first(reason: Reason) -> None:
    condition = in_sync(S3, DECISIONS[reason][1], STOPPED)
    assert condition
    assert (condition.status, condition.reason, condition.message) == ("False", STOPPED.reason, STOPPED.message)


@pytest.mark.parametrize("desired", [TWILIO, replace(S3, backend=Backend.TWILIO)])
def test_where_nothing_is_set_up_there_is_nothing_to_say(desired: Desired) -> None:
    assert in_sync(desired, DONE, None) is None


@pytest.mark.parametrize("stale", ["", "0" * 12])
def test_what_waits_comes_with_the_command_that_approves_it_however_much_it_is(stale: str) -> None:
    assert "turn it on" in told(replace(DONE, waiting=ONE, stale=stale))
    long = (replace(ONE[0], summary="s" * 300),) * 20
    shown = told(replace(DONE, waiting=long, stale=stale))[:MAX_MESSAGE]
    assert f"recordings approve calls -n telephony --plan {'f' * 12}" in shown
    assert stale in shown


def test_drift_that_stays_says_by_whose_wish() -> None:
    drifted = replace(DONE, drift=ONE)
    assert "spec.driftPolicy is Report: versioning." in told(drifted)
    assert "spec.s3.management is Observe: versioning." in told(drifted, in_bucket(management=Management.OBSERVE))


def test_what_is_skipped_is_named_and_what_is_denied_says_what_would_help() -> None:
    assert "publicAccess" in told(replace(DONE, skipped=(UNSUPPORTED,)))
    assert "allow s3:GetBucketPolicy" in told(replace(DONE, skipped=(UNSUPPORTED, DENIED)))


def test_a_long_list_ends() -> None:
    assert named(["a", "b"]) == "a; b"
    assert named(map(str, range(MAX_NAMED + 3)), ", ").endswith(", and 3 more")
