"""`recordings plan -f FILE`: plans made here, as text or JSON."""

import json
from collections.abc import Iterator
from typing import TextIO

import click
from rich.text import Text

from ..core.desired import Approval, Management
from ..core.plan_status import NOTHING, counted
from ..core.sync import SHARED
from . import screen
from .machine import Machine
from .plan_command import CHANGES
from .plan_page import Page, different, left_out, planned
from .previews import Preview, previews
from .target import Target


def show_previews(file: TextIO, target: Target, machine: Machine, output: str, *, from_cluster: bool) -> int:
    """Print what a first pass of each resource in a file would do. Returns the exit code."""
    differs = False
    for number, one in enumerate(previews(file, target, machine, from_cluster=from_cluster)):
        differs = differs or one.differs
        if output == "json":
            click.echo(json.dumps(one.as_fields()))
        else:
            text = Text("\n" if number else "").append_text(_page(one).text())
            screen.console().print(text, soft_wrap=True)
    return CHANGES if differs else 0


def _page(one: Preview) -> Page:
    fields = one.as_fields()
    return Page(
        title=one.source.title,
        lines=planned(one.decision.shown) + different(fields["drift"]) + left_out(fields["skipped"]),
        ending=" ".join(_ending(one)),
    )


def _ending(one: Preview) -> Iterator[str]:
    desired, decision = one.source.desired, one.decision
    if decision.drift:
        yield f"{counted(decision.drift)}."
    if desired.s3 and desired.s3.management is Management.OBSERVE and decision.drift:
        yield "With management Observe they are reported, not made."
    elif decision.shown:
        yield f"Plan {decision.plan_id}: {counted(decision.shown)}."
    else:
        yield NOTHING
    if decision.waiting:
        yield "It waits for approval." if desired.approval is Approval.MANUAL else f"It waits for approval: {SHARED}."
    if desired.suspend:
        yield "Nothing is done while spec.suspend is true."
