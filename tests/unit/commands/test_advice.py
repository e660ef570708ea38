"""What people are told when the cluster says no."""

from recording_storage_operator.commands.cluster import APPROVING, LISTING, advice
from recording_storage_operator.core.errors import Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason


def test_a_missing_right_is_named() -> None:
    told = advice(Wait(Reason.KUBERNETES_ACCESS_DENIED, "Grant the operator this right."), "telephony")
    assert "get recordingstorages" in told
    assert "list" not in told
    assert "namespace telephony" in told
    assert "operator" not in told


def test_the_right_that_a_command_takes_is_the_one_named() -> None:
    told = advice(Wait(Reason.KUBERNETES_ACCESS_DENIED, "Grant the operator this right."), "telephony", APPROVING)
    assert "patch recordingstorages" in told
    assert "list" not in told


def test_only_the_list_of_deletions_takes_the_right_to_list() -> None:
    told = advice(Wait(Reason.KUBERNETES_ACCESS_DENIED, "Grant the operator this right."), "telephony", LISTING)
    assert "list deletedrecordingslices" in told


def test_a_rejected_login_is_the_users_own() -> None:
    told = advice(Transient(Reason.KUBERNETES_ACCESS_DENIED, "rejects the operator's credentials."), "telephony")
    assert "your login" in told
    assert "operator" not in told


def test_a_passing_fault_says_to_try_again() -> None:
    told = advice(Transient(Reason.KUBERNETES_UNREACHABLE, "Cannot read it."), "telephony")
    assert told.startswith("Cannot read it. Try again")


def test_any_other_error_has_its_own_sentence() -> None:
    assert advice(Terminal(Reason.KUBERNETES_REFUSED, "It is refused."), "telephony") == "It is refused."
