"""`recordings plan NAME`: the plan in the status of a resource."""

import json
from collections.abc import Mapping
from typing import Any

import click

from ..core.desired import Approval
from ..core.reasons import ConditionType, Reason
from ..core.sync import SHARED
from . import screen
from .conditions import condition_of, is_current, obstacle, status_of
from .plan_command import CHANGES
from .plan_page import stored


def show_stored(obj: Mapping[str, Any], output: str) -> int:
    """Print what the operator would do, from the status. Returns the exit code.

    Raises click.ClickException where the status says nothing about the spec there is now.
    """
    status = status_of(obj)
    plan = current_plan(obj)
    if output == "json":
        resource = {name: obj["metadata"][name] for name in ("namespace", "name")}
        click.echo(json.dumps({"resource": resource, "plan": plan, "drift": status.get("drift", [])}, indent=2))
    else:
        screen.show(stored(obj).text(screen.line_width()))
    if told := _beside(obj, str(plan.get("id", ""))):
        screen.tell(told)
    return CHANGES if plan["state"] != "Applied" or status.get("drift") else 0


def current_plan(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan in the status. Raises click.ClickException where there is none for the spec there is now."""
    status, name = status_of(obj), obj["metadata"]["name"]
    plan: Mapping[str, Any] = status.get("plan") or {}
    if not status:
        raise click.ClickException(f"There is no plan of {name} yet: the operator has not looked at it. Is it running?")
    if not is_current(status, obj):
        raise click.ClickException(f"{name} was edited since the operator looked at it. Try again in a moment.")
    if "state" not in plan:
        told = str(plan.get("summary") or f"There is no plan of {name} yet.")
        raise click.ClickException(f"{told} {obstacle(obj)}".rstrip())
    return plan


def _beside(obj: Mapping[str, Any], plan_id: str) -> str:
    """What the plan itself does not say: how to approve it, or why the resource is not Ready."""
    if condition_of(obj, ConditionType.READY).get("reason") != Reason.AWAITING_APPROVAL:
        return obstacle(obj)
    metadata = obj["metadata"]
    why = "" if obj["spec"].get("approval") == Approval.MANUAL else f"It waits because {SHARED}. "
    return f"{why}Approve it with: recordings approve {metadata['name']} -n {metadata['namespace']} --plan {plan_id}"
