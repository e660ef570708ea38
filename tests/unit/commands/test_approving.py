"""Approving a plan while others write to the same resource."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import click
import pytest

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.commands.approving import approve
from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.reasons import Reason
from tests.unit.commands.samples import PENDING, UNSEEN, condition, observed

PLAN = str(PENDING["id"])


def waiting(**fields: Any) -> dict[str, Any]:
    """A resource whose plan waits for approval."""
    obj = observed(
        condition("InSync", "False", "AwaitingApproval"), condition("Ready", "False", "AwaitingApproval"), plan=PENDING
    )
    obj["spec"]["approval"] = "Manual"
    obj["metadata"] |= {"resourceVersion": "1", **fields}
    return obj


@dataclass
class Stored:
    """One object of an API server; `meanwhile` are writes of others, each after one more read."""

    obj: dict[str, Any]
    meanwhile: list[Callable[[dict[str, Any]], object]] = field(default_factory=list)
    writes: int = 0

    def storage(self) -> Mapping[str, Any]:
        seen = deepcopy(self.obj)
        if self.meanwhile:
            self.meanwhile.pop(0)(self.obj)
            self._touch()
        return seen

    def change(self, operations: Sequence[Mapping[str, Any]]) -> None:
        [test, add] = operations
        assert (test["op"], test["path"]) == ("test", "/metadata/resourceVersion")
        if test["value"] != self.obj["metadata"]["resourceVersion"]:
            raise Transient(Reason.KUBERNETES_CONFLICT, "It was changed by somebody else meanwhile.")
        assert (add["op"], add["path"]) == ("add", "/metadata/annotations")
        self.obj["metadata"]["annotations"] = add["value"]
        self.writes += 1
        self._touch()

    def _touch(self) -> None:
        metadata = self.obj["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)


def nothing(_obj: dict[str, Any]) -> None:
    """A write that only makes a new version."""


def test_other_annotations_stay() -> None:
    stored = Stored(waiting(annotations={"team": "voice"}))
    assert approve(stored, PLAN, agreed=False) == PLAN
    assert stored.obj["metadata"]["annotations"] == {"team": "voice", APPROVED_PLAN: PLAN}


def test_a_write_of_somebody_else_is_not_undone_and_the_approval_comes_after_it() -> None:
    stored = Stored(waiting(), [lambda obj: obj["metadata"].update(annotations={"team": "voice"})])
    assert approve(stored, PLAN, agreed=False) == PLAN
    assert stored.obj["metadata"]["annotations"] == {"team": "voice", APPROVED_PLAN: PLAN}


def test_an_id_may_be_copied_with_the_end_of_its_sentence() -> None:
    stored = Stored(waiting())
    assert approve(stored, f"{PLAN}.", agreed=False) == PLAN
    assert stored.obj["metadata"]["annotations"][APPROVED_PLAN] == PLAN


@pytest.mark.parametrize("wanted", ["", PLAN])
def test_another_plan_meanwhile_is_not_approved(wanted: str) -> None:
    stored = Stored(waiting(), [lambda obj: obj["status"].update(plan=PENDING | {"id": "pffffffffffff"})])
    with pytest.raises(click.ClickException, match="It is pffffffffffff now"):
        approve(stored, wanted, agreed=True)
    assert stored.writes == 0


def test_an_edit_meanwhile_is_not_approved() -> None:
    stored = Stored(waiting(), [lambda obj: obj["metadata"].update(generation=2)])
    with pytest.raises(click.ClickException, match="was edited since"):
        approve(stored, PLAN, agreed=False)
    assert stored.writes == 0


def test_two_conflicts_are_left_to_the_person() -> None:
    stored = Stored(waiting(), [nothing, nothing])
    with pytest.raises(Transient, match="meanwhile"):
        approve(stored, PLAN, agreed=False)


def test_what_was_agreed_to_beforehand_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    approve(Stored(waiting()), "", agreed=True)
    assert "create bucket acme" in capsys.readouterr().out


def test_what_waits_although_approval_is_automatic_can_be_approved() -> None:
    obj = waiting()
    obj["spec"]["approval"] = "Automatic"
    assert approve(Stored(obj), PLAN, agreed=False) == PLAN


def automatic(obj: dict[str, Any]) -> None:
    """It goes on by itself as soon as it can."""
    obj["spec"]["approval"] = "Automatic"
    obj["status"]["conditions"] = [condition("InSync", "False", "S3AccessDenied")]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (automatic, "spec.approval is Automatic"),
        (lambda obj: obj["status"].update(plan={"state": "Applied", "summary": "Nothing to do."}), "Nothing to do."),
        (lambda obj: obj["status"].update(conditions=[condition("InSync", "False", "Applying")]), "is being applied"),
        (lambda obj: obj.update(status=UNSEEN), "the operator has not looked at it"),
    ],
)
def test_nothing_to_approve_is_an_error(edit: Callable[[dict[str, Any]], None], told: str) -> None:
    obj = waiting()
    edit(obj)
    stored = Stored(obj)
    with pytest.raises(click.ClickException) as caught:
        approve(stored, "", agreed=True)
    assert told in caught.value.message
    assert stored.writes == 0
