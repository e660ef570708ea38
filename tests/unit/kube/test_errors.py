import pytest

from recording_storage_operator.core.errors import ReconcileError, Terminal, Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.kube.errors import Answer, error_of

FORBIDDEN = 'secrets "twilio" is forbidden: User "operator" cannot get resource "secrets" in the namespace "n"'


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (400, Terminal, Reason.KUBERNETES_REFUSED),
        (401, Transient, Reason.KUBERNETES_ACCESS_DENIED),
        (403, Wait, Reason.KUBERNETES_ACCESS_DENIED),
        (404, Transient, Reason.KUBERNETES_UNREACHABLE),
        (409, Transient, Reason.KUBERNETES_CONFLICT),
        (410, Transient, Reason.KUBERNETES_UNREACHABLE),
        (413, Terminal, Reason.KUBERNETES_REFUSED),
        (422, Terminal, Reason.KUBERNETES_REFUSED),
        (429, Transient, Reason.KUBERNETES_UNREACHABLE),
        (500, Transient, Reason.KUBERNETES_UNREACHABLE),
        (503, Transient, Reason.KUBERNETES_UNREACHABLE),
        (504, Transient, Reason.KUBERNETES_UNREACHABLE),
    ],
)
def test_each_code_says_what_to_do(code: int, kind: type[ReconcileError], reason: Reason) -> None:
    error = error_of(Answer(code, {}), "read Secret n/twilio")
    assert type(error) is kind
    assert error.reason is reason
    assert error.message.startswith("Cannot read Secret n/twilio: ")


def test_a_denial_repeats_the_servers_sentence() -> None:
    assert FORBIDDEN in error_of(Answer(403, {"message": FORBIDDEN}), "read it").message


def test_a_busy_server_is_given_the_time_it_asks_for() -> None:
    error = error_of(Answer(429, {"message": "storage is (re)initializing"}, retry_after=7.0), "read it")
    assert isinstance(error, Transient)
    assert error.retry_after == 7.0


def not_found(name: str) -> Answer:
    return Answer(404, {"kind": "Status", "reason": "NotFound", "details": {"name": name}})


def test_only_the_servers_own_word_for_the_very_object_means_absent() -> None:
    assert not_found("main").says_absent("main")
    assert not not_found("n").says_absent("main"), "the namespace is missing"
    assert not Answer(404, {}).says_absent("main"), "a server that does not serve the resource (yet)"
    assert not Answer(503, {"reason": "NotFound", "details": {"name": "main"}}).says_absent("main")
    assert not not_found("").says_absent("")
