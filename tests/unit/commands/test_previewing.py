"""What is printed of a plan that is made from a file, and how the command ends."""

import json
from dataclasses import replace

import click
import pytest

from recording_storage_operator.commands.manifests import Declared
from recording_storage_operator.commands.previewing import show_previews
from recording_storage_operator.commands.previews import Preview
from recording_storage_operator.core.approval import Decision, Memory
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.desired import Approval, Desired, DriftPolicy
from recording_storage_operator.core.effects import Effect, Kind, Skipped
from tests.unit.commands.samples import DESIRED

MANUAL = replace(DESIRED, approval=Approval.MANUAL)
REPORTING = replace(DESIRED, drift_policy=DriftPolicy.REPORT)
DENIED = Skipped("policy.secureTransport", "Denied", "S3 denies the operator's own AWS credentials: grant s3:GetX")


def change(path: str) -> Effect:
    return Effect(Kind.CHANGE_SETTING, path, "Suspended", "Enabled", Risk.SAFE, "set it")


def preview(
    desired: Desired,
    waiting: tuple[Effect, ...] = (),
    due: tuple[Effect, ...] = (),
    drift: tuple[Effect, ...] = (),
    skipped: tuple[Skipped, ...] = (),
) -> Preview:
    decision = Decision("p0123456789a", due, waiting, drift, "", Memory(), skipped)
    return Preview(Declared("telephony", "support-line", desired), decision)


def shown(one: Preview, capsys: pytest.CaptureFixture[str], output: str = "text") -> str:
    show_previews([one], output)
    return capsys.readouterr().out


def test_drift_that_is_put_back_is_listed_once_and_waits_for_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    drift = (change("versioning"), change("encryption"))
    one = preview(MANUAL, waiting=(change("tags.team"),), due=drift, drift=drift)
    text = shown(one, capsys)
    assert text.count("versioning ") == 1
    assert text.endswith("Plan p0123456789a: 3 changes: 3 safe. 1 of 3 waits for approval.\n")
    fields = json.loads(shown(one, capsys, "json"))
    assert (fields["waiting"], fields["drift"]) == (["tags.team"], [])


def test_several_of_more_changes_wait(capsys: pytest.CaptureFixture[str]) -> None:
    one = preview(MANUAL, waiting=(change("a"), change("b")), due=(change("c"),))
    assert "2 of 3 wait for approval." in shown(one, capsys)


def test_a_plan_that_waits_as_a_whole_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 change: 1 safe. It waits for approval." in shown(preview(MANUAL, waiting=(change("a"),)), capsys)


def test_drift_that_is_only_reported_is_no_plan_with_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    one = preview(REPORTING, drift=(change("versioning"),))
    text = shown(one, capsys)
    assert text.endswith("\n1 setting is not as wanted, and left so because spec.driftPolicy is Report.\n")
    assert "Nothing to do" not in text
    assert show_previews([one], "text") == 2
    capsys.readouterr()
    assert [one["path"] for one in json.loads(shown(one, capsys, "json"))["drift"]] == ["versioning"]


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("due", [(), (change("versioning"),)])
def test_what_could_not_be_looked_at_is_no_success(
    capsys: pytest.CaptureFixture[str], due: tuple[Effect, ...], output: str
) -> None:
    with pytest.raises(click.ClickException) as caught:
        show_previews([preview(DESIRED, due=due, skipped=(DENIED,)), preview(DESIRED)], output)
    assert caught.value.exit_code == 1
    assert caught.value.message == (
        "Not everything could be looked at: telephony/support-line: S3 denies your AWS credentials: grant s3:GetX."
    )
    out = capsys.readouterr().out
    assert out.count("support-line") == 2, "the plans are shown all the same"
    if output == "text":
        first, _ = out.split("\n\ntelephony/")
        assert "1 setting could not be looked at." in first
        assert "Nothing to do" not in first


def test_what_the_server_does_not_have_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    one = preview(DESIRED, skipped=(replace(DENIED, reason="Unsupported"),))
    assert show_previews([one], "text") == 0
    assert "Nothing to do." in capsys.readouterr().out
