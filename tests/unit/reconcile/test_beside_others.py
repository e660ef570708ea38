"""Our part of a document goes beside those of others, in a form that S3 takes and that leaves theirs as meant."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from recording_storage_operator.core.facts import Aspect
from tests.builders import ACCOUNT, BUCKET
from tests.fakes.s3 import StoredBucket
from tests.unit.reconcile.world import World


@pytest.fixture(autouse=True)
def aws(world: World) -> None:
    world.s3.like_aws = True


def existing(world: World, aspect: Aspect, document: dict[str, Any]) -> dict[Aspect, dict[str, Any]]:
    bucket = world.s3.buckets[BUCKET] = StoredBucket("us-east-1", documents={aspect: document})
    return bucket.documents


@pytest.mark.parametrize("scope", [{"Prefix": "logs/"}, {"Filter": {"Prefix": "logs/"}}])
def test_our_rules_are_spelled_as_those_of_others_are(world: World, scope: dict[str, Any]) -> None:
    """S3 takes a lifecycle whose rules all have Prefix, or all have Filter, and no mixture."""
    theirs = {"ID": "theirs", "Status": "Enabled", **scope, "Expiration": {"Days": 30}}
    documents = existing(world, Aspect.LIFECYCLE, {"Rules": [theirs]})
    key = world.create()
    world.edit_s3(key, lifecycle={"noncurrentVersions": "Expire"})
    rules = documents[Aspect.LIFECYCLE]["Rules"]
    assert theirs in rules
    assert [rule["ID"].rpartition("/")[2] for rule in rules if rule != theirs] == [
        "abortIncompleteMultipartUploads",
        "noncurrentVersions",
    ]
    assert f"{ACCOUNT}/" in str(rules)
    assert world.condition(key, "InSync") == ("True", "AsWanted")


def test_a_bucket_with_a_public_policy_can_be_brought_where_it_shall_be(world: World) -> None:
    public = {"Sid": "Web", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    documents = existing(world, Aspect.POLICY, {"Version": "2012-10-17", "Statement": [public]})
    key = world.create(approval="Manual")
    world.approve(key)
    assert world.condition(key, "InSync") == ("True", "AsWanted"), world.message(key, "InSync")
    assert len(documents[Aspect.POLICY]["Statement"]) == 2
    assert documents[Aspect.PUBLIC_ACCESS]["BlockPublicPolicy"]


def test_a_policy_without_a_version_keeps_its_meaning(world: World) -> None:
    """It is of 2008-10-17 then, in which ${aws:username} is mere text."""
    theirs = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/${{aws:username}}/*",
    }
    documents = existing(world, Aspect.POLICY, {"Statement": [theirs]})
    world.create()
    assert len(documents[Aspect.POLICY]["Statement"]) == 2
    assert "Version" not in documents[Aspect.POLICY]


def test_a_date_that_somebody_puts_into_our_rule_is_a_difference_like_any_other(world: World) -> None:
    key = world.create()
    [rule] = world.s3.buckets[BUCKET].documents[Aspect.LIFECYCLE]["Rules"]
    wanted = copy.deepcopy(rule)
    rule["Expiration"] = {"Date": datetime(2027, 1, 1, tzinfo=UTC)}  # as the SDK reads it
    world.sweep(key)
    assert world.s3.buckets[BUCKET].documents[Aspect.LIFECYCLE]["Rules"] == [wanted]
    assert world.condition(key, "InSync") == ("True", "AsWanted")
