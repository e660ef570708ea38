"""Errors that say what to do next.

    ReconcileError
     +- Terminal    nothing changes until a person edits the resource or its Secret: look again only then
     +- Wait        somebody or something outside has to change: look again after a stated time
     +- Transient   a passing fault: try again with exponential backoff

Adapters translate what their SDK raises into these at their edge, so no other layer knows an SDK's exceptions.
"""

from .reasons import Reason


class ReconcileError(Exception):
    """A pass could not go on. `message` tells people what is wrong and what to do: no secret, time or request id."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Terminal(ReconcileError):
    """The input is wrong. Not retried until the resource or a Secret it names changes."""


class Wait(ReconcileError):
    """The world has to change first. Looked at again after `after` seconds."""

    def __init__(self, reason: Reason, message: str, after: float = 300.0) -> None:
        super().__init__(reason, message)
        self.after = after


class Transient(ReconcileError):
    """A passing fault. Retried with backoff, not sooner than `retry_after` seconds where the server asked for that."""

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after = retry_after


def told_of(error: ReconcileError, what: str) -> ReconcileError:
    """The same error, saying what was being done."""
    message = f"{what}: {error.message}"
    if isinstance(error, Wait):
        return Wait(error.reason, message, error.after)
    if isinstance(error, Transient):
        return Transient(error.reason, message, error.retry_after)
    return Terminal(error.reason, message)
