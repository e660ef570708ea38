"""The page that a status becomes."""

from datetime import timedelta
from typing import Any

import pytest

from recording_storage_operator.commands.view import page
from recording_storage_operator.core.desired import Backend
from recording_storage_operator.core.plan import Side
from tests.builders import ACCOUNT, BUCKET_URL, NOON
from tests.unit.commands.samples import (
    DRIFT,
    PENDING,
    UNSEEN,
    action,
    asking_for_the_console,
    condition,
    observed,
    summary,
)

LATER = NOON + timedelta(days=3, hours=2)
WIDTHS = pytest.mark.parametrize("width", [60, 80, 120])


def shown(obj: dict[str, Any], width: int = 80) -> str:
    return page(obj, LATER, width).plain


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_ready_resource_says_so_first() -> None:
    assert shown(observed()).splitlines()[0] == "support-line in namespace telephony: Ready"


def test_the_backend_is_wanted_observed_and_since_when() -> None:
    text = shown(asking_for_the_console(Side.TWILIO))
    assert "wanted S3, observed Twilio since 2026-03-01 12:00:00 UTC" in text


def test_an_unknown_backend_is_explained() -> None:
    text = words(shown(observed(backend={"desired": "S3", "observed": "Unknown"})))
    assert "observed Unknown (no recording shows where new ones go)" in text


def test_counts_are_told_by_place() -> None:
    text = words(shown(observed()))
    assert "1,234 as of 2026-03-01 12:00:00 UTC (a later sweep that found no change is not noted)" in text
    assert "1,000 at Twilio, 234 in the bucket" in text
    assert "missing" not in text


def test_the_ledger_is_summed_up_with_its_next_expiry() -> None:
    text = words(shown(observed()))
    assert "12,345: 12,300 at Twilio, 45 in S3" in text
    assert "next metadata expiry 2026-04-10 12:00:00 UTC, in 36d; 0 in the next 7 days" in text


def test_expiries_of_the_next_week_are_counted() -> None:
    text = words(shown(observed(deletedRecordingsSummary=summary(100, NOON - timedelta(days=35)))))
    assert "in 1d; 100 in the next 7 days" in text


def test_an_empty_ledger_is_zero() -> None:
    text = shown(observed(deletedRecordingsSummary={"total": 0, "listed": 0, "truncated": False}))
    assert "Deleted       0" in text


def test_the_plan_has_its_sentence_its_id_and_what_each_action_can_do() -> None:
    text = shown(observed(plan=PENDING), 120)
    assert "Plan          2 changes: 1 safe, 1 disruptive. Waits for approval of p0123456789a." in text
    assert "Pending, id p0123456789a" in text
    assert "- Safe: create bucket acme" in text
    assert "- Disruptive: block public access" in text
    assert "Left out policy.secureTransport (Unsupported): the endpoint is plain http" in text


def test_an_action_has_the_colour_of_what_it_can_do() -> None:
    lines = page(observed(plan=PENDING), LATER, 120)
    styles = {(span.style, lines.plain[span.start : span.end]) for span in lines.spans}
    assert ("yellow", "- Disruptive: block public access") in styles
    assert ("green", "- Safe: create bucket acme") in styles


def test_a_plan_with_nothing_in_it_is_one_line() -> None:
    text = shown(observed())
    assert "Plan          Nothing to do.\nRecordings" in text
    assert "Drift" not in text


def test_drift_is_told_with_what_is_wanted_and_what_is() -> None:
    assert "Drift         versioning: wanted Enabled, is Suspended" in shown(observed(drift=DRIFT))


def test_drift_that_is_put_back_is_told_as_a_change_of_the_plan_alone() -> None:
    back = action("ChangeSetting", "versioning", "turn on versioning", "Suspended", "Enabled")
    text = shown(observed(plan=PENDING | {"actions": [back]}, drift=DRIFT))
    assert "turn on versioning" in text
    assert "Drift" not in text


def test_drift_that_stays_is_no_plan_with_nothing_to_do() -> None:
    obj = observed(drift=DRIFT)
    obj["spec"]["driftPolicy"] = "Report"
    text = words(shown(obj))
    assert "Plan 1 setting is not as wanted, and left so because spec.driftPolicy is Report. Drift versioning" in text
    assert "Nothing to do" not in text


@WIDTHS
def test_each_condition_has_its_whole_sentence_within_the_width(width: int) -> None:
    sentence = "The last sweep saw every recording and every object, so no deletion is missing from the list."
    text = shown(
        observed(condition("Ready", "True", "Reconciled"), condition("LedgerComplete", "True", "Swept", sentence)),
        width,
    )
    assert sentence in words(text)
    assert max(map(len, text[text.index("LedgerComplete") :].splitlines())) <= width
    assert "Swept, for 3d" in text


def test_ready_comes_first_of_the_conditions() -> None:
    text = shown(asking_for_the_console(Side.TWILIO))
    assert text.index("\nReady ") < text.index("\nBackendActive ")


def test_a_shared_sentence_is_told_once() -> None:
    text = shown(asking_for_the_console(Side.TWILIO))
    assert text.count("New recordings stay at Twilio") == 1
    assert "As Ready says." in text


def test_a_sentence_that_ends_with_a_told_one_is_told_up_to_that() -> None:
    waits = "Plan p0123456789a waits for approval."
    text = words(
        shown(
            observed(
                condition("InSync", "False", "AwaitingApproval", waits),
                condition("LedgerComplete", "False", "AwaitingApproval", f"Nothing listed is lost. {waits}"),
                condition("Ready", "False", "AwaitingApproval", waits),
            )
        )
    )
    assert text.count(waits) == 1
    assert "Nothing listed is lost. As Ready says." in text


@pytest.mark.parametrize(
    ("kind", "status", "style"),
    [
        ("Conflict", "True", "bold yellow"),
        ("DeletionBlocked", "True", "bold yellow"),
        ("Stalled", "True", "bold yellow"),
        ("InSync", "False", "bold yellow"),
        ("InSync", "True", "bold green"),
    ],
)
def test_only_good_news_is_green(kind: str, status: str, style: str) -> None:
    lines = page(observed(condition(kind, status, "Told")), LATER, 80)
    [told] = [one for one in lines.spans if lines.plain[one.start : one.end] == f"{status:<8}"]
    assert told.style == style


def test_the_values_for_the_console_are_those_of_the_spec_and_can_be_copied() -> None:
    text = shown(asking_for_the_console(Side.TWILIO), 60)
    steps = text[text.index("To do in Twilio's Console") :]
    assert ACCOUNT in steps
    assert f"AWS S3 bucket URL  {BUCKET_URL}\n" in steps
    assert "External storage   Enabled\n" in steps


def test_the_values_in_the_steps_are_in_the_sentence_of_the_operator_too() -> None:
    obj = asking_for_the_console(Side.OTHER)
    told = next(one["message"] for one in obj["status"]["conditions"] if one["type"] == "ConsoleActionRequired")
    for value in (ACCOUNT, BUCKET_URL, "Voice > Settings > General > Voice Recording settings", "Enabled"):
        assert value in told
        assert value in shown(obj)


def test_disabling_takes_no_other_value() -> None:
    text = shown(asking_for_the_console(Side.S3, Backend.TWILIO))
    assert "External storage   Disabled" in text
    assert "AWS S3 bucket URL" not in text


def test_steps_for_an_earlier_spec_are_not_shown() -> None:
    obj = asking_for_the_console(Side.TWILIO)
    obj["metadata"]["generation"] = 2
    text = words(shown(obj))
    assert "To do in Twilio's Console" not in text
    assert "not Ready (not looked at since it was edited)" in text
    assert "2 of the spec; what follows is about 1" in text


def test_a_spec_that_no_rule_allows_any_more_is_shown_without_steps() -> None:
    obj = asking_for_the_console(Side.TWILIO)
    obj["spec"]["backend"] = "Tape"
    text = shown(obj)
    assert "To do in Twilio's Console" not in text
    assert BUCKET_URL in text


@pytest.mark.parametrize("status", [None, {}, UNSEEN])
def test_a_resource_nobody_has_looked_at_says_so(status: dict[str, Any] | None) -> None:
    obj = observed() | {"status": status}
    assert "not Ready (not looked at)" in shown(obj)
    assert "the operator has not looked at it" in words(shown(obj))
    assert "Is it running?" in words(shown(obj))
    assert "Generation" not in shown(obj)


def test_a_resource_that_is_being_deleted_says_so() -> None:
    obj = observed()
    obj["metadata"]["deletionTimestamp"] = "2026-03-04T00:00:00Z"
    assert "not Ready (being deleted)" in shown(obj)
    assert "asked for 2026-03-04 00:00:00 UTC" in shown(obj)
