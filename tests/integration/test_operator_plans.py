"""A plan from its first showing to its end: what waits for a person, what is put back, and what is left alone."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.s3 import EVERYTHING, MotoServer
from lab.simulator import SimulatorServer
from tests.integration.bucket_view import BLOCKED, BucketView, allow
from tests.integration.operator_site import (
    Customer,
    Object,
    Site,
    conditions,
    is_current,
    is_ready,
    listed,
    status,
)
from tests.integration.relay import Relay
from tests.integration.relayed_site import relayed_fixtures

WRITE_RETRY = 300.0
"""Virtual seconds within which a right that was missing is noticed."""

STALE = "p0123456789a"

way, operator_site, site = relayed_fixtures()


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One that checks keys and rights."""
    with MotoServer(tmp_path_factory.mktemp("moto"), clock_url=simulator.url) as server:
        server.enforce_iam()
        yield server


def plan(obj: Object) -> Object:
    return dict(status(obj)["plan"])


def targets(obj: Object) -> list[str]:
    return [action["target"] for action in plan(obj)["actions"]]


def until_sync(customer: Customer, reason: str, timeout: float = 30) -> Object:
    """The object once its latest generation says so under InSync."""

    def holds(obj: Object) -> bool:
        return is_current(obj) and conditions(obj).get("InSync", {}).get("reason") == reason

    return customer.wait(holds, f"InSync {reason}", timeout)


def asking(customer: Customer, **settings: Any) -> Object:
    """Declare it with Manual approval; the object once its first plan waits."""
    customer.declare(**customer.in_s3(**settings), approval="Manual")
    return until_sync(customer, "AwaitingApproval")


def delivering(customer: Customer, **spec: Any) -> list[str]:
    """Declare it and let its recordings go to its bucket; their SIDs once all is well."""
    customer.declare(**customer.in_s3(), **spec)
    if spec.get("approval") == "Manual":
        customer.approve(plan(until_sync(customer, "AwaitingApproval"))["id"])
    customer.until_reason("EnableExternalStorage")
    customer.switch(True)
    recorded = customer.record(3)
    assert is_ready(customer.sweep())
    return recorded


def with_own_key(customer: Customer, *denied: str) -> str:
    """Give the operator a key in S3 that lacks these rights; the user's name."""
    user = customer.tenant.bucket
    keys = customer.site.s3.create_user(user, EVERYTHING)
    allow(customer.site.s3, user, denied)
    customer.make_secrets()
    customer.set_secret("s3", accessKeyId=keys.access_key_id, secretAccessKey=keys.secret_access_key)
    return user


def test_nothing_is_made_before_its_plan_is_approved_and_exactly_the_plan_after(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    obj = asking(acme)
    ready, sync = conditions(obj)["Ready"], conditions(obj)["InSync"]
    assert (ready["status"], ready["reason"]) == (sync["status"], sync["reason"]) == ("False", "AwaitingApproval")
    assert not conditions(obj).keys() & {"Reconciling", "Stalled"}
    assert plan(obj)["state"] == "Pending"
    assert targets(obj) == [
        "bucket",
        "tags.recordings.dev/created-by",
        *("versioning", "publicAccess", "objectOwnership", "encryption"),
        "lifecycle.abortIncompleteMultipartUploads",
    ]
    assert plan(obj)["id"] in sync["message"]
    assert acme.kubectl("get", "--no-headers").split()[4] == "Pending"
    acme.request()
    site.advance(seconds=600)
    acme.wait(lambda obj: not site.busy(), "an idle operator")
    assert not acme.bucket.exists()
    assert plan(acme.read()) == plan(obj)

    acme.approve(plan(obj)["id"])

    done = acme.until_reason("EnableExternalStorage")
    assert (plan(done)["state"], status(done)["lastApprovedPlan"]) == ("Applied", plan(obj)["id"])
    assert (conditions(done)["InSync"]["status"], conditions(done)["InSync"]["reason"]) == ("True", "NotSupported")
    settings = acme.bucket.settings()
    assert settings["versioning"]["Status"] == "Enabled"
    assert settings["publicAccess"] == {"PublicAccessBlockConfiguration": BLOCKED}
    assert settings["objectOwnership"]["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert acme.bucket.tags() == {"recordings.dev/created-by": obj["metadata"]["uid"]}
    assert list(acme.bucket.rules()) == [f"recordings.dev/{acme.account_sid}/abortIncompleteMultipartUploads"]


def test_an_approval_of_another_plan_changes_nothing_and_is_answered_with_the_right_id(
    site: Site, namespace: str
) -> None:
    acme = site.customer(namespace)
    right = plan(asking(acme))["id"]

    acme.approve(STALE)

    obj = until_sync(acme, "ApprovalStale")
    assert STALE in conditions(obj)["InSync"]["message"]
    assert right in conditions(obj)["InSync"]["message"]
    assert conditions(obj)["Ready"]["reason"] == "ApprovalStale"
    assert not acme.bucket.exists()
    acme.approve(right)
    acme.until_reason("EnableExternalStorage")
    assert acme.bucket.exists()


def test_a_plan_that_the_world_has_overtaken_is_not_applied(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    seen = plan(asking(acme))["id"]
    acme.bucket.make().put("notes.txt")
    before = acme.bucket.settings()

    acme.approve(seen)

    obj = until_sync(acme, "ApprovalStale")
    assert plan(obj)["id"] != seen
    assert plan(obj)["actions"][0]["type"] == "AdoptBucket"
    assert acme.bucket.settings() == before
    acme.approve(plan(obj)["id"])
    acme.until_reason("EnableExternalStorage")
    assert acme.bucket.settings()["versioning"]["Status"] == "Enabled"


def test_edits_of_other_things_leave_the_plan_its_id(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    before = plan(asking(acme))

    acme.edit(sweepInterval="1h", retention={"metadataDays": 30}, driftPolicy="Report", deletionPolicy="Delete")
    acme.kubectl("label", "team=voice")
    acme.set_secret("twilio", note="moved")
    acme.request()

    obj = until_sync(acme, "AwaitingApproval")
    assert plan(obj) == before
    acme.edit(s3={"tags": {"team": "voice"}})
    obj = until_sync(acme, "AwaitingApproval")
    assert plan(obj)["id"] != before["id"]
    acme.approve(before["id"])
    until_sync(acme, "ApprovalStale")
    assert not acme.bucket.exists()


def test_what_was_approved_once_is_put_back_without_asking(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    delivering(acme, approval="Manual")
    before = acme.bucket.settings()
    approved = status(acme.read())["lastApprovedPlan"]

    acme.bucket.neglect()

    assert is_ready(acme.sweep())
    assert acme.bucket.settings() == before
    obj = acme.read()
    assert plan(obj)["state"] == "Applied"
    assert ("drift" in status(obj), status(obj)["lastApprovedPlan"]) == (False, approved)


def test_drift_is_only_reported_where_that_is_wanted(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    delivering(acme, driftPolicy="Report")
    acme.bucket.neglect()
    before = acme.bucket.settings()

    obj = acme.sweep()

    assert is_ready(obj)
    assert (conditions(obj)["InSync"]["status"], conditions(obj)["InSync"]["reason"]) == ("False", "Drifted")
    assert status(obj)["drift"] == [
        {"path": "versioning", "want": "Enabled", "have": "Suspended"},
        {"path": "publicAccess", "want": ", ".join(BLOCKED), "have": "absent"},
    ]
    assert acme.bucket.settings() == before
    acme.edit(driftPolicy="Revert")
    until_sync(acme, "NotSupported")
    assert acme.bucket.settings()["publicAccess"] == {"PublicAccessBlockConfiguration": BLOCKED}


def test_an_observed_bucket_is_reported_and_not_changed(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.bucket.make().put("notes.txt")
    acme.switch(True)
    recorded = acme.record(3)
    before = acme.bucket.settings()

    acme.declare(**acme.in_s3(management="Observe", tags={"team": "voice"}))

    obj = acme.until_ready()
    drift = {one["path"]: one["have"] for one in status(obj)["drift"]}
    assert (drift["versioning"], drift["tags.team"]) == ("absent", "absent")
    assert conditions(obj)["InSync"]["reason"] == "Drifted"
    acme.erase_objects(recorded[:1])
    acme.sweep()
    assert acme.bucket.settings() == before
    assert "managed" not in status(obj)


def test_a_bucket_that_is_not_there_is_not_made_by_one_who_observes(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.declare(**acme.in_s3(management="Observe")).until_reason("BucketMissing")
    assert not acme.bucket.exists()


def settle_in(bucket: BucketView) -> None:
    """Somebody else's documents in it."""
    rule = {"ID": "theirs", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 3}}
    bucket.client.put_bucket_lifecycle_configuration(
        Bucket=bucket.name,
        LifecycleConfiguration={"Rules": [rule]},  # type: ignore[list-item]  # as S3 takes it
    )
    everything = f"arn:aws:s3:::{bucket.name}/*"
    statement = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObjectAcl",
        "Resource": everything,
    }
    bucket.client.put_bucket_policy(
        Bucket=bucket.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    bucket.client.put_bucket_tagging(Bucket=bucket.name, Tagging={"TagSet": [{"Key": "cost", "Value": "7"}]})


def test_an_adopted_bucket_is_counted_in_the_plan_and_keeps_what_is_somebody_elses(site: Site, namespace: str) -> None:
    """The third of the other objects is the one with which Twilio tried the bucket out."""
    acme = site.customer(namespace)
    bucket = acme.bucket.make()
    settle_in(bucket)
    acme.switch(True)
    acme.record(3)
    bucket.put("notes.txt", "tmp/scratch")
    held, rule, policy = bucket.versions(), bucket.rules()["theirs"], bucket.settings()["policy"]
    obj = asking(acme, tags={"team": "voice"})

    adoption = plan(obj)["actions"][0]
    assert (adoption["type"], adoption["class"]) == ("AdoptBucket", "Safe")
    assert "holds 3 recordings of this account, 3 other object" in adoption["summary"]
    assert bucket.tags() == {"cost": "7"}
    acme.approve(plan(obj)["id"])
    acme.until_ready()
    assert bucket.tags() == {"cost": "7", "team": "voice"}
    assert bucket.rules()["theirs"] == rule
    assert len(bucket.rules()) == 2
    assert bucket.settings()["policy"] == policy
    assert bucket.versions() == held


@pytest.mark.parametrize("request_line", [b"?publicAccessBlock", b"?lifecycle"])
def test_a_crash_in_mid_apply_is_taken_up_without_asking_again(
    site: Site, way: Relay, namespace: str, request_line: bytes
) -> None:
    """The approval itself is gone by then: only what was written down before the first change tells of it."""
    acme = site.customer(namespace, endpoint=way.url)
    approved = plan(asking(acme))["id"]
    way.hold(b"PUT /" + acme.tenant.bucket.encode() + request_line)
    acme.approve(approved)
    assert way.holding.wait(timeout=30)
    assert acme.bucket.tags() == {"recordings.dev/created-by": acme.read()["metadata"]["uid"]}
    assert acme.bucket.rules() == {}

    site.operator.kill()
    way.cut()
    way.mend()
    acme.kubectl("annotate", "recordings.dev/approved-plan-")
    site.operator.start()

    obj = acme.until_reason("EnableExternalStorage")
    assert (plan(obj)["state"], status(obj)["lastApprovedPlan"]) == ("Applied", approved)
    assert acme.bucket.settings()["publicAccess"] == {"PublicAccessBlockConfiguration": BLOCKED}
    assert len(acme.bucket.rules()) == 1


def test_a_right_that_is_missing_is_named_stops_no_sweep_and_is_waited_for(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.bucket.make()
    recorded = acme.record(2)
    site.advance(seconds=1)
    acme.switch(True)
    acme.record(2)
    user = with_own_key(acme, "s3:PutBucketVersioning")
    acme.make_storage(**acme.in_s3(tags={"team": "voice"}), approval="Manual")
    approved = plan(until_sync(acme, "AwaitingApproval"))["id"]

    acme.approve(approved)

    obj = until_sync(acme, "S3AccessDenied")
    message = conditions(obj)["InSync"]["message"]
    assert "versioning" in message
    assert "grant s3:PutBucketVersioning" in message
    assert conditions(obj)["Ready"]["reason"] == conditions(obj)["Reconciling"]["reason"] == "S3AccessDenied"
    assert plan(obj)["state"] == "Blocked"
    assert acme.bucket.settings()["publicAccess"] is None
    known = acme.read()["metadata"]["resourceVersion"]
    site.advance(seconds=WRITE_RETRY)
    acme.wait(lambda obj: not site.busy(), "another attempt")
    assert acme.read()["metadata"]["resourceVersion"] == known

    acme.erase(recorded[:1])
    assert listed(acme.sweep()) == recorded[:1]

    allow(site.s3, user)
    site.advance(seconds=WRITE_RETRY)
    obj = acme.until_ready()
    assert (plan(obj)["state"], status(obj)["lastApprovedPlan"]) == ("Applied", approved)
    assert acme.bucket.settings()["versioning"]["Status"] == "Enabled"
    assert acme.bucket.tags() == {"team": "voice"}
