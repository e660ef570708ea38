"""What may be applied now, what waits, and what was never to be touched."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recording_storage_operator.api.desired import to_desired
from recording_storage_operator.core.approval import Decision, Memory, Proposal, Record, State, decide
from recording_storage_operator.core.bucket_settings import Risk
from recording_storage_operator.core.desired import (
    Approval,
    DeletionPolicy,
    Desired,
    DriftPolicy,
    Encryption,
    Management,
    TwilioAccount,
)
from recording_storage_operator.core.effects import NO_BUCKET, Effect, Identity, Kind, Skipped
from recording_storage_operator.core.facts import Obstacle
from recording_storage_operator.core.proposal import identity_of, propose
from tests.unit.core.worlds import S3, in_bucket, observed, readings, wanting

MANUAL = replace(S3, approval=Approval.MANUAL)
REPORT = replace(MANUAL, drift_policy=DriftPolicy.REPORT)
IDENTITY = identity_of(S3)
NEVER = Memory()


def effect(path: str = "tags.team", have: str = "absent", want: str = "voice") -> Effect:
    return Effect(Kind.CHANGE_SETTING, path, have, want, Risk.SAFE, f"set {path} to {want}")


def proposed(*effects: Effect, identity: Identity = IDENTITY, **settled: str) -> Proposal:
    return Proposal(identity, effects, settled)


def decided(
    *effects: Effect, desired: Desired = MANUAL, memory: Memory = NEVER, approval: str = "", **settled: str
) -> Decision:
    return decide(Proposal(IDENTITY, effects, settled), desired, memory, approval)


def plan_id(*effects: Effect) -> str:
    return IDENTITY.plan_id(effects)


def plan_of(desired: Desired) -> str:
    """The id of the first plan of a spec in a bucket without settings."""
    proposal = propose(desired, observed(settings=readings({})), Memory())
    return proposal.identity.plan_id(proposal.effects)


def agreed(**wanted: str) -> Memory:
    """Of settings that were approved, and seen as wanted since."""
    changes = tuple(effect(path, "other", want) for path, want in wanted.items())
    begun = decided(*changes, approval=plan_id(*changes)).memory
    return decide(Proposal(IDENTITY, settled=wanted), MANUAL, begun, "").memory


APPLIED = agreed(encryption="AES256", versioning="Enabled")
FOUND = decided(encryption="AES256", versioning="Enabled").memory
"""Of settings that were as wanted before anybody was asked."""

SPEC = """
metadata: {name: acme, namespace: default, uid: uid-1}
spec:
  backend: S3
  twilio: {accountSid: AC00000000000000000000000000000000, credentialsSecretRef: {name: twilio}}
  s3:
    bucket: acme-recordings
    region: us-east-1
    tags: {team: voice, cost: "1"}
"""

SAME_SPEC = """
spec:
    s3:
        tags:
            cost:   "1"
            team:   voice
        lifecycle: {}
        region: "us-east-1"
        bucket: acme-recordings
        prefix: ""
    twilio:
        credentialsSecretRef:
            name: twilio
        accountSid: AC00000000000000000000000000000000
    backend: S3
    sweepInterval: 1h
    retention: {metadataDays: 30}
    approval: Manual
metadata:
    uid: uid-1
    name: acme
    namespace: default
    annotations: {"recordings.dev/reconcile-requested-at": now}
    labels: {a: b}
"""


def test_a_plan_keeps_its_id_however_the_spec_is_written_and_whatever_else_is_edited() -> None:
    assert plan_of(to_desired(yaml.safe_load(SPEC))) == plan_of(to_desired(yaml.safe_load(SAME_SPEC)))


@pytest.mark.parametrize(
    "edited",
    [
        replace(S3, metadata_days=30),
        replace(S3, approval=Approval.MANUAL),
        replace(S3, drift_policy=DriftPolicy.REPORT),
        replace(S3, deletion_policy=DeletionPolicy.DELETE),
        replace(S3, suspend=True),
        in_bucket(credentials_secret="other"),
        in_bucket(force_path_style=True),
    ],
)
def test_a_plan_keeps_its_id_where_nothing_in_it_is_edited(edited: Desired) -> None:
    assert plan_of(edited) == plan_of(S3)


@pytest.mark.parametrize(
    "edited",
    [
        replace(S3, twilio=TwilioAccount("AC" + "b" * 32, "twilio")),
        in_bucket(name="other"),
        in_bucket(endpoint_url="https://minio"),
        in_bucket(region="eu-central-1"),
        in_bucket(prefix="calls/"),
        wanting(tags=(("team", "voice"),)),
        wanting(versioning=False),
        wanting(encryption=Encryption.KMS),
        wanting(expire_noncurrent=True),
        wanting(abort_uploads_after=8),
    ],
)
def test_a_plan_about_something_else_has_another_id(edited: Desired) -> None:
    assert plan_of(edited) != plan_of(S3)


@pytest.mark.parametrize("field", ["account_sid", "endpoint", "bucket", "region"])
def test_the_id_is_of_the_account_and_of_the_bucket(field: str) -> None:
    other = replace(IDENTITY, **{field: "other"})
    assert other.plan_id((effect(),)) != plan_id(effect())


@pytest.mark.parametrize(
    "other", [effect("other"), effect("encryption", have="other"), effect("encryption", want="other")]
)
def test_the_id_is_of_each_change(other: Effect) -> None:
    assert plan_id(effect(), other) != plan_id(effect(), effect("encryption"))


def test_the_age_of_versions_that_are_removed_is_part_of_the_plan() -> None:
    expiring = wanting(expire_noncurrent=True)
    assert plan_of(expiring) != plan_of(replace(expiring, metadata_days=30))


@given(st.permutations([effect("a"), effect("b"), effect("c", "x", "y")]))
def test_the_order_of_changes_makes_no_other_plan(effects: list[Effect]) -> None:
    assert plan_id(*effects) == plan_id(effect("a"), effect("b"), effect("c", "x", "y"))


def test_what_is_said_about_a_change_makes_no_other_plan() -> None:
    assert plan_id(replace(effect(), summary="reworded", risk=Risk.DESTRUCTIVE)) == plan_id(effect())


def test_automatic_approves() -> None:
    decision = decided(effect(), desired=S3)
    assert decision.due == decision.shown == (effect(),)
    assert decision.memory.approved_plan == decision.plan_id == plan_id(effect())


def test_automatic_asks_before_it_could_stop_others_who_use_the_bucket() -> None:
    harmless, harmful = effect(), replace(effect("publicAccess"), risk=Risk.DISRUPTIVE)
    shared = Proposal(IDENTITY, (harmless, harmful), shared=True)
    decision = decide(shared, S3, NEVER, "")
    assert (decision.due, decision.waiting) == ((), (harmless, harmful))
    assert decide(shared, S3, NEVER, decision.plan_id).due == (harmless, harmful)
    assert decide(replace(shared, effects=(harmless,)), S3, NEVER, "").due == (harmless,)
    assert decide(replace(shared, shared=False), S3, NEVER, "").due == (harmless, harmful)


def test_manual_waits() -> None:
    decision = decided(effect())
    assert decision.waiting == decision.shown == (effect(),)
    assert (decision.due, decision.memory, decision.stale) == ((), Memory(), "")


def test_the_right_id_approves_and_is_remembered_before_anything_is_applied() -> None:
    decision = decided(effect(), approval=plan_id(effect()))
    assert (decision.due, decision.waiting) == ((effect(),), ())
    [record] = decision.memory.records
    assert (record.path, record.state) == ("tags.team", State.APPROVED)


def test_another_id_is_stale_and_the_new_one_is_told() -> None:
    decision = decided(effect(), approval="0" * 12)
    assert (decision.due, decision.waiting) == ((), (effect(),))
    assert (decision.stale, decision.plan_id) == ("0" * 12, plan_id(effect()))


def test_an_id_that_was_approved_before_is_not_called_stale() -> None:
    first = decided(effect(), approval=plan_id(effect()))
    second = decided(effect("encryption"), memory=first.memory, approval=first.plan_id)
    assert (second.due, second.waiting, second.stale) == ((), (effect("encryption"),), "")


def test_an_approval_of_a_change_from_something_else_is_not_applied() -> None:
    moved = effect(have="sales")
    decision = decided(moved, approval=plan_id(effect()))
    assert (decision.due, decision.waiting, decision.stale) == ((), (moved,), plan_id(effect()))


def test_a_crash_between_approval_and_change_goes_on_without_asking() -> None:
    approved = decided(effect(), effect("encryption"), approval=plan_id(effect(), effect("encryption"))).memory
    decision = decided(effect(), memory=approved, encryption="voice")
    assert (decision.due, decision.waiting) == ((effect(),), ())


def test_so_it_does_when_the_plan_was_made_before_the_bucket() -> None:
    approved = decided(effect(have=NO_BUCKET), approval=plan_id(effect(have=NO_BUCKET))).memory
    assert decided(effect(), memory=approved).due == (effect(),)


def test_it_asks_again_where_somebody_else_made_a_change_meanwhile() -> None:
    approved = decided(effect(), approval=plan_id(effect())).memory
    moved = effect(have="sales")
    decision = decided(moved, memory=approved, approval=plan_id(effect()))
    assert (decision.due, decision.waiting) == ((), (moved,))


def test_it_asks_again_where_something_else_is_wanted_meanwhile() -> None:
    approved = decided(effect(), approval=plan_id(effect())).memory
    assert decided(effect(want="sales"), memory=approved).due == ()


DRIFTED = effect("encryption", "absent", "AES256")


def test_drift_is_put_back_without_asking_while_what_is_new_waits() -> None:
    decision = decided(DRIFTED, effect(), memory=APPLIED, versioning="Enabled")
    assert (decision.due, decision.drift, decision.waiting) == ((DRIFTED,), (DRIFTED,), (effect(),))
    assert decision.plan_id == plan_id(effect()), "only what is new is approved"


def test_drift_is_only_told_where_it_shall_be_reported() -> None:
    decision = decided(DRIFTED, effect(), desired=REPORT, memory=APPLIED, versioning="Enabled")
    assert (decision.due, decision.drift, decision.waiting) == ((), (DRIFTED,), (effect(),))
    approved = decided(DRIFTED, effect(), desired=REPORT, memory=APPLIED, approval=decision.plan_id)
    assert approved.due == (effect(),)


def states(memory: Memory) -> dict[str, State]:
    return {record.path: record.state for record in memory.records}


def test_what_was_found_as_wanted_is_somebody_elses_to_change_where_a_plan_is_asked_for() -> None:
    decision = decided(DRIFTED, memory=FOUND, versioning="Enabled")
    assert (decision.due, decision.drift, decision.waiting) == ((), (), (DRIFTED,))
    approved = decided(DRIFTED, memory=FOUND, approval=decision.plan_id, versioning="Enabled")
    assert approved.due == (DRIFTED,)
    settled = decided(memory=approved.memory, encryption="AES256", versioning="Enabled").memory
    assert states(settled) == {"encryption": State.APPLIED, "versioning": State.FOUND}
    assert decided(DRIFTED, memory=settled, versioning="Enabled").due == (DRIFTED,)


def test_so_it_is_in_a_shared_bucket_where_it_could_stop_others() -> None:
    harmful = replace(DRIFTED, risk=Risk.DISRUPTIVE)
    shared = Proposal(IDENTITY, (harmful,), shared=True)
    assert decide(shared, S3, FOUND, "").waiting == (harmful,)
    assert decide(shared, S3, APPLIED, "").due == (harmful,)
    assert decide(replace(shared, effects=(DRIFTED,)), S3, FOUND, "").drift == (DRIFTED,)


@pytest.mark.parametrize(("desired", "due"), [(S3, (DRIFTED,)), (REPORT, ())])
def test_elsewhere_it_is_drift(desired: Desired, due: tuple[Effect, ...]) -> None:
    decision = decided(DRIFTED, desired=desired, memory=FOUND, versioning="Enabled")
    assert (decision.due, decision.drift, decision.waiting) == (due, (DRIFTED,), ())
    assert decision.memory == FOUND


def test_what_was_agreed_to_for_another_wish_is_not_agreed_to_for_this() -> None:
    assert states(decided(memory=agreed(encryption="aws:kms"), encryption="AES256").memory) == {
        "encryption": State.FOUND
    }


def test_who_agrees_to_the_making_of_a_bucket_agrees_to_what_it_is_made_like() -> None:
    waiting = decided(CREATE, lifecycle="absent")
    assert states(waiting.memory) == {"lifecycle": State.FOUND}
    made = decided(CREATE, memory=waiting.memory, approval=waiting.plan_id, lifecycle="absent").memory
    assert states(made) == {"bucket": State.APPROVED, "lifecycle": State.APPLIED}


def test_what_was_found_is_not_forgotten_with_a_bucket_that_could_not_be_made() -> None:
    assert FOUND.without_expectations() == FOUND
    assert FOUND.has_seen(IDENTITY, "encryption", "AES256")


def test_another_bucket_in_the_place_of_ours_is_known_as_such_until_somebody_agrees() -> None:
    adopt = Effect(Kind.ADOPT_BUCKET, "bucket", "holds other objects", "exists", Risk.SAFE, "adopt the bucket")
    ours = agreed(bucket="exists", encryption="AES256")
    proposal = Proposal(IDENTITY, (adopt, effect()), {"versioning": "Enabled"}, replaced=True)
    decision = decide(proposal, S3, ours, "")
    assert (decision.due, decision.memory) == ((), ours)
    approved = decide(proposal, S3, ours, decision.plan_id).memory
    assert states(approved) == {"bucket": State.APPLIED, "tags.team": State.APPROVED, "versioning": State.FOUND}


def test_what_cannot_be_looked_at_just_now_keeps_its_record() -> None:
    assert decide(Proposal(IDENTITY, unseen=("encryption", "versioning")), MANUAL, APPLIED, "").memory == APPLIED


def test_drift_is_still_known_as_such_after_it_was_put_back_or_left() -> None:
    for desired in (MANUAL, REPORT):
        memory = decided(DRIFTED, desired=desired, memory=APPLIED, versioning="Enabled").memory
        assert memory == APPLIED


CREATE = Effect(Kind.CREATE_BUCKET, "bucket", NO_BUCKET, "exists", Risk.SAFE, "create the bucket")
SET_UP = replace(DRIFTED, have=NO_BUCKET)


def test_nothing_is_set_in_a_bucket_whose_making_waits() -> None:
    decision = decided(CREATE, SET_UP, memory=APPLIED)
    assert (decision.due, decision.waiting, decision.drift) == ((), (CREATE,), (SET_UP,))
    assert decided(CREATE, SET_UP, memory=APPLIED, approval=decision.plan_id).due == (CREATE, SET_UP)


def test_nothing_is_set_in_a_bucket_whose_loss_is_only_reported() -> None:
    lost, new = decided(bucket="exists").memory, effect(have=NO_BUCKET)
    decision = decided(CREATE, new, desired=REPORT, memory=lost, approval=plan_id(new))
    assert (decision.due, decision.waiting, decision.drift) == ((), (), (CREATE,))
    assert decided(effect(), desired=REPORT, memory=decision.memory, bucket="exists").due == (effect(),)


def test_a_setting_that_is_wanted_otherwise_has_not_drifted() -> None:
    decision = decided(replace(DRIFTED, want="aws:kms"), memory=APPLIED)
    assert (decision.drift, len(decision.waiting)) == ((), 1)


@pytest.mark.parametrize("approval", list(Approval))
def test_observe_applies_nothing_and_tells_all(approval: Approval) -> None:
    desired = replace(in_bucket(MANUAL, management=Management.OBSERVE), approval=approval)
    decision = decided(DRIFTED, effect(), desired=desired, memory=APPLIED, approval=plan_id(effect()))
    assert (decision.due, decision.waiting, decision.stale) == ((), (), "")
    assert decision.drift == (DRIFTED, effect())
    assert decision.memory == APPLIED


def test_in_another_bucket_everything_is_new_again() -> None:
    desired = in_bucket(MANUAL, name="other")
    decision = decide(proposed(DRIFTED, identity=identity_of(desired)), desired, APPLIED, "")
    assert (decision.due, decision.drift, decision.waiting) == ((), (), (DRIFTED,))
    begun = decided(effect(), approval=plan_id(effect())).memory
    assert decide(proposed(effect(), identity=identity_of(desired)), desired, begun, "").due == ()


def test_a_lost_status_only_asks_again() -> None:
    decision = decided(DRIFTED, versioning="Enabled")
    assert (decision.due, decision.drift, decision.waiting) == ((), (), (DRIFTED,))


def test_what_is_not_wanted_any_more_is_forgotten() -> None:
    assert [record.path for record in decided(versioning="Enabled", memory=APPLIED).memory.records] == ["versioning"]


def test_what_cannot_be_looked_at_for_a_while_is_not_forgotten() -> None:
    skipped = (Skipped("encryption", Obstacle.DENIED, "no"),)
    proposal = replace(proposed(versioning="Enabled"), skipped=skipped)
    decision = decide(proposal, MANUAL, APPLIED, "")
    assert decision.memory == APPLIED
    assert decision.skipped == skipped


def test_a_record_of_another_path_approves_nothing() -> None:
    [record] = decided(effect(), approval=plan_id(effect())).memory.records
    memory = Memory((Record("encryption", record.digest, record.state),))
    assert decided(effect("encryption"), memory=memory).due == ()


@pytest.mark.parametrize("desired", [S3, replace(MANUAL, drift_policy=DriftPolicy.REPORT)])
def test_nothing_to_do_is_no_plan(desired: Desired) -> None:
    decision = decide(propose(desired, observed(), Memory()), desired, Memory(), "")
    assert (decision.shown, decision.drift, decision.stale) == ((), (), "")
    assert {record.state for record in decision.memory.records} == {State.FOUND}
