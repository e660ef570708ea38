"""A resource from its creation to its end, as people see it."""

import pytest
from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta

from lab.waiting import until
from tests.integration.operator_site import (
    COLLECTED_WITHIN,
    HANG,
    Site,
    conditions,
    is_current,
    is_ready,
    listed,
    sids,
    site_fixtures,
    status,
    total,
)

operator_site, site = site_fixtures()


def test_the_last_of_several_edits_during_a_hanging_pass_wins(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.record(2)
    acme.declare().until_ready()
    acme.fault("hang", r"/Recordings\.json", seconds=1.5)
    acme.request()
    acme.until_fault_fired()

    acme.edit(sweepInterval="20m")
    acme.edit(**acme.in_s3())
    last = acme.edit(sweepInterval="1h")

    obj = acme.wait(lambda obj: is_current(obj) and status(obj).get("lastHandledReconcileAt"), "the last edit")
    assert obj["spec"] == last["spec"]
    assert status(obj)["observedGeneration"] == last["metadata"]["generation"] == 4
    assert (status(obj)["backend"]["desired"], status(obj)["backend"]["observed"]) == ("S3", "Twilio")
    assert conditions(obj)["Ready"]["reason"] == "EnableExternalStorage"
    assert {one["observedGeneration"] for one in conditions(obj).values()} == {4}


def test_a_resource_deleted_in_mid_sweep_is_gone_within_seconds_and_leaves_nothing(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.record(5000)
    sweep_file = acme.sweep_file(acme.declare().until_ready()["metadata"]["uid"])
    writes_to_nothing = site.kubernetes_requests(method="PATCH", code="404")
    acme.fault("slow_drip", r"/Recordings\.json\?.*PageSize=1000", seconds=1, times=None)
    acme.request()
    acme.until_fault_fired(times=2)
    assert sweep_file.exists()

    acme.delete()
    acme.until_gone(timeout=4)

    until(lambda: not sweep_file.exists() and not site.busy(), what="the sweep's file removed")
    calls = acme.last_call()
    site.advance(days=1)
    until(lambda: not site.busy(), what="an idle operator")
    assert acme.last_call() == calls
    assert site.kubernetes_requests(method="PATCH", code="404") == writes_to_nothing


def test_a_requested_sweep_happens_now_and_is_confirmed_only_after_it(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(3)
    acme.declare().until_ready()
    acme.erase(recorded[:1])
    acme.fault("hang", r"/Recordings\.json\?.*PageSize=1000", seconds=1)

    value = acme.request()
    acme.until_fault_fired()
    assert "lastHandledReconcileAt" not in status(acme.read())

    obj = acme.wait(lambda obj: status(obj).get("lastHandledReconcileAt"), "the request handled")
    assert status(obj)["lastHandledReconcileAt"] == value
    assert (total(obj), listed(obj)) == (1, recorded[:1])
    assert status(obj)["recordings"]["twilio"] == 2


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_deleting_a_resource_takes_its_slices_but_no_recording(site: Site, namespace: str, policy: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(4)
    acme.declare().until_ready()
    acme.erase(recorded[:2])
    acme.sweep()
    assert len(acme.slices()) == 1

    acme.delete(propagation_policy=policy)
    acme.until_gone()

    until(lambda: not acme.slices(), COLLECTED_WITHIN, what="slices collected")
    assert not [call for call in acme.calls() if call["method"] != "GET"]


def test_an_object_removed_by_force_leaves_nothing_to_its_namesake(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(3)
    first = acme.declare().until_ready()
    acme.erase(recorded[:1])
    acme.sweep()

    acme.delete()
    acme.strip()
    acme.until_gone()
    acme.make_storage()

    obj = acme.wait(lambda obj: is_ready(obj) and total(obj), "the deletion found anew")
    assert obj["metadata"]["uid"] != first["metadata"]["uid"]
    assert "lastHandledReconcileAt" not in status(obj)
    assert listed(obj) == recorded[:1]
    until(lambda: len(acme.slices()) == 1, COLLECTED_WITHIN, what="the slices of the first one collected")
    assert sids(acme.ledger()) == recorded[:1]
    (part,) = acme.slices()
    assert part["metadata"]["ownerReferences"][0]["uid"] == obj["metadata"]["uid"]
    assert not acme.sweep_file(first["metadata"]["uid"]).exists()
    assert acme.sweep_file(obj["metadata"]["uid"]).exists()


def test_namesakes_in_two_namespaces_are_independent(site: Site, namespace: str) -> None:
    core, other = CoreV1Api(site.api), f"{namespace}-b"
    core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=other)))
    here, there = site.customer(namespace), site.customer(other)
    lost = here.record(2)
    there.record(3)
    here.declare().until_ready()
    before = there.declare().until_ready()
    here.erase(lost)

    assert listed(here.sweep()) == sorted(lost)
    assert status(there.sweep())["recordings"]["twilio"] == 3
    assert there.ledger() == []
    here.delete()
    here.until_gone()
    left = there.read()["metadata"]
    assert (left["uid"], left.get("deletionTimestamp")) == (before["metadata"]["uid"], None)
    core.delete_namespace(other)


def test_a_resource_can_be_deleted_while_twilio_is_down(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.declare(deletionPolicy="Delete").until_ready()
    acme.fault("503", "", times=None)
    acme.request()
    acme.until_fault_fired()

    acme.delete()

    acme.until_gone(timeout=5)


def test_a_deletion_waits_for_no_more_than_one_request_while_twilio_hangs(site: Site, namespace: str) -> None:
    """Fifteen seconds without a byte end a request, and no further attempt is made after that long."""
    acme = site.customer(namespace)
    acme.declare(deletionPolicy="Delete").until_ready()
    acme.fault("hang", r"/Recordings\.json", seconds=HANG)
    acme.request()
    acme.until_fault_fired()

    acme.delete()

    acme.until_gone(timeout=25)
