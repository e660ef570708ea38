"""The key pair Twilio writes with: registered, replaced, and removed only once nothing can write with it any more."""

from typing import Any

import pytest

from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, BUCKET_URL, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World, object_key

OLD = {"accessKeyId": "W" * 20, "secretAccessKey": "w" * 40}
NEW = {"accessKeyId": "N" * 20, "secretAccessKey": "n" * 40}
ROTATED = NEW | {"previousAccessKeyId": "W" * 20, "previousSecretAccessKey": "w" * 40}


def with_writer(world: World, **spec: Any) -> Key:
    return world.create(s3=storage()["spec"]["s3"] | {"writerCredentialsSecretRef": {"name": "writer"}}, **spec)


def names(world: World) -> list[str]:
    return [key.credential.name.split()[1] for key in world.twilio.key_pairs()]


def rotate(world: World, key: Key, values: dict[str, str]) -> None:
    world.cluster.put_secret("default", "writer", values)
    world.sweep(key)


def arrive(world: World, after: float = 61) -> str:
    """A recording made so many seconds after the last look, delivered with whatever key is chosen."""
    world.clock.advance(seconds=after)
    sid = world.twilio.record()
    if world.twilio.uploads_work():
        world.s3.put(BUCKET, object_key(sid))
    return sid


def choose(world: World, access_key_id: str) -> None:
    """What a person does in the Console."""
    [sid] = [key.credential.sid for key in world.twilio.key_pairs() if key.access_key_id == access_key_id]
    world.twilio.store_in(BUCKET_URL, credential_sid=sid)


def test_the_pair_is_registered_under_a_name_that_the_console_step_tells(world: World) -> None:
    key = with_writer(world)

    [registered] = world.twilio.key_pairs()
    assert (registered.access_key_id, registered.secret_access_key) == ("W" * 20, "w" * 40)
    assert repr(registered.credential.name) in world.message(key, "ConsoleActionRequired")
    assert "w" * 40 not in str(world.cluster.status(key))


def test_it_is_registered_once(world: World) -> None:
    key = with_writer(world)
    world.restart_operator()
    world.sweep(key)

    assert len(world.twilio.key_pairs()) == 1


def test_a_registration_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    world.twilio.fail("register", Transient(Reason.TWILIO_UNREACHABLE, "lost"), committed=True)
    key = with_writer(world)
    world.clock.advance(seconds=5)
    world.run(key)

    assert len(world.twilio.key_pairs()) == 1


def test_the_operators_own_key_is_never_given_to_twilio(world: World) -> None:
    world.cluster.put_secret("default", "writer", {"accessKeyId": "A" * 20, "secretAccessKey": "s" * 40})
    key = with_writer(world)

    assert world.twilio.key_pairs() == []
    assert world.condition(key, "Stalled") == ("True", "WriterKeyShared")


def test_a_pair_of_somebody_else_is_left_alone(world: World) -> None:
    world.twilio.aws_credentials().register("made in the Console", "X" * 20, "x" * 40)
    key = with_writer(world)
    rotate(world, key, ROTATED)

    assert "made in the Console" in [one.credential.name for one in world.twilio.key_pairs()]


def test_where_pairs_may_not_be_read_the_rest_goes_on(world: World) -> None:
    world.twilio.fail("listed", Wait(Reason.TWILIO_ACCESS_DENIED, "register it in the Console by hand"), times=9)
    key = with_writer(world)

    assert [one["path"] for one in world.cluster.status(key)["plan"]["skipped"]] == ["writerCredential"]
    assert BUCKET in world.s3.buckets


def test_a_replaced_pair_stays_until_it_is_refused_and_a_recording_came_after(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    arrive(world)
    rotate(world, key, ROTATED)
    assert names(world) == ["W" * 20, "N" * 20], "both, until the person has chosen"
    assert world.condition(key, "ConsoleActionRequired") == ("True", "ChooseWriterCredential")
    assert world.condition(key, "Ready") == ("True", "Reconciled"), "recordings arrive all the while"

    choose(world, "N" * 20)
    arrive(world)
    world.sweep(key)
    assert len(names(world)) == 2, "nothing proves yet that the old one is out of use"

    world.refused_keys.add("W" * 20)
    world.sweep(key)
    assert len(names(world)) == 2, "no recording has come since"

    arrive(world, after=30)
    world.sweep(key)
    assert len(names(world)) == 2, "S3 may have taken the old one elsewhere: IAM is eventually consistent"

    arrive(world)
    world.sweep(key)
    assert names(world) == ["N" * 20]
    assert world.condition(key, "ConsoleActionRequired") is None


def test_a_recording_that_never_arrived_proves_nothing(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    rotate(world, key, ROTATED)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    world.clock.advance(seconds=61)
    world.twilio.record()
    world.sweep(key)

    assert len(names(world)) == 2


def test_a_replaced_pair_that_is_let_in_again_is_in_use_again(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    rotate(world, key, ROTATED)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    world.refused_keys.clear()
    arrive(world)
    world.sweep(key)

    assert len(names(world)) == 2


@pytest.mark.parametrize("denied", [False, True])
def test_a_refusal_from_before_a_rollback_proves_nothing_in_the_next_rotation(world: World, denied: bool) -> None:
    """Twice the old key is deactivated before anybody has changed the Console; in between it works again."""
    key = with_writer(world)
    choose(world, "W" * 20)
    arrive(world)
    rotate(world, key, ROTATED)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    if denied:
        world.twilio.fail("listed", Wait(Reason.TWILIO_ACCESS_DENIED, "no"))
    world.refused_keys.clear()
    rotate(world, key, OLD)
    arrive(world)
    if not denied:
        world.sweep(key)
    world.refused_keys.add("W" * 20)
    rotate(world, key, ROTATED)

    assert "W" * 20 in names(world)


def test_trouble_with_the_list_of_key_pairs_keeps_no_deletion_from_being_listed(world: World) -> None:
    """accounts.twilio.com is another service than the one that has the recordings."""
    key = with_writer(world)
    gone = world.twilio.record()
    world.sweep(key)
    trouble = Transient(Reason.TWILIO_ANSWER_UNUSABLE, "a document not of the form")
    world.twilio.fail("listed", trouble, times=1000)
    world.twilio.delete(gone)
    for _ in range(3):
        world.sweep(key)

    assert [entry.sid for entry in world.entries(key)] == [gone]
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    assert world.condition(key, "Ready") == ("False", "TwilioAnswerUnusable")
    assert "writerCredential" in {one["path"] for one in world.cluster.status(key)["managed"]}


def test_a_blip_of_that_list_shows_in_no_condition_and_is_tried_again_at_once(world: World) -> None:
    key = with_writer(world)
    world.twilio.fail("listed", Transient(Reason.TWILIO_UNREACHABLE, "busy"))
    outcome = world.sweep(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert outcome.after is not None
    assert outcome.after <= 1
    world.clock.advance(seconds=outcome.after)
    assert (world.run(key).after or 0) > 1


def test_without_the_previous_pair_the_old_registration_stays_and_the_person_is_told(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    arrive(world)
    rotate(world, key, NEW)
    world.refused_keys.add("W" * 20)
    arrive(world)
    world.sweep(key)

    assert len(names(world)) == 2
    assert "previousAccessKeyId" in world.message(key, "ConsoleActionRequired")


def removal_waits(world: World) -> Key:
    """A rotation at whose end the old pair is proven to be out of use, and somebody has to agree to its removal."""
    key = with_writer(world, approval="Manual")
    world.approve(key)
    choose(world, "W" * 20)
    rotate(world, key, ROTATED)
    world.approve(key)
    choose(world, "N" * 20)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    arrive(world)
    world.sweep(key)
    return key


def test_removing_a_replaced_pair_waits_for_approval_where_that_is_manual(world: World) -> None:
    key = removal_waits(world)

    [action] = world.cluster.status(key)["plan"]["actions"]
    assert (action["type"], action["class"]) == ("RemoveWriterKey", "Disruptive")
    assert len(names(world)) == 2
    world.approve(key)
    assert names(world) == ["N" * 20]


def test_a_malformed_pair_is_named_and_not_sent(world: World) -> None:
    world.cluster.put_secret("default", "writer", OLD | {"secretAccessKey": "short"})
    key = with_writer(world)

    assert world.condition(key, "Stalled") == ("True", "SecretMalformed")
    assert "secretAccessKey" in world.message(key, "Stalled")
    assert world.twilio.key_pairs() == []


@pytest.mark.parametrize("values", [None, {"accessKeyId": "no key", "secretAccessKey": "w" * 40}])
def test_a_writers_secret_that_does_not_work_stops_no_sweep_and_a_mended_one_is_noticed(
    world: World, values: dict[str, str] | None
) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    gone, _kept = arrive(world), arrive(world)
    world.sweep(key)
    if values is None:
        world.cluster.delete_secret("default", "writer")
    else:
        world.cluster.put_secret("default", "writer", values)
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(key)
    assert [entry.sid for entry in world.entries(key)] == [gone]
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    reason = "SecretMissing" if values is None else "SecretMalformed"
    assert world.condition(key, "Ready") == ("False", reason)
    assert world.condition(key, "InSync") == ("False", reason)

    calls = len(world.twilio.calls)
    assert (world.turn(key).after or 0) <= 60
    assert len(world.twilio.calls) == calls, "the Secret is looked at, and nothing else"
    world.cluster.put_secret("default", "writer", ROTATED)
    world.clock.advance(seconds=60)
    world.run(key)
    assert "Secret" not in str(world.condition(key, "Ready"))


def test_a_plan_that_waits_keeps_its_id_while_twilio_cannot_be_asked_for_its_pairs(world: World) -> None:
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    key = with_writer(world, approval="Manual")
    before = world.cluster.status(key)["plan"]["id"]
    world.twilio.fail("listed", Transient(Reason.TWILIO_UNREACHABLE, "503"), times=1)
    world.clock.advance(seconds=1000)
    ids = set()
    for _ in range(20):
        outcome = world.turn(key)
        ids.add(world.cluster.status(key)["plan"]["id"])
        if outcome.after:
            break
    assert ids == {before}


def test_a_pair_that_is_in_use_again_is_not_removed_because_twilio_once_did_not_answer(world: World) -> None:
    key = removal_waits(world)
    [action] = world.cluster.status(key)["plan"]["actions"]
    assert action["type"] == "RemoveWriterKey"
    world.refused_keys.clear()  # rolled back
    choose(world, "W" * 20)
    world.twilio.fail("listed", Transient(Reason.TWILIO_UNREACHABLE, "503"), times=1)
    world.approve(key)
    assert "W" * 20 in names(world)
    assert world.twilio.uploads_work()


def test_trouble_with_the_proof_of_a_rotation_stops_no_sweep(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    gone = arrive(world)
    rotate(world, key, ROTATED)
    choose(world, "N" * 20)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    arrive(world)
    world.s3.delete(BUCKET, object_key(gone))
    world.s3.fail("has", Wait(Reason.S3_ACCESS_DENIED, "grant s3:GetObject"), times=1000)
    for _ in range(3):
        world.sweep(key)
    assert [one.sid for one in world.entries(key)] == [gone]


def test_a_bucket_that_vanished_during_a_rotation_is_made_anew(world: World) -> None:
    key = with_writer(world)
    choose(world, "W" * 20)
    rotate(world, key, ROTATED)
    choose(world, "N" * 20)
    world.refused_keys.add("W" * 20)
    world.sweep(key)
    del world.s3.buckets[BUCKET]
    world.clock.advance(seconds=100)
    world.twilio.record()
    for _ in range(3):
        world.sweep(key)
    assert BUCKET in world.s3.buckets, (world.condition(key, "Ready"), world.message(key, "Ready"))
