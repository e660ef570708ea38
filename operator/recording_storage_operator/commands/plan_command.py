"""How `recordings plan` ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import click

CHANGES = 2
"""The exit code where something is not as wanted, as Terraform's with -detailed-exitcode."""


class _Misunderstood(click.UsageError):
    """A mistake in the command, under the code of all errors."""

    exit_code: ClassVar[int] = 1


class PlanCommand(click.Command):
    """A command whose exit code 2 means changes, so that one that is not understood ends with 1."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """As always, but for that code."""
        with _under_one_code():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As always, but for that code."""
        with _under_one_code():
            return super().invoke(ctx)


@contextmanager
def _under_one_code() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise _Misunderstood(error.format_message(), error.ctx) from error
