"""The plan of a resource as text, and the exit code that goes with it."""

from typing import Any

import click
import pytest

from recording_storage_operator.commands.plan_page import planned, stored
from recording_storage_operator.commands.planning import current_plan, show_stored
from recording_storage_operator.core.bucket_settings import ABSENT, Risk
from recording_storage_operator.core.effects import NO_BUCKET, Effect, Kind
from tests.unit.commands.samples import DRIFT, PENDING, condition, observed


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
    text = stored(observed(plan=PENDING, drift=DRIFT)).text().plain
    assert text.splitlines() == [
        "telephony/support-line",
        "",
        "  + bucket                  Safe         create bucket acme",
        "  ~ publicAccess            Disruptive   block public access",
        "  ~ versioning              Drift        Suspended, wanted Enabled",
        "  ! policy.secureTransport  Unsupported  the endpoint is plain http",
        "",
        "Plan p0123456789a, Pending: 2 changes: 1 safe, 1 disruptive. Waits for approval of p0123456789a.",
    ]


@pytest.mark.parametrize(("risk", "style"), [("Safe", "green"), ("Disruptive", "yellow"), ("Destructive", "red")])
def test_a_line_has_the_colour_of_what_the_change_can_do(risk: str, style: str) -> None:
    actions = [{"type": "ChangeSetting", "target": "lifecycle", "summary": "set it", "class": risk}]
    text = stored(observed(plan=PENDING | {"actions": actions})).text()
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


def test_without_a_status_there_is_no_plan() -> None:
    obj = observed()
    del obj["status"]
    with pytest.raises(click.ClickException, match="the operator has not looked at it"):
        current_plan(obj)
