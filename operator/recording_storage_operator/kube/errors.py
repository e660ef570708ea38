"""What the API server's refusals mean for a pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ..core.errors import ReconcileError, Terminal, Transient, Wait
from ..core.reasons import Reason

DENIED_AFTER = 60.0
"""Seconds until a denied request is tried again: somebody has to grant the right first."""

_MESSAGE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer other than success. `status` is the Status object, empty where the body is something else."""

    code: int
    status: Mapping[str, Any]
    retry_after: float | None = None

    def says_absent(self, name: str) -> bool:
        """Whether the API server itself says that the object `name` does not exist.

        A bare 404 does not: an API server that is starting, or lacks the CRD, answers so for objects it has.
        """
        details = self.status.get("details") or {}
        absent = self.code == HTTPStatus.NOT_FOUND and self.status.get("reason") == "NotFound"
        return absent and bool(name) and details.get("name") == name

    @property
    def message(self) -> str:
        """The server's own sentence: it names users, resources and fields, nothing of a request."""
        return str(self.status.get("message") or f"HTTP {self.code}")[:_MESSAGE_LENGTH]


def error_of(answer: Answer, doing: str) -> ReconcileError:
    """The error for an answer to the attempt at `doing` ("read Secret ns/name")."""
    code = answer.code
    if code == HTTPStatus.UNAUTHORIZED:
        message = f"Cannot {doing}: the API server rejects the operator's credentials."
        return Transient(Reason.KUBERNETES_ACCESS_DENIED, message)
    if code == HTTPStatus.FORBIDDEN:
        message = f"Cannot {doing}: {answer.message}. Grant the operator this right, or wait for the namespace."
        return Wait(Reason.KUBERNETES_ACCESS_DENIED, message, after=DENIED_AFTER)
    if code == HTTPStatus.CONFLICT:
        message = f"Cannot {doing}: it was changed or made by somebody else meanwhile."
        return Transient(Reason.KUBERNETES_CONFLICT, message)
    if code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) or code == HTTPStatus.TOO_MANY_REQUESTS or code >= 500:
        return Transient(Reason.KUBERNETES_UNREACHABLE, _unavailable(code, doing), answer.retry_after)
    return Terminal(Reason.KUBERNETES_REFUSED, f"Cannot {doing}: the API server refuses it: {answer.message}")


def unreachable(doing: str, why: str) -> Transient:
    """No answer at all, or not a whole one: whether a write took effect is unknown."""
    return Transient(Reason.KUBERNETES_UNREACHABLE, f"Cannot {doing}: {why}.")


def _unavailable(code: int, doing: str) -> str:
    if code == HTTPStatus.NOT_FOUND:
        return f"Cannot {doing}: the API server does not serve this resource. Are the CRDs installed?"
    if code == HTTPStatus.GONE:
        return f"Cannot {doing}: the list changed while it was read."
    return f"Cannot {doing}: the API server is busy or starting (HTTP {code})."
