"""A plan without a pass: what a spec would do, from live reads of Twilio and S3."""

from ..core.approval import Memory
from ..core.clock import Clock
from ..core.desired import Desired
from ..core.plan import Plan, plan
from .connect import locator_of, world_of
from .inputs import Credentials
from .observe import observe
from .ports import CloudClients
from .visits import Learnt

NOTHING_REMEMBERED = Memory()


def preview(
    clouds: CloudClients,
    desired: Desired,
    credentials: Credentials,
    clock: Clock,
    memory: Memory = NOTHING_REMEMBERED,
    twilio_host: str = "",
) -> Plan:
    """The plan that a pass of this spec would make that remembers `memory` of earlier ones. Changes nothing.

    Raises the errors of `core.errors`.
    """
    world = world_of(clouds, desired, credentials, locator_of(desired, twilio_host), Learnt())
    observed = observe(world, desired, memory, (), None, clock.now())
    if observed.writer_trouble:
        raise observed.writer_trouble
    return plan(desired, observed, memory, "", clock.now())
