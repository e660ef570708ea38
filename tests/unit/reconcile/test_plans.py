"""What a plan does to the bucket, what it waits for, and what it leaves alone."""

import copy
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.core.bucket_settings import CREATED_BY, tags_of
from recording_storage_operator.core.errors import Transient, Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from tests.builders import ACCOUNT, BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World, object_key

FOREIGN: dict[Aspect, dict[str, Any]] = {
    Aspect.LIFECYCLE: {"Rules": [{"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}}]},
    Aspect.POLICY: {"Version": "2012-10-17", "Statement": [{"Sid": "Theirs", "Effect": "Allow"}]},
    Aspect.TAGS: {"TagSet": [{"Key": "team", "Value": "voice"}]},
}

OTHER_ACCOUNT = "AC" + "9" * 32


def s3(**fields: Any) -> dict[str, Any]:
    return {**storage()["spec"]["s3"], **fields}


def plan(world: World, key: Any) -> dict[str, Any]:
    return dict(world.cluster.status(key)["plan"])


def existing_bucket(world: World) -> StoredBucket:
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    bucket.documents.update({aspect: dict(document) for aspect, document in FOREIGN.items()})
    return bucket


def test_a_bucket_is_made_as_it_shall_be_and_marked_as_ours(world: World) -> None:
    key = world.create(s3=s3(tags={"cost": "42"}))
    documents = world.s3.buckets[BUCKET].documents

    assert set(documents) == set(Aspect)
    assert tags_of(documents[Aspect.TAGS]) == {CREATED_BY: world.cluster.uid(key), "cost": "42"}
    assert plan(world, key) == {"state": "Applied", "summary": "Nothing to do."}
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert {one["state"] for one in world.cluster.status(key)["managed"]} == {"Applied"}


def test_nothing_is_done_before_a_manual_plan_is_approved(world: World) -> None:
    key = world.create(approval="Manual")

    assert world.s3.buckets == {}
    assert plan(world, key)["state"] == "Pending"
    assert plan(world, key)["actions"][0]["summary"] == f"create bucket {BUCKET} in us-east-1"
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
    assert world.condition(key, "Ready") == ("False", "AwaitingApproval")
    assert world.condition(key, "Reconciling") is None
    assert world.condition(key, "Stalled") is None


def test_an_approved_plan_is_applied_as_a_whole(world: World) -> None:
    key = world.create(approval="Manual")
    approved = plan(world, key)["id"]
    world.approve(key)

    assert set(world.s3.buckets[BUCKET].documents) == set(Aspect)
    assert world.cluster.status(key)["lastApprovedPlan"] == approved
    assert world.condition(key, "InSync") == ("True", "AsWanted")


def test_an_approval_of_another_plan_is_answered_with_the_present_one(world: World) -> None:
    key = world.create(approval="Manual")
    world.cluster.annotate(key, APPROVED_PLAN, "p0123456789a")
    world.run(key)

    assert world.s3.buckets == {}
    assert world.condition(key, "InSync") == ("False", "ApprovalStale")
    assert plan(world, key)["id"] in world.message(key, "InSync")


def test_an_unrelated_edit_keeps_the_plan(world: World) -> None:
    key = world.create(approval="Manual")
    before = plan(world, key)
    world.cluster.edit(key, lambda obj: obj["spec"].update(sweepInterval="1h"))
    world.clock.advance(seconds=61)
    world.run(key)

    assert plan(world, key) == before


def test_an_approved_plan_whose_world_moved_is_not_applied(world: World) -> None:
    existing_bucket(world)
    key = world.create(approval="Manual")
    approved = plan(world, key)["id"]
    world.s3.buckets[BUCKET].documents[Aspect.VERSIONING] = {"Status": "Suspended"}
    world.cluster.annotate(key, APPROVED_PLAN, approved)
    world.run(key)

    assert world.s3.written == []
    assert world.condition(key, "InSync") == ("False", "ApprovalStale")
    assert plan(world, key)["id"] != approved


def test_a_later_change_waits_again_and_is_not_called_stale(world: World) -> None:
    key = world.create(approval="Manual")
    world.approve(key)
    world.edit_s3(key, tags={"cost": "42"})

    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
    assert [one["target"] for one in plan(world, key)["actions"]] == ["tags.cost"]


def test_drift_is_put_back_without_asking_while_a_new_change_still_waits(world: World) -> None:
    key = world.create(approval="Manual")
    world.approve(key)
    del world.s3.buckets[BUCKET].documents[Aspect.PUBLIC_ACCESS]
    world.edit_s3(key, tags={"cost": "42"})

    documents = world.s3.buckets[BUCKET].documents
    assert Aspect.PUBLIC_ACCESS in documents
    assert "cost" not in tags_of(documents[Aspect.TAGS])
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")


def test_reported_drift_is_named_and_left(world: World) -> None:
    key = world.create(driftPolicy="Report")
    world.external()
    world.s3.buckets[BUCKET].documents[Aspect.VERSIONING] = {"Status": "Suspended"}
    written = len(world.s3.written)
    world.sweep(key)

    assert world.cluster.status(key)["drift"] == [{"path": "versioning", "want": "Enabled", "have": "Suspended"}]
    assert len(world.s3.written) == written
    assert world.condition(key, "InSync") == ("False", "Drifted")
    assert world.condition(key, "Ready") == ("True", "Reconciled")


def test_a_bucket_that_vanished_is_reported_and_not_made_again_under_report(world: World) -> None:
    key = world.create(driftPolicy="Report")
    del world.s3.buckets[BUCKET]
    world.sweep(key)

    assert world.s3.buckets == {}
    assert world.condition(key, "Ready") == ("False", "BucketMissing")


def test_a_bucket_that_vanished_is_made_again_under_revert(world: World) -> None:
    key = world.create()
    del world.s3.buckets[BUCKET]
    world.clock.advance(seconds=1000)
    world.run(key)
    world.clock.advance(seconds=1000)
    world.run(key)

    assert set(world.s3.buckets[BUCKET].documents) == set(Aspect)


def test_an_observed_bucket_is_not_touched(world: World) -> None:
    bucket = existing_bucket(world)
    key = world.create(s3=s3(management="Observe", writerCredentialsSecretRef={"name": "writer"}))

    assert bucket.documents == FOREIGN
    assert world.twilio.key_pairs() == []
    assert "versioning" in {one["path"] for one in world.cluster.status(key)["drift"]}
    assert world.condition(key, "InSync") == ("False", "Drifted")
    assert "Observe" in world.message(key, "InSync")


def test_a_missing_bucket_is_not_made_where_it_is_only_observed(world: World) -> None:
    key = world.create(s3=s3(management="Observe"))

    assert world.s3.buckets == {}
    assert world.condition(key, "Ready") == ("False", "BucketMissing")


def test_adopting_a_bucket_is_a_line_of_the_plan_that_says_what_is_in_it(world: World) -> None:
    existing_bucket(world)
    world.s3.put(BUCKET, object_key("RE" + "1" * 32))
    world.s3.put(BUCKET, "logs/today")
    key = world.create(approval="Manual")

    line = plan(world, key)["actions"][0]
    assert (line["type"], line["class"]) == ("AdoptBucket", "Safe")
    assert "1 recording of this account, 1 other object" in line["summary"]


@pytest.mark.parametrize("key", ["index.html", "big.txt", f"{OTHER_ACCOUNT}/RE{'1' * 32}"])
def test_a_bucket_with_objects_of_others_is_not_changed_unasked(world: World, key: str) -> None:
    bucket = existing_bucket(world)
    before = copy.deepcopy(bucket.documents)
    world.s3.put(BUCKET, key, size=5000)
    acme = world.create()
    assert bucket.documents == before
    assert world.condition(acme, "Ready") == ("False", "AwaitingApproval")
    assert "although spec.approval is Automatic" in world.message(acme, "InSync")

    world.approve(acme)
    assert world.condition(acme, "InSync") == ("True", "AsWanted")
    assert bucket.documents[Aspect.PUBLIC_ACCESS] != before.get(Aspect.PUBLIC_ACCESS)


def test_sweeps_go_on_while_a_shared_bucket_waits(world: World) -> None:
    existing_bucket(world).documents[Aspect.VERSIONING] = {"Status": "Enabled"}
    world.s3.put(BUCKET, "index.html")
    acme = world.create()
    gone = world.external()
    world.sweep(acme)
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(acme)
    assert [entry.sid for entry in world.entries(acme)] == [gone]


def test_twilios_own_test_object_makes_a_bucket_nobody_elses(world: World) -> None:
    existing_bucket(world)
    world.s3.put(BUCKET, "external-storage-test.txt", size=40)
    acme = world.create()
    assert world.condition(acme, "InSync") == ("True", "AsWanted")


def test_an_adopted_bucket_keeps_what_is_not_ours_and_is_not_marked_as_made_by_us(world: World) -> None:
    bucket = existing_bucket(world)
    world.create()

    rules = bucket.documents[Aspect.LIFECYCLE]["Rules"]
    statements = bucket.documents[Aspect.POLICY]["Statement"]
    assert FOREIGN[Aspect.LIFECYCLE]["Rules"][0] in rules
    assert FOREIGN[Aspect.POLICY]["Statement"][0] in statements
    assert tags_of(bucket.documents[Aspect.TAGS]) == {"team": "voice"}
    assert [rule["ID"] for rule in rules[1:]] == [f"recordings.dev/{ACCOUNT}/abortIncompleteMultipartUploads"]


def test_an_error_stops_the_plan_at_its_action_and_the_ledger_goes_on(world: World) -> None:
    world.s3.unwritable.add(Aspect.POLICY)
    key = world.create()
    gone = world.external()
    world.sweep(key)
    world.s3.delete(BUCKET, object_key(gone))
    world.sweep(key)

    assert [entry.sid for entry in world.entries(key)] == [gone]
    assert plan(world, key)["state"] == "Blocked"
    assert world.condition(key, "Ready") == ("False", "S3AccessDenied")
    assert world.condition(key, "LedgerComplete") == ("True", "Swept")
    assert world.message(key, "Ready").startswith("To deny requests without TLS: ")
    assert Aspect.LIFECYCLE not in world.s3.buckets[BUCKET].documents, "what comes after it has to wait"


def test_a_stopped_plan_resumes_once_the_right_is_granted(world: World) -> None:
    world.s3.unwritable.add(Aspect.POLICY)
    key = world.create(approval="Manual")
    world.approve(key)
    world.s3.unwritable.clear()
    world.clock.advance(seconds=301)
    world.run(key)

    assert set(world.s3.buckets[BUCKET].documents) == set(Aspect)
    assert world.condition(key, "InSync") == ("True", "AsWanted")


def test_what_may_not_be_read_is_named_and_stops_nothing(world: World) -> None:
    world.s3.unreadable.add(Aspect.ENCRYPTION)
    key = world.create()

    assert world.condition(key, "InSync") == ("False", "S3AccessDenied")
    assert [one["path"] for one in plan(world, key)["skipped"]] == ["encryption"]
    assert Aspect.LIFECYCLE in world.s3.buckets[BUCKET].documents


def test_what_the_server_lacks_is_named_and_stops_nothing(world: World) -> None:
    world.s3.unsupported |= {Aspect.ENCRYPTION, Aspect.PUBLIC_ACCESS}
    key = world.create()
    world.sweep(key)

    assert world.condition(key, "InSync") == ("True", "NotSupported")
    assert {one["path"]: one["reason"] for one in plan(world, key)["skipped"]} == {
        "encryption": "Unsupported",
        "publicAccess": "Unsupported",
    }


def test_a_setting_the_server_reads_but_does_not_take_is_tried_once(world: World) -> None:
    refusal = Wait(Reason.NOT_SUPPORTED, "the server does not take it")
    existing_bucket(world)
    world.s3.fail("write", refusal)
    key = world.create()
    writes = world.s3.calls.count(("write", BUCKET))
    world.sweep(key)

    assert world.s3.calls.count(("write", BUCKET)) == writes
    assert world.condition(key, "InSync") == ("True", "NotSupported")


def test_a_change_somebody_else_makes_first_is_looked_at_anew(world: World) -> None:
    """Between the look and the write, S3 has no condition to guard it: so the write looks once more."""
    existing_bucket(world)
    key = world.cluster.create(storage(approval="Manual"))
    world.run(key)
    theirs = {"TagSet": [{"Key": "cost", "Value": "theirs"}]}
    world.edit_s3(key, tags={"cost": "ours"})
    world.cluster.annotate(key, APPROVED_PLAN, plan(world, key)["id"])
    world.cluster.meanwhile("patch_status", lambda: world.s3.buckets[BUCKET].documents.update({Aspect.TAGS: theirs}))
    world.run(key)

    assert tags_of(world.s3.buckets[BUCKET].documents[Aspect.TAGS])["cost"] == "theirs"
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
    assert [one["target"] for one in plan(world, key)["actions"]] == ["tags.cost"]


class Deaf:
    """Passes calls on, but for a bucket whose settings are accepted and never show."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        if name == "admin":
            return lambda *args: Deaf(self._port.admin(*args))
        return (lambda *args: None) if name == "write" else getattr(self._port, name)


def test_a_change_that_does_not_show_is_said_and_looked_at_again(tmp_path: Path) -> None:
    world = World(tmp_path, guard=Deaf)
    key = world.create()

    assert world.condition(key, "Ready") == ("False", "ChangeNotSeen")
    assert "versioning" in world.message(key, "Ready")
    assert 0 < (world.turn(key).after or 0) <= 2


def test_a_passing_fault_while_applying_is_tried_again_soon(world: World) -> None:
    world.s3.fail("write", Transient(Reason.S3_UNREACHABLE, "S3 cannot serve requests now"))
    key = world.cluster.create(storage())
    world.turn(key)
    assert world.condition(key, "Ready") == ("False", "S3Unreachable")
    world.clock.advance(seconds=2)
    world.run(key)

    assert world.condition(key, "InSync") == ("True", "AsWanted")


def test_a_lost_status_asks_again_before_it_does_anything(world: World) -> None:
    key = world.create(approval="Manual")
    world.approve(key)
    del world.s3.buckets[BUCKET].documents[Aspect.PUBLIC_ACCESS]
    world.cluster.objects[key]["status"] = {}
    world.cluster.objects[key]["metadata"]["annotations"] = {}
    world.restart_operator()
    world.run(key)

    assert Aspect.PUBLIC_ACCESS not in world.s3.buckets[BUCKET].documents
    assert {one["target"] for one in plan(world, key)["actions"]} == {"bucket", "publicAccess"}


def test_a_second_resource_in_the_bucket_keeps_its_own_rules_and_leaves_the_settings_to_the_first(
    world: World,
) -> None:
    world.create(s3=s3(prefix="a"))
    other = "AC" + "b" * 32
    guest = storage("guest", s3=s3(prefix="b", encryption={"sseAlgorithm": "aws:kms"}))
    guest["spec"]["twilio"]["accountSid"] = other
    key = world.cluster.create(guest)
    world.run(key)

    documents = world.s3.buckets[BUCKET].documents
    assert documents[Aspect.ENCRYPTION]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert {rule["Filter"]["Prefix"] for rule in documents[Aspect.LIFECYCLE]["Rules"]} == {
        f"a/{ACCOUNT}/",
        f"b/{other}/",
    }
    assert world.condition(key, "InSync") == ("True", "AsWanted")


def test_a_bucket_that_waits_for_approval_does_not_keep_deletions_at_twilio_from_being_listed(world: World) -> None:
    key = world.create(approval="Manual")
    gone = world.twilio.record()
    world.sweep(key)
    world.twilio.delete(gone)
    world.sweep(key)

    assert [entry.sid for entry in world.entries(key)] == [gone]
    assert world.condition(key, "Ready") == ("False", "AwaitingApproval")
    world.approve(key)
    kept = world.external()
    world.sweep(key)
    assert world.cluster.status(key)["recordings"]["s3"] == 1, kept
    assert [entry.sid for entry in world.entries(key)] == [gone]
