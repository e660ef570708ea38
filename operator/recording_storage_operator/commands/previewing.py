"""`recordings plan -f FILE`: plans made here, as text or JSON."""

import json
from collections.abc import Iterable, Iterator

import click
from rich.text import Text

from ..core.desired import Approval
from ..core.plan_status import NOTHING, counted
from ..core.sync import SHARED
from . import screen
from .plan_command import CHANGES
from .plan_page import Page, different, left_out, left_sentence, planned, why_left
from .previews import Preview


def show_previews(previews: Iterable[Preview], output: str) -> int:
    """Print what a first pass of each resource in a file would do. Returns the exit code.

    Raises click.ClickException in the end where something could not be looked at: nobody shall take that for a yes.
    """
    differs = False
    unseen: list[str] = []
    for number, one in enumerate(previews):
        differs = differs or one.differs
        unseen += one.unseen
        if output == "json":
            click.echo(json.dumps(one.as_fields()))
        else:
            text = Text("\n" if number else "").append_text(_page(one).text(screen.line_width()))
            screen.show(text)
    if unseen:
        raise click.ClickException(f"Not everything could be looked at: {'; '.join(unseen)}.")
    return CHANGES if differs else 0


def _page(one: Preview) -> Page:
    fields = one.as_fields()
    return Page(
        title=one.source.title,
        lines=planned(one.decision.shown) + different(fields["drift"]) + left_out(fields["skipped"]),
        ending=" ".join(_ending(one)),
    )


def _ending(one: Preview) -> Iterator[str]:
    desired, shown, waiting = one.source.desired, one.decision.shown, one.decision.waiting
    if shown:
        yield f"Plan {one.decision.plan_id}: {counted(shown)}."
    if waiting:
        yield f"{_waits(len(waiting), len(shown))}{'' if desired.approval is Approval.MANUAL else f': {SHARED}'}."
    if one.drift:
        management = desired.s3.management if desired.s3 else ""
        yield left_sentence(len(one.drift), why_left(management, desired.drift_policy))
    if one.denied:
        yield f"{len(one.denied)} setting{'s' if len(one.denied) > 1 else ''} could not be looked at."
    elif not shown and not one.drift:
        yield NOTHING
    if desired.suspend:
        yield "Nothing is done while spec.suspend is true."


def _waits(waiting: int, shown: int) -> str:
    """What was approved before, and drift that is put back, wait for nobody."""
    if waiting == shown:
        return "It waits for approval"
    return f"{waiting} of {shown} wait{'s' if waiting == 1 else ''} for approval"
