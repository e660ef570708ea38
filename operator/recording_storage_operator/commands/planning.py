"""`recordings plan NAME`: the plan in the status of a resource."""

import json
from collections.abc import Mapping
from typing import Any

import click

from ..core.reasons import ConditionType
from . import screen
from .conditions import condition_of, is_current
from .plan_command import CHANGES
from .plan_page import stored


def show_stored(obj: Mapping[str, Any], output: str) -> int:
    """Print what the operator would do, from the status. Returns the exit code.

    Raises click.ClickException where the status says nothing about the spec there is now.
    """
    status = obj.get("status") or {}
    plan = current_plan(obj)
    if output == "json":
        resource = {name: obj["metadata"][name] for name in ("namespace", "name")}
        click.echo(json.dumps({"resource": resource, "plan": plan, "drift": status.get("drift", [])}, indent=2))
    else:
        screen.console().print(stored(obj).text(), soft_wrap=True)
    ready = condition_of(obj, ConditionType.READY)
    if ready.get("status") != "True":
        click.echo(f"Not Ready ({ready.get('reason', 'Unknown')}): {ready.get('message', '')}", err=True)
    return CHANGES if plan["state"] != "Applied" or status.get("drift") else 0


def current_plan(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan in the status. Raises click.ClickException where there is none for the spec there is now."""
    status, name = obj.get("status") or {}, obj["metadata"]["name"]
    plan: Mapping[str, Any] = status.get("plan") or {}
    if not status:
        raise click.ClickException(f"There is no plan of {name} yet: the operator has not looked at it. Is it running?")
    if not is_current(status, obj):
        raise click.ClickException(f"{name} was edited since the operator looked at it. Try again in a moment.")
    if "state" not in plan:
        raise click.ClickException(str(plan.get("summary") or f"There is no plan of {name} yet."))
    return plan
