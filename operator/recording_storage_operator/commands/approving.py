"""`recordings approve`: a person's yes to exactly one plan."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import click

from ..api.names import APPROVED_PLAN
from ..core.desired import Approval
from ..core.errors import Transient
from ..core.reasons import ConditionType, Reason
from . import screen
from .conditions import condition_of
from .plan_page import stored
from .planning import current_plan

_ASKING = (Reason.AWAITING_APPROVAL, Reason.APPROVAL_STALE)
"""With approval Automatic, too, a bucket that holds objects of others waits for a person."""


class Stored(Protocol):
    """A resource in the cluster."""

    def storage(self) -> Mapping[str, Any]: ...

    def change(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """JSON patch. Raises Transient(KUBERNETES_CONFLICT) where a `test` does not hold."""
        ...


def approve(cluster: Stored, wanted: str, *, agreed: bool) -> str:
    """Approve the plan of a resource; returns its id. `wanted` is the id to approve, empty for the one there is.

    Without that id somebody is asked at the terminal, unless they have `agreed`. Raises click.ClickException where
    there is nothing to approve, or something else than `wanted`.
    """
    wanted = wanted.strip(" .")  # copied with the end of its sentence
    obj = cluster.storage()
    plan_id = _open_plan(obj, wanted)
    if not wanted:
        _ask(obj, plan_id, agreed=agreed)
    try:
        cluster.change(_operations(obj, plan_id))
    except Transient as error:
        if error.reason is not Reason.KUBERNETES_CONFLICT:
            raise
        # The operator writes status all the time. What was agreed to is this plan and no other.
        fresh = cluster.storage()
        cluster.change(_operations(fresh, _open_plan(fresh, plan_id)))
    return plan_id


def _open_plan(obj: Mapping[str, Any], wanted: str) -> str:
    """The id of the plan that waits for approval."""
    plan, name = current_plan(obj), obj["metadata"]["name"]
    plan_id = str(plan.get("id", ""))
    if not plan_id:
        raise click.ClickException(f"There is nothing to approve for {name}. {plan['summary']}")
    reason = condition_of(obj, ConditionType.IN_SYNC).get("reason")
    if obj["spec"].get("approval") != Approval.MANUAL and reason not in _ASKING:
        raise click.ClickException(
            f"There is nothing to approve for {name}: spec.approval is {Approval.AUTOMATIC}. {plan['summary']}"
        )
    if reason == Reason.APPLYING:
        raise click.ClickException(f"There is nothing to approve for {name}: plan {plan_id} is being applied.")
    if wanted and wanted != plan_id:
        raise click.ClickException(
            f"Plan {wanted} is not the plan of {name} any more. It is {plan_id} now: look at it with "
            f"recordings plan {name} -n {obj['metadata']['namespace']}"
        )
    return plan_id


def _ask(obj: Mapping[str, Any], plan_id: str, *, agreed: bool) -> None:
    screen.show(stored(obj).text(screen.line_width()))
    if agreed:
        return
    if not (sys.stdin.isatty() and screen.is_terminal()):
        raise click.ClickException(f"Nobody can be asked here. Approve exactly this plan: --plan {plan_id}")
    if not click.confirm(f"Approve plan {plan_id}?"):
        raise click.ClickException("Not approved.")


def _operations(obj: Mapping[str, Any], plan_id: str) -> list[dict[str, Any]]:
    """The annotation, on the very version of the object that was looked at."""
    metadata = obj["metadata"]
    annotations = {**(metadata.get("annotations") or {}), APPROVED_PLAN: plan_id}
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "add", "path": "/metadata/annotations", "value": annotations},
    ]
