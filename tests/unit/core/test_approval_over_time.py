"""Specs are edited, buckets change behind our back, people approve, and passes crash at any moment.

What is applied is held against a record of the test's own: what was agreed to, and what was seen as wanted before.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from recording_storage_operator.core.approval import Decision, Memory, Proposal, decide
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.desired import (
    Approval,
    BucketSettings,
    DriftPolicy,
    Encryption,
    Management,
)
from recording_storage_operator.core.effects import NO_BUCKET, Effect, Identity, Kind
from recording_storage_operator.core.facts import Aspect, BucketFacts, Reading
from recording_storage_operator.core.proposal import Content, is_unknown, propose
from recording_storage_operator.reconcile.apply import Changer
from tests.unit.core.s3_documents import documents, one_document
from tests.unit.core.worlds import S3, in_bucket, observed

BUCKETS = ["one", "two"]


class Crash(Exception):
    """The process dies."""


@dataclass
class Store:
    """The buckets of a server, and the number of writes after which the process dies."""

    buckets: dict[str, dict[Aspect, Mapping[str, Any]]] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    crash_in: int = -1

    def admin(self, name: str) -> "Admin":
        return Admin(self, name)

    def make(self, name: str, found: Mapping[Aspect, Mapping[str, Any]]) -> None:
        """An empty one, where there is none of this name."""
        if name not in self.buckets:
            self.buckets[name], self.contents[name] = dict(found), Content(0, 0, more=False)

    def written(self) -> None:
        """A crash comes before a write or, as its answer is lost, after it."""
        self.crash_in -= 1
        if self.crash_in == 0:
            raise Crash


@dataclass
class Admin:
    """One bucket, as the operator changes it."""

    store: Store
    name: str

    def create(self) -> None:
        self.store.written()
        self.store.make(self.name, {})
        self.store.written()

    def delete(self) -> None:
        del self.store.buckets[self.name]

    def read(self, aspect: Aspect) -> Reading:
        return Reading(self.store.buckets[self.name].get(aspect, {}))

    def write(self, aspect: Aspect, document: Mapping[str, Any]) -> None:
        self.store.written()
        self.store.buckets[self.name][aspect] = document
        self.store.written()


Agreed = tuple[Identity, str, str]
"""A change that was agreed to, from something to something."""

wishes = st.builds(
    BucketSettings,
    versioning=st.booleans(),
    encryption=st.sampled_from([Encryption.ANY, Encryption.AES256, Encryption.KMS]),
    block_public_access=st.just(True),
    enforce_ownership=st.just(False),
    require_tls=st.booleans(),
    abort_uploads_after=st.sampled_from([0, 7]),
    expire_noncurrent=st.booleans(),
    tags=st.sampled_from([(), (("team", "voice"),), (("team", "sales"),)]),
)


class Life(RuleBasedStateMachine):
    """`memory` is what stands in the status, `shown` the plan that people saw there."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.desired = in_bucket(S3, name="one", region="us-east-1")
        self.annotation = ""
        self.memory = Memory()
        self.shown: Decision | None = None
        self.agreed: dict[str, Agreed] = {}
        self.as_wanted: dict[str, tuple[Identity, str]] = {}
        self.found: dict[str, tuple[Identity, str]] = {}

    # What people do.

    @rule(wanted=wishes)
    def edit_the_settings(self, wanted: BucketSettings) -> None:
        self.desired = in_bucket(self.desired, settings=wanted)

    @rule(
        approval=st.sampled_from(Approval), drift=st.sampled_from(DriftPolicy), management=st.sampled_from(Management)
    )
    def edit_the_policies(self, approval: Approval, drift: DriftPolicy, management: Management) -> None:
        changed = replace(self.desired, approval=approval, drift_policy=drift)
        self.desired = in_bucket(changed, management=management)

    @rule()
    def ask_to_be_asked(self) -> None:
        self.desired = in_bucket(replace(self.desired, approval=Approval.MANUAL), management=Management.MANAGE)

    @rule(name=st.sampled_from(BUCKETS))
    def name_another_bucket(self, name: str) -> None:
        self.desired = in_bucket(self.desired, name=name)

    @precondition(lambda self: self.shown is not None)
    @rule()
    def approve(self) -> None:
        assert self.shown is not None
        self.annotation = self.shown.plan_id

    @rule(wrong=st.sampled_from(["", "0" * 12]))
    def approve_something_else(self, wrong: str) -> None:
        self.annotation = wrong

    @rule()
    def lose_the_status(self) -> None:
        self.memory, self.shown = Memory(), None
        self.agreed, self.as_wanted, self.found = {}, {}, {}

    # What happens outside.

    @rule(name=st.sampled_from(BUCKETS), found=one_document)
    def change_from_outside(self, name: str, found: tuple[Aspect, Mapping[str, Any]]) -> None:
        aspect, document = found
        if name in self.store.buckets:
            self.store.buckets[name][aspect] = document

    @rule(name=st.sampled_from(BUCKETS))
    def delete_from_outside(self, name: str) -> None:
        self.store.buckets.pop(name, None)

    @rule(name=st.sampled_from(BUCKETS), found=documents)
    def create_from_outside(self, name: str, found: Mapping[Aspect, Mapping[str, Any]]) -> None:
        self.store.make(name, found)

    @rule(name=st.sampled_from(BUCKETS), recordings=st.integers(0, 2), others=st.integers(0, 2))
    def fill(self, name: str, recordings: int, others: int) -> None:
        self.store.contents[name] = Content(recordings, others, more=False, foreign=others)

    # What the operator does.

    @rule()
    def run(self) -> None:
        self.reconcile()

    @rule(crash_in=st.integers(1, 8))
    def run_and_crash(self, crash_in: int) -> None:
        self.store.crash_in = crash_in
        with contextlib.suppress(Crash):
            self.reconcile()
        self.store.crash_in = -1

    @rule()
    def crash_before_anything_is_remembered(self) -> None:
        self.look(self.memory)

    @rule()
    def approve_until_nothing_is_left(self) -> None:
        self.desired = in_bucket(replace(self.desired, drift_policy=DriftPolicy.REVERT), management=Management.MANAGE)
        for _ in range(3):
            self.reconcile()
            self.annotation = self.shown.plan_id if self.shown else ""
        proposal, decision = self.look(self.memory)
        assert (proposal.effects, decision.shown, decision.drift) == ((), (), ())

    def reconcile(self) -> None:
        """A pass, in the order of the real one."""
        proposal, decision = self.look(self.memory)
        if decision.due:
            self.check(proposal, decision)
            self.remember(proposal, decision)
            Changer(None, self.store.admin(self.bucket), None, {}).apply(decision.due)
            proposal, decision = self.look(self.memory)
        self.remember(proposal, decision)

    def look(self, memory: Memory) -> tuple[Proposal, Decision]:
        found = self.store.buckets.get(self.bucket)
        settings = {} if found is None else {aspect: Reading(found.get(aspect, {})) for aspect in Aspect}
        unknown = found is not None and is_unknown(self.desired, memory, settings)
        seen = observed(
            bucket=None if found is None else BucketFacts(self.bucket, "us-east-1", True),
            settings=settings,
            content=self.store.contents[self.bucket] if unknown else None,
        )
        proposal = propose(self.desired, seen, memory)
        return proposal, decide(proposal, self.desired, memory, self.annotation)

    @property
    def bucket(self) -> str:
        assert self.desired.s3 is not None
        return self.desired.s3.name

    def check(self, proposal: Proposal, decision: Decision) -> None:
        """Nothing is applied that nobody asked for."""
        assert self.desired.s3 is not None
        assert self.desired.s3.management is Management.MANAGE, "Observe touches nothing"
        if proposal.replaced and decision.due:
            assert self.annotation == decision.plan_id, "another bucket in the place of ours takes a person"
            self.agreed, self.as_wanted, self.found = {}, {}, {}
        for effect in decision.due:
            if self.as_wanted.get(effect.path) == (proposal.identity, effect.want):
                assert self.desired.drift_policy is DriftPolicy.REVERT, f"{effect} was to be reported"
                if self.found.get(effect.path) == (proposal.identity, effect.want):
                    self.check_found(proposal, decision, effect)
            elif self.desired.approval is Approval.MANUAL:
                by_id = self.annotation == decision.plan_id
                assert by_id or self.was_agreed(proposal.identity, effect), f"nobody approved {effect}"

    def check_found(self, proposal: Proposal, decision: Decision, effect: Effect) -> None:
        """What was only found as wanted is put back unasked where nobody would have been asked to make it so."""
        if effect.have == NO_BUCKET:
            return  # a bucket that is made anew is set up whole
        needs_a_person = proposal.shared and effect.risk is not Risk.SAFE
        if self.desired.approval is Approval.MANUAL or needs_a_person:
            by_id = self.annotation == decision.plan_id
            assert by_id or self.was_agreed(proposal.identity, effect), f"nobody approved {effect}"

    def was_agreed(self, identity: Identity, effect: Effect) -> bool:
        found = self.agreed.get(effect.path)
        return found in [(identity, have, effect.want) for have in (effect.have, NO_BUCKET)]

    def remember(self, proposal: Proposal, decision: Decision) -> None:
        """The status is written."""
        self.memory, self.shown = decision.memory, decision
        if self.desired.s3 and self.desired.s3.management is Management.OBSERVE:
            return
        if any(effect.kind is Kind.ADOPT_BUCKET for effect in decision.waiting):
            self.agreed = {}  # it was about another bucket, or none
            return
        settled = proposal.settled or {}
        paths = {*settled, *(effect.path for effect in proposal.effects)}
        before = set(self.agreed)
        self.agreed = {path: agreed for path, agreed in self.agreed.items() if path in paths - set(settled)}
        self.as_wanted = {path: wanted for path, wanted in self.as_wanted.items() if path in paths}
        for effect in decision.due:
            if effect.kind is Kind.ADOPT_BUCKET:  # there is nothing to do but to agree
                self.as_wanted[effect.path] = (proposal.identity, effect.want)
            elif self.as_wanted.get(effect.path) != (proposal.identity, effect.want):
                self.as_wanted.pop(effect.path, None)
                if not self.was_agreed(proposal.identity, effect):
                    self.agreed[effect.path] = (proposal.identity, effect.have, effect.want)
        wanted = {path: (proposal.identity, want) for path, want in settled.items()}
        made = any(effect.kind is Kind.CREATE_BUCKET for effect in decision.due)
        known = self.as_wanted.items() - self.found.items()
        asked = {path for path in wanted if made or path in before or (path, wanted[path]) in known}
        self.found = {path: self.found[path] for path in self.found.keys() & paths - asked}
        self.found |= {path: wanted[path] for path in wanted.keys() - asked}
        self.as_wanted |= wanted


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
TestLife = Life.TestCase
