"""docs/status.md explains what users can see, and nothing else."""

import re
from collections import Counter

from recording_storage_operator.core.reasons import ConditionType, Reason
from tests.unit.api.crds import ROOT

PAGE = (ROOT / "docs" / "status.md").read_text()


def rows(section: str) -> list[list[str]]:
    """The rows of all tables between a heading of the second level and the next, without heads and rules."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (body,) = [part for part in text if part.startswith(f"{section}\n")]
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_condition_type_is_explained() -> None:
    assert [row[0].strip("`") for row in rows("Conditions")] == [str(kind) for kind in ConditionType]


def test_every_reason_is_explained_once_and_none_that_does_not_exist() -> None:
    assert Counter(row[0].strip("`") for row in rows("Reasons")) == Counter(str(reason) for reason in Reason)


def test_every_reason_says_what_it_means_and_what_to_do() -> None:
    table = rows("Reasons")
    assert {len(row) for row in table} == {4}
    assert [row[0] for row in table if not (row[2].endswith(".") and row[3].endswith("."))] == []


def test_every_reason_is_under_conditions_that_exist() -> None:
    places = [place.split() for row in rows("Reasons") for place in row[1].split(", ")]
    assert {kind for kind, _ in places} <= {str(kind) for kind in ConditionType}
    assert {status for _, status in places} <= {"True", "False", "Unknown"}
