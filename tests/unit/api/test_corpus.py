"""The operator judges objects as the API server does, in the same words (tests/integration asks the server)."""

import pytest

from recording_storage_operator.api.desired import to_desired
from recording_storage_operator.core.errors import Terminal
from recording_storage_operator.core.reasons import Reason
from tests.unit.api.corpus import CASES, RIGHT, WRONG, Case
from tests.unit.api.crds import STORAGES, walk

RULES_OF_UPDATES = "oldSelf"


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_a_right_object_is_taken(case: Case) -> None:
    assert to_desired(case.object).twilio.account_sid == case.spec["twilio"]["accountSid"]


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_object_is_refused_with_a_sentence(case: Case) -> None:
    with pytest.raises(Terminal) as refused:
        to_desired(case.object)
    assert refused.value.reason is Reason.INVALID_SPEC
    assert case.fragment in refused.value.message


def test_every_rule_of_the_crd_is_broken_by_some_object() -> None:
    told = [rule["message"] for _, node in walk(STORAGES) for rule in _rules_of_creation(node)]
    assert told
    assert [sentence for sentence in told if not any(case.fragment in sentence for case in WRONG)] == []


def test_titles_are_unique() -> None:
    assert len({case.title for case in CASES}) == len(CASES)


def _rules_of_creation(node: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    rules = node.get("x-kubernetes-validations", [])
    return [rule for rule in rules if RULES_OF_UPDATES not in rule["rule"]]
