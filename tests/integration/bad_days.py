"""What holds on every bad day."""

from recording_storage_operator.core.work import Key
from tests.integration.cloud_world import INTERVAL, CloudWorld

HOUR = 3600
SPELL = 900
"""Seconds a bad day lasts here: three of the longest pauses."""


def endure(
    world: CloudWorld,
    key: Key,
    reason: str,
    *words: str,
    stalled: bool = False,
    swept: bool = False,
    writes: int = 1,
) -> int:
    """A quarter of an hour of it: the reason is shown with words that help, the ledger stays, and a write tells all.

    Two where a sweep meets it first and the pass behind it knows better, or where a plan is told before it is applied.
    `swept` says that deletions are looked for all the while. Returns how many requests Twilio got.
    """
    listed, written, requests = world.entries(key), world.cluster.writes, world.requests()
    world.clock.advance(seconds=INTERVAL)
    world.live(key, SPELL)
    conditions = world.conditions(key)
    assert conditions["Ready"] == ("False", reason)
    assert conditions["LedgerComplete"] == (("True", "Swept") if swept else ("False", reason))
    assert conditions.get("Stalled" if stalled else "Reconciling") == ("True", reason)
    assert ("Stalled" in conditions, "Reconciling" in conditions) == (stalled, not stalled)
    assert [word for word in words if word not in world.message(key)] == []
    assert world.entries(key) == listed
    assert world.cluster.writes - written == writes
    return world.requests() - requests


def heal(world: CloudWorld, key: Key, within: float) -> None:
    """The cause is gone: so is every trace of it in time, and the ledger is the truth."""
    world.live(key, within + 1)
    assert world.conditions(key) == world.healthy(key)
    world.assert_true(key)
