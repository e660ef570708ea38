"""The plan of a resource as text, and the exit code that goes with it."""

from typing import Any

import click
import pytest

from recording_storage_operator.commands.plan_page import left_sentence, planned, stored
from recording_storage_operator.commands.planning import current_plan, show_stored
from recording_storage_operator.core.bucket_settings import ABSENT, Risk
from recording_storage_operator.core.effects import NO_BUCKET, Effect, Kind
from tests.unit.commands.samples import DRIFT, PENDING, UNSEEN, action, condition, observed


def reporting(obj: dict[str, Any]) -> dict[str, Any]:
    obj["spec"]["driftPolicy"] = "Report"
    return obj


def setting(have: str, want: str, risk: Risk = Risk.SAFE) -> Effect:
    return Effect(Kind.CHANGE_SETTING, "versioning", have, want, risk, "turn on versioning")


@pytest.mark.parametrize(
    ("effect", "symbol", "detail"),
    [
        (setting(NO_BUCKET, "Enabled"), "+", f"{NO_BUCKET} -> Enabled"),
        (setting(ABSENT, "Enabled"), "+", "absent -> Enabled"),
        (setting("Suspended", "Enabled"), "~", "Suspended -> Enabled"),
        (setting("Enabled", ABSENT), "-", "Enabled -> absent"),
        (Effect(Kind.CREATE_BUCKET, "bucket", NO_BUCKET, "exists", Risk.SAFE, "create it"), "+", "create it"),
        (Effect(Kind.ADOPT_BUCKET, "bucket", "holds nothing", "exists", Risk.SAFE, "adopt it"), "~", "adopt it"),
        (Effect(Kind.REGISTER_WRITER_KEY, "writer", ABSENT, "a", Risk.SAFE, "register it"), "+", "register it"),
        (Effect(Kind.REMOVE_WRITER_KEY, "writer", "a", ABSENT, Risk.DISRUPTIVE, "remove it"), "-", "remove it"),
    ],
)
def test_a_change_has_its_symbol_and_what_becomes_of_what(effect: Effect, symbol: str, detail: str) -> None:
    [line] = planned([effect])
    assert (line.symbol, line.detail, line.kind) == (symbol, detail, effect.risk)


def test_a_stored_plan_is_shown_in_columns_with_drift_and_what_is_left_out() -> None:
    text = stored(reporting(observed(plan=PENDING, drift=DRIFT))).text(None).plain
    assert text.splitlines() == [
        "telephony/support-line",
        "",
        "  + bucket                  Safe         create bucket acme",
        "  + publicAccess            Disruptive   no bucket yet -> Blocked",
        "  ~ versioning              Drift        Suspended, wanted Enabled",
        "  ! policy.secureTransport  Unsupported  the endpoint is plain http",
        "",
        f"Plan p0123456789a, Pending: {PENDING['summary']} {left_sentence(1, 'spec.driftPolicy is Report')}",
    ]


def test_on_a_terminal_lines_are_broken_between_words_and_indented() -> None:
    long = action("ChangeSetting", "policy", "demand it", "absent", "tls " * 30, "Disruptive")
    text = stored(observed(plan=PENDING | {"actions": [long], "skipped": []})).text(80).plain
    first, *others = [line for line in text.splitlines() if "tls" in line]
    assert first.startswith("  + policy  Disruptive  absent -> tls")
    assert others
    assert all(line.startswith(" " * 24 + "tls") for line in others)
    assert max(map(len, text.splitlines())) <= 80


def test_on_a_narrow_terminal_lines_go_on_under_the_path_and_a_word_stays_whole() -> None:
    text = stored(observed(plan=PENDING | {"actions": []})).text(40).plain
    assert "\n      the endpoint is plain http\n" in text
    assert "  ! policy.secureTransport" in text


def test_drift_that_the_plan_puts_back_is_listed_once() -> None:
    back = action("ChangeSetting", "versioning", "turn on versioning", "Suspended", "Enabled")
    text = stored(observed(plan=PENDING | {"actions": [back]}, drift=DRIFT)).text(None).plain
    assert text.count("versioning ") == 1
    assert "Drift" not in text
    assert "left so" not in text


def test_beside_drift_it_is_not_said_that_there_is_nothing_to_do() -> None:
    text = stored(reporting(observed(drift=DRIFT))).text(None).plain
    assert text.endswith("\n1 setting is not as wanted, and left so because spec.driftPolicy is Report.")
    assert "Nothing to do" not in text


@pytest.mark.parametrize(
    ("management", "policy", "told"),
    [
        ("Observe", "Revert", "spec.s3.management is Observe"),
        ("Observe", "Report", "spec.s3.management is Observe"),
        ("Manage", "Report", "spec.driftPolicy is Report"),
        ("Manage", "Revert", "the bucket has to be made first"),
    ],
)
def test_it_is_told_why_drift_stays(management: str, policy: str, told: str) -> None:
    obj = observed(drift=[*DRIFT, {**DRIFT[0], "path": "encryption"}])
    obj["spec"] |= {"driftPolicy": policy, "s3": {"management": management}}
    text = stored(obj).text(None).plain
    assert text.endswith(f"\n2 settings are not as wanted, and left so because {told}.")


def test_drift_that_a_long_plan_puts_back_is_not_said_to_be_left() -> None:
    actions = [action("ChangeSetting", f"tags.{number}", "set it", "absent", "x") for number in range(16)]
    assert "Drift" not in stored(observed(plan=PENDING | {"actions": actions}, drift=DRIFT)).text(None).plain


@pytest.mark.parametrize(("risk", "style"), [("Safe", "green"), ("Disruptive", "yellow"), ("Destructive", "red")])
def test_a_line_has_the_colour_of_what_the_change_can_do(risk: str, style: str) -> None:
    actions = [action("ChangeSetting", "lifecycle", "set it", "absent", "x", risk)]
    text = stored(observed(plan=PENDING | {"actions": actions})).text(None)
    [span] = [one for one in text.spans if "lifecycle" in text.plain[one.start : one.end]]
    assert span.style == style


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"plan": {"state": "Applied", "summary": "Nothing to do.", "skipped": PENDING["skipped"]}}, 0),
        ({"plan": PENDING}, 2),
        ({"plan": PENDING | {"state": "Blocked"}}, 2),
        ({"drift": DRIFT}, 2),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_the_exit_code_says_whether_something_is_not_as_wanted(fields: dict[str, Any], code: int, output: str) -> None:
    assert show_stored(observed(**fields), output) == code


def test_why_a_resource_is_not_ready_is_told_beside_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    show_stored(observed(condition("Ready", "False", "S3Unreachable", "S3 cannot be reached.")), "text")
    assert capsys.readouterr().err == "Not Ready (S3Unreachable): S3 cannot be reached.\n"


@pytest.mark.parametrize("approval", ["Manual", "Automatic"])
def test_a_plan_that_waits_is_told_once_and_beside_it_how_to_approve_it(
    capsys: pytest.CaptureFixture[str], approval: str
) -> None:
    message = "Plan p0123456789a waits for approval."
    obj = observed(condition("Ready", "False", "AwaitingApproval", message), plan=PENDING)
    obj["spec"]["approval"] = approval
    show_stored(obj, "text")
    told = capsys.readouterr().err
    assert told.endswith("Approve it with: recordings approve support-line -n telephony --plan p0123456789a\n")
    assert message not in told
    assert ("objects of others" in told) == (approval == "Automatic")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"observedGeneration": 0}, "was edited since"),
        ({"plan": {"summary": "No plan yet: no pass could see everything."}}, "No plan yet: no pass could see"),
        ({"plan": None}, "There is no plan of support-line yet"),
    ],
)
def test_a_plan_that_is_not_about_the_spec_there_is_now_is_an_error(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(click.ClickException, match=told):
        current_plan(observed(**fields))


def test_a_spec_without_a_plan_says_why_it_has_none() -> None:
    denied = condition("Ready", "False", "S3AccessDenied", "Grant s3:ListBucket.")
    with pytest.raises(
        click.ClickException, match=r"No plan yet\. Not Ready \(S3AccessDenied\): Grant s3:ListBucket\."
    ):
        current_plan(observed(denied, plan={"summary": "No plan yet."}))


@pytest.mark.parametrize("status", [None, {}, UNSEEN])
def test_without_a_status_there_is_no_plan(status: dict[str, Any] | None) -> None:
    obj = observed() | {"status": status}
    with pytest.raises(click.ClickException, match="the operator has not looked at it"):
        current_plan(obj)
