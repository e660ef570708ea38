"""What would have to change in the account and the bucket."""

from dataclasses import replace
from typing import Any

import pytest

from recording_storage_operator.core.approval import Memory, Proposal, decide
from recording_storage_operator.core.bucket_settings import ABSENT, ANY_ENCRYPTION, CREATED_BY, Risk
from recording_storage_operator.core.desired import Backend, Desired
from recording_storage_operator.core.effects import NO_BUCKET, Effect, Kind
from recording_storage_operator.core.facts import Aspect, AwsCredential, Obstacle, Reading
from recording_storage_operator.core.plan import Observed
from recording_storage_operator.core.proposal import Content, is_unknown, propose, wanted_parts
from recording_storage_operator.core.writer import WriterFacts
from tests.builders import BUCKET, NOON
from tests.unit.core.worlds import S3, TWILIO, as_wanted, in_bucket, observed, readings, remembered, wanting

FORGOTTEN = Memory()
NO_BUCKET_YET = observed(bucket=None, settings={})
HALF_FULL = Content(3, 2, more=True)


def proposed(seen: Observed, desired: Desired = S3, memory: Memory = FORGOTTEN) -> Proposal:
    return propose(desired, seen, memory)


def kinds(proposal: Proposal) -> list[Kind]:
    return [effect.kind for effect in proposal.effects]


def paths(proposal: Proposal) -> list[str]:
    return [effect.path for effect in proposal.effects]


def agreed(desired: Desired, seen: Observed) -> Memory:
    """What is remembered between agreeing and applying."""
    return decide(proposed(seen, desired), desired, FORGOTTEN, "").memory


def test_all_is_as_wanted() -> None:
    proposal = proposed(observed())
    assert (proposal.effects, proposal.skipped) == ((), ())
    assert proposal.settled
    assert set(proposal.settled) == {
        "bucket",
        "versioning",
        "publicAccess",
        "objectOwnership",
        "encryption",
        "policy.secureTransport",
        "lifecycle.abortIncompleteMultipartUploads",
        "lifecycle.noncurrentVersions",
    }


def test_a_new_bucket_is_made_marked_and_then_set_up() -> None:
    proposal = proposed(NO_BUCKET_YET)
    assert paths(proposal)[:3] == ["bucket", f"tags.{CREATED_BY}", "versioning"]
    assert {effect.have for effect in proposal.effects} == {NO_BUCKET}
    assert proposal.effects[0].kind is Kind.CREATE_BUCKET
    assert proposal.settled == {"lifecycle.noncurrentVersions": ABSENT}, "a new bucket has nothing of ours to remove"


def test_a_bucket_whose_making_was_interrupted_is_still_marked_as_ours() -> None:
    memory = agreed(S3, NO_BUCKET_YET)
    left = proposed(observed(settings=readings({})), memory=memory)
    assert f"tags.{CREATED_BY}" in paths(left)
    assert Kind.ADOPT_BUCKET not in kinds(left)


def test_a_bucket_that_was_there_is_not_marked_as_ours() -> None:
    assert f"tags.{CREATED_BY}" not in paths(proposed(observed(settings=readings({}), content=HALF_FULL)))
    assert f"tags.{CREATED_BY}" not in paths(proposed(observed(settings=readings({})), memory=remembered()))


def test_a_bucket_that_was_there_is_adopted_first_and_people_read_what_is_in_it() -> None:
    adoption, *_ = proposed(observed(settings=readings({}), content=HALF_FULL)).effects
    assert (adoption.kind, adoption.have) == (Kind.ADOPT_BUCKET, "holds recordings and other objects")
    assert "at least 3 recordings of this account, 2 other objects" in adoption.summary


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (Content(0, 0, more=False), "nothing"),
        (Content(1, 0, more=False), "recordings"),
        (Content(0, 7, more=True), "other objects"),
        (Content(9, 9, more=False), "recordings and other objects"),
    ],
)
def test_an_approval_of_adopting_is_of_what_kind_of_things_are_there(content: Content, kind: str) -> None:
    [adoption] = proposed(observed(content=content)).effects
    assert adoption.have == f"holds {kind}"


def test_a_bucket_is_adopted_once() -> None:
    seen = observed(content=HALF_FULL)
    memory = agreed(S3, seen)
    assert not is_unknown(S3, memory, {})
    assert proposed(seen, memory=memory).effects == ()
    assert is_unknown(in_bucket(name="other"), memory, {})
    assert is_unknown(S3, FORGOTTEN, {})


def test_a_bucket_whose_making_was_interrupted_is_ours_where_it_is_empty_and_adopted_where_not() -> None:
    memory = agreed(S3, NO_BUCKET_YET)
    assert is_unknown(S3, memory, {})
    empty = observed(settings=readings({}), content=Content(0, 0, more=False))
    assert Kind.ADOPT_BUCKET not in kinds(proposed(empty, memory=memory))
    foreign = proposed(observed(settings=readings({}), content=HALF_FULL), memory=memory)
    assert kinds(foreign)[0] is Kind.ADOPT_BUCKET
    assert f"tags.{CREATED_BY}" not in paths(foreign)


@pytest.mark.parametrize("desired", [TWILIO, replace(S3, backend=Backend.TWILIO)])
def test_a_bucket_that_is_only_watched_is_left_alone(desired: Desired) -> None:
    proposal = proposed(observed(settings=readings({}), content=HALF_FULL), desired)
    assert (proposal.effects, proposal.settled, proposal.skipped) == ((), {}, ())


def test_a_setting_that_differs_is_one_change() -> None:
    settings = as_wanted() | {Aspect.VERSIONING: Reading({"Status": "Suspended"})}
    [effect] = proposed(observed(settings=settings)).effects
    assert (effect.kind, effect.path) == (Kind.CHANGE_SETTING, "versioning")
    assert (effect.have, effect.want, effect.risk) == ("Suspended", "Enabled", Risk.SAFE)
    assert "Suspended" in effect.summary
    assert effect.part


def test_a_change_that_may_hurt_says_so() -> None:
    risks = {effect.path: effect.risk for effect in proposed(NO_BUCKET_YET, wanting(expire_noncurrent=True)).effects}
    assert risks["lifecycle.noncurrentVersions"] is Risk.DESTRUCTIVE
    assert risks["publicAccess"] is Risk.DISRUPTIVE


@pytest.mark.parametrize("obstacle", list(Obstacle))
def test_what_cannot_be_looked_at_is_skipped_and_stops_nothing_else(obstacle: Obstacle) -> None:
    settings = readings({}) | {Aspect.PUBLIC_ACCESS: Reading({}, obstacle, "allow it")}
    proposal = proposed(observed(settings=settings))
    [skipped] = proposal.skipped
    assert (skipped.path, skipped.reason, skipped.message) == ("publicAccess", obstacle, "allow it")
    assert "publicAccess" not in paths(proposal)
    assert "versioning" in paths(proposal)


def test_what_the_server_is_known_not_to_take_is_not_tried_again() -> None:
    proposal = proposed(observed(settings=readings({}), unwritable={"encryption": "no KMS here"}))
    [skipped] = proposal.skipped
    assert (skipped.path, skipped.reason, skipped.message) == ("encryption", Obstacle.UNSUPPORTED, "no KMS here")
    assert "encryption" not in paths(proposal)


def test_what_the_server_did_not_take_and_is_as_wanted_now_is_settled() -> None:
    proposal = proposed(observed(unwritable={"encryption": "no KMS here"}))
    assert proposal.skipped == ()
    assert proposal.settled
    assert proposal.settled["encryption"] == ANY_ENCRYPTION


def test_tls_that_cannot_be_demanded_is_told() -> None:
    proposal = proposed(observed(), in_bucket(endpoint_url="http://minio:9000"))
    assert [(one.path, one.reason) for one in proposal.skipped] == [("policy.secureTransport", "Unsupported")]


def test_a_guest_in_a_shared_bucket_keeps_only_what_concerns_its_own_recordings() -> None:
    proposal = proposed(observed(settings=readings({}), guest_of="older"), in_bucket(endpoint_url="http://minio:9000"))
    assert paths(proposal) == ["lifecycle.abortIncompleteMultipartUploads"]
    assert proposal.skipped == ()
    for exists in (True, False):
        parts = wanted_parts(S3, FORGOTTEN, exists=exists, guest=True)
        assert {part.aspect for part in parts} == {Aspect.LIFECYCLE}


NEW, OLD = (AwsCredential(f"CR{name}", f"recordings.dev {name}", NOON) for name in ("new", "old"))


def about_the_writer(**facts: Any) -> list[Effect]:
    return list(proposed(observed(writer=WriterFacts(NEW.name, **facts))).effects)


def test_the_writers_pair_is_registered_once() -> None:
    [effect] = about_the_writer()
    assert (effect.kind, effect.path, effect.have, effect.want) == (
        Kind.REGISTER_WRITER_KEY,
        "writerCredential",
        ABSENT,
        NEW.name,
    )
    assert about_the_writer(registered=(NEW,)) == []


def test_a_replaced_pair_goes_only_once_it_is_proven_out_of_use() -> None:
    assert about_the_writer(registered=(NEW, OLD), replaced=OLD.name) == []
    [effect] = about_the_writer(registered=(NEW, OLD), replaced=OLD.name, unused=True)
    assert (effect.kind, effect.target, effect.risk) == (Kind.REMOVE_WRITER_KEY, OLD.sid, Risk.DISRUPTIVE)
    assert (effect.have, effect.want) == (OLD.name, ABSENT)


def test_two_replaced_pairs_of_one_name_are_two_changes() -> None:
    twice = (NEW, OLD, replace(OLD, sid="CRagain"))
    effects = about_the_writer(registered=twice, replaced=OLD.name, unused=True)
    assert len({effect.path for effect in effects}) == 2


def test_a_writers_pair_that_twilio_does_not_show_is_skipped() -> None:
    proposal = proposed(observed(writer=WriterFacts(NEW.name, denied="use the account's token")))
    assert [(one.path, one.reason, one.message) for one in proposal.skipped] == [
        ("writerCredential", "Denied", "use the account's token")
    ]
    assert proposal.effects == ()


def test_every_path_is_there_once() -> None:
    desired = wanting(tags=(("bucket", "a"), ("team", "b")), expire_noncurrent=True)
    proposal = proposed(observed(bucket=None, settings={}, writer=WriterFacts(NEW.name)), desired)
    assert len(set(paths(proposal))) == len(paths(proposal)) == 12
    assert proposal.identity.bucket == BUCKET
