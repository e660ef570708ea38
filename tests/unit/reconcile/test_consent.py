"""What nobody has agreed to is not done where somebody has to be asked, however alike it looks to what was."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from recording_storage_operator.api.names import APPROVED_PLAN
from recording_storage_operator.commands.approving import approve
from recording_storage_operator.core.errors import Wait
from recording_storage_operator.core.facts import Aspect
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.work import Key
from tests.builders import BUCKET, storage
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.test_writer_rotation import with_writer
from tests.unit.reconcile.world import World

OTHER_ACCOUNT = "AC" + "b" * 32
LESS = {"BlockPublicAcls": True, "IgnorePublicAcls": True}


def s3(**fields: Any) -> dict[str, Any]:
    return {**storage()["spec"]["s3"], **fields}


def kms(key: str) -> dict[str, Any]:
    return {"encryption": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}


def as_wanted_already(world: World, work_dir: Path, *keys: str) -> StoredBucket:
    """A bucket of somebody else that is set up as the operator would, with objects of others."""
    elsewhere = World(work_dir)
    elsewhere.create()
    documents = copy.deepcopy(elsewhere.s3.buckets[BUCKET].documents)
    del documents[Aspect.TAGS]
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1", documents=documents)
    for key in keys:
        world.s3.put(BUCKET, key, size=5000)
    return bucket


def waits(world: World, key: Key) -> list[str]:
    """The lines that wait for an approval."""
    assert world.condition(key, "InSync") == ("False", "AwaitingApproval")
    return [one["target"] for one in world.cluster.status(key)["plan"]["actions"]]


def test_a_shared_bucket_is_not_changed_unasked_where_its_owner_changes_what_nobody_approved(
    world: World, tmp_path: Path
) -> None:
    """All was as wanted when it was adopted, so nobody was ever asked. Then its owner publishes a website."""
    bucket = as_wanted_already(world, tmp_path / "other", "index.html")
    key = world.create()
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert {one["state"] for one in world.cluster.status(key)["managed"]} == {"Applied", "Found"}
    bucket.documents[Aspect.PUBLIC_ACCESS] = LESS
    for _ in range(2):
        world.sweep(key)
        assert waits(world, key) == ["publicAccess"]
        assert bucket.documents[Aspect.PUBLIC_ACCESS] == LESS

    world.approve(key)
    assert bucket.documents[Aspect.PUBLIC_ACCESS] != LESS
    bucket.documents[Aspect.PUBLIC_ACCESS] = LESS
    world.sweep(key)
    assert bucket.documents[Aspect.PUBLIC_ACCESS] != LESS, "approved once"


def test_so_it_is_under_manual_approval(world: World, tmp_path: Path) -> None:
    bucket = as_wanted_already(world, tmp_path / "other")
    key = world.create(approval="Manual")
    world.approve(key)
    del bucket.documents[Aspect.VERSIONING]
    world.sweep(key)
    assert waits(world, key) == ["versioning"]
    assert Aspect.VERSIONING not in bucket.documents


def test_what_a_bucket_of_our_making_has_is_put_back(world: World) -> None:
    key = world.create(approval="Manual")
    world.approve(key)
    documents = world.s3.buckets[BUCKET].documents
    documents[Aspect.PUBLIC_ACCESS] = LESS
    documents[Aspect.LIFECYCLE]["Rules"].append(
        {"ID": documents[Aspect.LIFECYCLE]["Rules"][0]["ID"].rpartition("/")[0] + "/noncurrentVersions"}
    )
    world.sweep(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert documents[Aspect.PUBLIC_ACCESS] != LESS
    assert len(documents[Aspect.LIFECYCLE]["Rules"]) == 1


def test_any_encryption_was_no_consent_to_one_of_them(world: World) -> None:
    """Somebody chooses KMS, which is as good as any. Then the spec names another, and somebody wants to be asked."""
    key = world.create()
    chosen = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    documents = world.s3.buckets[BUCKET].documents
    documents[Aspect.ENCRYPTION] = copy.deepcopy(chosen)
    world.sweep(key)
    assert world.cluster.status(key)["plan"]["summary"] == "Nothing to do."
    world.cluster.edit(key, lambda obj: obj["spec"].update(approval="Manual"))
    world.edit_s3(key, encryption={"sseAlgorithm": "AES256"})
    assert waits(world, key) == ["encryption"]
    assert documents[Aspect.ENCRYPTION] == chosen


def test_an_approval_for_a_key_of_one_account_is_none_for_another_accounts_key(world: World) -> None:
    here, there = (s3(**kms(f"arn:aws:kms:us-east-1:{one * 12}:alias/recordings")) for one in "12")
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    key = world.create(approval="Manual", s3=here)
    seen = world.cluster.status(key)["plan"]["id"]
    world.cluster.edit(key, lambda obj: obj["spec"].update(s3=there))
    world.cluster.annotate(key, APPROVED_PLAN, seen)
    world.run(key)
    assert world.condition(key, "InSync") == ("False", "ApprovalStale")
    assert Aspect.ENCRYPTION not in bucket.documents


def test_every_line_that_loses_something_for_good_is_shown_to_who_approves(world: World) -> None:
    """The status has room for sixteen lines."""
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    tags = {f"tag{number}": "x" for number in range(10)}
    spec = s3(tags=tags, lifecycle={"noncurrentVersions": "Expire"}, **kms("alias/recordings"))
    key = world.create(approval="Manual", s3=spec)
    plan = world.cluster.status(key)["plan"]
    assert plan["summary"].startswith("18 changes: 13 safe, 4 disruptive, 1 destructive.")
    shown = [one["class"] for one in plan["actions"]]
    assert (len(shown), shown.count("Disruptive"), shown.count("Destructive")) == (16, 4, 1)
    assert (plan["actions"][0]["target"], shown[-1]) == ("bucket", "Destructive"), "in the order they are applied in"


@pytest.mark.parametrize("fields", [{"driftPolicy": "Report"}, {"s3": s3(management="Observe")}])
def test_what_is_only_reported_is_not_nothing(world: World, fields: dict[str, Any]) -> None:
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    key = world.create()
    del world.s3.buckets[BUCKET].documents[Aspect.ENCRYPTION]
    world.cluster.edit(key, lambda obj: obj["spec"].update(fields))
    world.run(key)
    assert [one["path"] for one in world.cluster.status(key)["drift"]] == ["encryption"]
    assert world.cluster.status(key)["plan"] == {
        "state": "Applied",
        "summary": "Nothing to do: what is not as wanted is only reported, see status.drift.",
    }


def test_what_was_approved_in_vain_is_no_consent_to_what_the_spec_says_now(world: World) -> None:
    """KMS was approved, and S3 refused it. The spec goes back to what the bucket has; later its owner chooses KMS."""

    def wanted(algorithm: str) -> dict[str, Any]:
        return s3(encryption={"sseAlgorithm": algorithm})

    def document(algorithm: str) -> dict[str, Any]:
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}

    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    bucket.documents[Aspect.ENCRYPTION] = document("AES256")
    key = world.create(approval="Manual", s3=wanted("aws:kms"))
    world.s3.fail("write", Wait(Reason.S3_ACCESS_DENIED, "no"), times=2)
    world.approve(key)
    assert bucket.documents[Aspect.ENCRYPTION] == document("AES256")
    world.cluster.edit(key, lambda obj: obj["spec"].update(s3=wanted("AES256")))
    world.run(key)
    world.sweep(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted"), world.message(key, "InSync")
    bucket.documents[Aspect.ENCRYPTION] = document("aws:kms")
    world.sweep(key)
    assert bucket.documents[Aspect.ENCRYPTION] == document("aws:kms"), "nobody was ever asked about AES256"


@pytest.mark.parametrize("approval", ["Automatic", "Manual"])
@pytest.mark.parametrize("keys", [(), ("index.html",)])
def test_a_bucket_that_is_made_anew_is_set_up_whole(world: World, approval: str, keys: tuple[str, ...]) -> None:
    """An adopted bucket whose settings were found is deleted by somebody; Revert makes it anew."""
    as_wanted_already(world, world.work_dir / "other", *keys)
    key = world.create(approval=approval)
    if approval == "Manual":
        world.approve(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    del world.s3.buckets[BUCKET]
    for _ in range(3):
        world.sweep(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted")
    assert world.s3.buckets[BUCKET].versioned


def test_an_approval_from_before_there_was_a_bucket_overwrites_nothing_somebody_has_set_in_it_since(
    world: World,
) -> None:
    world.s3.unwritable.add(Aspect.PUBLIC_ACCESS)
    key = world.create(approval="Manual")
    world.approve(key)
    assert world.condition(key, "Ready") == ("False", "S3AccessDenied")
    bucket = world.s3.buckets[BUCKET]
    world.sweep(key)
    bucket.documents[Aspect.PUBLIC_ACCESS] = LESS
    world.sweep(key)
    world.s3.unwritable.clear()
    world.clock.advance(days=30)
    world.run(key)
    world.sweep(key)
    assert bucket.documents[Aspect.PUBLIC_ACCESS] == LESS
    assert waits(world, key) == ["publicAccess"]


class AsPerson:
    """The resource in the world's cluster, as `recordings approve` reaches it."""

    def __init__(self, world: World, key: Key) -> None:
        self._world, self._key = world, key

    def storage(self) -> Mapping[str, Any]:
        found = self._world.cluster.read(self._key)
        assert found is not None
        return found

    def change(self, operations: Sequence[Mapping[str, Any]]) -> None:
        self._world.cluster.storage_api.patch(self._key, operations)


def test_a_plan_that_waits_can_be_approved_while_something_else_is_in_trouble(world: World) -> None:
    """The writer's Secret is still missing; the bucket is shared, so the plan waits though approval is Automatic."""
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.s3.put(BUCKET, "index.html", size=5000)
    world.cluster.delete_secret("default", "writer")
    key = with_writer(world)
    assert bucket.documents == {}
    approve(AsPerson(world, key), "", agreed=True)
    world.run(key)
    assert bucket.documents


def test_a_plan_that_waits_is_told_while_something_else_is_in_trouble(world: World) -> None:
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    world.cluster.delete_secret("default", "writer")
    key = with_writer(world, approval="Manual")
    plan = world.cluster.status(key)["plan"]
    assert plan["summary"].endswith(f"Waits for approval of {plan['id']}.")
    assert f"--plan {plan['id']}" in world.message(key, "Ready")


def test_an_approval_copied_with_the_end_of_its_sentence_is_one(world: World) -> None:
    world.s3.buckets[BUCKET] = StoredBucket("us-east-1")
    key = world.create(approval="Manual")
    told = world.message(key, "InSync").split("--plan ")[1].split()[0]
    world.cluster.annotate(key, APPROVED_PLAN, told)
    world.run(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted"), world.message(key, "InSync")
