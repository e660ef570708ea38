"""What to do in Twilio's Console, with the values to enter there."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from ..core.errors import Terminal
from ..core.reasons import ConditionType, Reason
from .conditions import condition_of, is_current


def console_steps(obj: Mapping[str, Any]) -> list[Text]:
    """The steps for ConsoleActionRequired; none where it is absent, or about a spec that was edited meanwhile."""
    condition = condition_of(obj, ConditionType.CONSOLE_ACTION_REQUIRED)
    if condition.get("status") != "True" or not is_current(condition, obj):
        return []
    from ..api.desired import to_desired  # takes pydantic, which no other command needs

    try:
        desired = to_desired(obj)
    except Terminal:
        return []  # written before a rule of the CRD: the condition's own sentence has to do
    if condition["reason"] == Reason.DISABLE_EXTERNAL_STORAGE or desired.s3 is None:
        values = {"External storage": "Disabled"}
    else:
        values = {
            "External storage": "Enabled",
            "AWS S3 bucket URL": desired.s3.url,
            "AWS credential": f"one that may write to {desired.s3.name}",
        }
    own = desired.s3 is not None and not desired.s3.is_at_aws and desired.s3.endpoint_url
    caution = [Text(f"  Only where {own} stands in for AWS S3: Twilio writes to no other server.")] if own else []
    return [
        Text("To do in Twilio's Console", "bold"),
        *caution,
        Text(f"  1. Choose account {desired.twilio.account_sid}."),
        Text("  2. Open Voice > Settings > General > Voice Recording settings."),
        Text("  3. Set"),
        *(Text.assemble(f"       {name:<19}", (value, "bold cyan")) for name, value in values.items()),
        Text("  4. Save, and make a recorded call: from that it is seen to be done."),
    ]
