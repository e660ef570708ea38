"""What may be applied now: which effects of a plan are new, which were approved before, and which are drift.

What was approved is remembered in `status.managed`, written before anything is applied: so a crash goes on where it
was, and what somebody else changes later is told from what was never wanted before. A lost status only means asking
again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .bucket_settings import CREATED_BY, Risk
from .desired import Approval, Desired, DriftPolicy, Management
from .effects import NO_BUCKET, Effect, Identity, Kind, Skipped


class State(StrEnum):
    """Approved and not seen as wanted yet, or seen as wanted since (Applied); or seen as wanted, but agreed to by
    nobody (Found).
    """

    APPROVED = "Approved"
    APPLIED = "Applied"
    FOUND = "Found"


_SEEN = (State.APPLIED, State.FOUND)


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in `status.managed` for one path. `digest` is of 16 hexadecimal digits."""

    path: str
    digest: str
    state: State


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of earlier passes. `approved_plan` is the id approved last, in person or by policy."""

    records: tuple[Record, ...] = ()
    approved_plan: str = ""

    @staticmethod
    def of(status: Mapping[str, Any]) -> "Memory":
        """Read it from a status; what cannot be read was never approved."""
        whole = [one for one in status.get("managed", ()) if {"path", "digest", "state"} <= one.keys()]
        known = [one for one in whole if one["state"] in set(State)]
        records = tuple(Record(one["path"], one["digest"], State(one["state"])) for one in known)
        return Memory(records, status.get("lastApprovedPlan", ""))

    def has_seen(self, identity: Identity, path: str, want: str) -> bool:
        """Whether this was seen as wanted."""
        return any(Record(path, _applied(identity, path, want), state) in self.records for state in _SEEN)

    def expects(self, identity: Identity, path: str, want: str) -> bool:
        """Whether it is to be so from the making of the bucket on, which was begun."""
        return Record(path, _approved(identity, path, NO_BUCKET, want), State.APPROVED) in self.records

    def without_expectations(self) -> "Memory":
        """After a pass at whose end there is certainly no bucket of our making."""
        return replace(self, records=tuple(record for record in self.records if record.state in _SEEN))


@dataclass(frozen=True, slots=True)
class Proposal:
    """The outside half of a plan: effects in the order they are applied in, and what is as wanted already.

    `settled` maps the paths that are as wanted to what that is. `skipped` could not be looked at, and the paths of
    `unseen` not now. `shared` says that the bucket holds, or held when it was adopted, what others may need;
    `replaced`, that it has taken the place of one that was made or adopted before.
    """

    identity: Identity
    effects: tuple[Effect, ...] = ()
    settled: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    shared: bool = False
    replaced: bool = False
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`due` is applied now, in order; `waiting` needs an approval; `drift` differs from what was as wanted before.

    `stale` is an approval that names another plan than this one, empty without. `memory` is as it has to stand before
    anything is applied.
    """

    plan_id: str
    due: tuple[Effect, ...]
    waiting: tuple[Effect, ...]
    drift: tuple[Effect, ...]
    stale: str
    memory: Memory
    skipped: tuple[Skipped, ...] = ()

    @property
    def shown(self) -> tuple[Effect, ...]:
        """The plan as people see it."""
        return self.waiting + self.due


def decide(proposal: Proposal, desired: Desired, memory: Memory, approval: str) -> Decision:
    """What becomes of each effect. `approval` is the plan id that a person has approved, empty without."""
    # Whatever was agreed to about a bucket says nothing about another one that has taken its place.
    adopting = any(one.kind is Kind.ADOPT_BUCKET for one in proposal.effects)
    known = {} if adopting else {record.path: record for record in memory.records}
    drift = tuple(one for one in proposal.effects if _is_drift(one, known.get(one.path), desired, proposal))
    begun = tuple(one for one in proposal.effects if _is_approved(one, known, proposal.identity))
    new = tuple(one for one in proposal.effects if one not in drift and one not in begun)
    plan_id = proposal.identity.plan_id(new or begun or drift)
    if desired.s3 is not None and desired.s3.management is Management.OBSERVE:
        return Decision("", (), (), proposal.effects, "", memory, proposal.skipped)
    approved = bool(new) and (approval == plan_id or not _needs_a_person(desired, proposal, new))
    reverted = drift if desired.drift_policy is DriftPolicy.REVERT else ()
    allowed = [*begun, *reverted, *(new if approved else ())]
    made = any(one.kind is Kind.CREATE_BUCKET for one in allowed)
    records = _remembered(proposal, known, [*filter(_is_of_a_bucket, begun), *(new if approved else ())], made)
    last = plan_id if approved else memory.approved_plan
    return Decision(
        plan_id=plan_id,
        due=_within_reach(tuple(one for one in proposal.effects if one in allowed), proposal.effects),
        waiting=() if approved else new,
        drift=drift,
        stale=approval if new and not approved and approval not in ("", memory.approved_plan) else "",
        # As long as nobody has agreed to another bucket, what was known of the one before says that it is another.
        memory=memory.without_expectations() if adopting and not approved else Memory(records, last),
        skipped=proposal.skipped,
    )


def _needs_a_person(desired: Desired, proposal: Proposal, new: tuple[Effect, ...]) -> bool:
    """Whoever shares a bucket unasked may not be stopped unasked: a public website, a writer without TLS."""
    harmless = all(one.risk is Risk.SAFE for one in new)
    return desired.approval is Approval.MANUAL or proposal.replaced or (proposal.shared and not harmless)


def _is_of_a_bucket(effect: Effect) -> bool:
    """What was agreed to before there was a bucket is from here on a change from what it has now, and from nothing that
    somebody sets later. The mark says that we made it, whenever it can be set.
    """
    return effect.have != NO_BUCKET and not effect.path.endswith(CREATED_BY)


def _within_reach(due: tuple[Effect, ...], effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Nothing can be set in a bucket that is not there, as long as making it waits or is only reported."""
    if all(one in due for one in effects if one.kind is Kind.CREATE_BUCKET):
        return due
    return tuple(one for one in due if one.kind is not Kind.CHANGE_SETTING)


def _is_drift(effect: Effect, record: Record | None, desired: Desired, proposal: Proposal) -> bool:
    """Whether it was as wanted before, and may be put back. What was merely found so is somebody else's to change,
    where a plan to make it so would have been asked for.
    """
    if record is None or record.digest != _applied(proposal.identity, effect.path, effect.want):
        return False
    if record.state is State.FOUND and desired.drift_policy is DriftPolicy.REVERT and effect.have != NO_BUCKET:
        return not _needs_a_person(desired, proposal, (effect,))
    return record.state in _SEEN


def _is_approved(effect: Effect, known: Mapping[str, Record], identity: Identity) -> bool:
    """Approved as it is now, or before the bucket was there: whatever a new bucket brings is our own doing."""
    record = known.get(effect.path)
    if record is None or record.state is not State.APPROVED:
        return False
    return record.digest in {_approved(identity, effect.path, have, effect.want) for have in (effect.have, NO_BUCKET)}


def _remembered(
    proposal: Proposal, known: Mapping[str, Record], approved: Iterable[Effect], made: bool
) -> tuple[Record, ...]:
    """One record a path, of paths that are still wanted. `made` says that the bucket is made now."""
    identity, settled = proposal.identity, proposal.settled
    looked_at = {*settled, *(one.path for one in proposal.effects), *(one.path for one in proposal.skipped)}
    paths = looked_at | set(proposal.unseen)
    records = {path: record for path, record in known.items() if path in paths}
    records |= {one.path: _agreed(identity, one) for one in approved}
    records |= {path: _settled(identity, path, want, known.get(path), made) for path, want in settled.items()}
    return tuple(records[path] for path in sorted(records))


def _settled(identity: Identity, path: str, want: str, record: Record | None, made: bool) -> Record:
    """Whoever agrees to the making of a bucket agrees to what it is made like."""
    applied = Record(path, _applied(identity, path, want), State.APPLIED)
    approved = (
        record and record.state is State.APPROVED and record.digest[8:] == _approved(identity, path, "", want)[8:]
    )
    agreed = made or record == applied or approved
    return applied if agreed else replace(applied, state=State.FOUND)


def _agreed(identity: Identity, effect: Effect) -> Record:
    """Adopting a bucket changes nothing in it: agreeing is all there is to do."""
    if effect.kind is Kind.ADOPT_BUCKET:
        return Record(effect.path, _applied(identity, effect.path, effect.want), State.APPLIED)
    return Record(effect.path, _approved(identity, effect.path, effect.have, effect.want), State.APPROVED)


def _applied(identity: Identity, path: str, want: str) -> str:
    return identity.digest("applied", path, want)[:16]


def _approved(identity: Identity, path: str, have: str, want: str) -> str:
    """An approval is of a change from something: where that has changed meanwhile, it is asked for again. The second
    half tells what to.
    """
    return identity.digest("approved", path, have)[:8] + identity.digest("approved", path, want)[:8]
