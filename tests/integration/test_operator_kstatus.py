"""What generic tools make of a resource: kstatus (Flux, Argo CD, kpt, Helm), `kubectl wait` and `kubectl get`."""

from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client import CoreV1Api

from lab.toolchain import run_kubectl
from lab.waiting import until
from tests.integration.operator_site import Customer, Site, is_ready, site_fixtures

operator_site, site = site_fixtures()


def kstatus(obj: Mapping[str, Any]) -> str:
    """The published rules of sigs.k8s.io/cli-utils/pkg/kstatus for a kind it has no special knowledge of."""
    status = obj.get("status") or {}
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != obj["metadata"]["generation"]:
        return "InProgress"
    verdicts = {one["type"]: one["status"] for one in status.get("conditions", [])}
    if verdicts.get("Reconciling") == "True":
        return "InProgress"
    if verdicts.get("Stalled") == "True":
        return "Failed"
    return "InProgress" if verdicts.get("Ready", "True") != "True" else "Current"


def until_kstatus(customer: Customer, wanted: str) -> dict[str, Any]:
    return customer.wait(lambda obj: kstatus(obj) == wanted, wanted)


def test_a_resource_nobody_has_looked_at_yet_is_in_progress(site: Site, namespace: str) -> None:
    """An object without any status would count as Current."""
    site.operator.stop()
    acme = site.customer(namespace)
    acme.declare()
    try:
        assert kstatus(acme.read()) == "InProgress"
    finally:
        site.operator.start()
    until_kstatus(acme, "Current")


def test_a_resource_is_in_progress_during_its_first_sweep_and_current_after_it(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.record(2)
    acme.fault("hang", r"/Recordings\.json\?.*PageSize=1000", seconds=1)
    acme.declare()
    acme.until_fault_fired()

    assert kstatus(acme.read()) == "InProgress"

    assert is_ready(until_kstatus(acme, "Current"))


def test_an_edited_resource_is_in_progress_until_its_edit_is_worked_in(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.declare().until_ready()
    acme.fault("hang", r"\.json", seconds=1)

    assert kstatus(acme.edit(sweepInterval="1h")) == "InProgress"

    obj = until_kstatus(acme, "Current")
    assert obj["status"]["observedGeneration"] == 2


def test_what_only_a_person_can_mend_has_failed_until_it_is_mended(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.declare().until_ready()
    CoreV1Api(site.api).patch_namespaced_secret("acme-twilio", namespace, {"data": {"authToken": None, "typo": "eA=="}})
    acme.request()
    until_kstatus(acme, "Failed")

    acme.set_secret("twilio", authToken=acme.tenant.account.auth_token)
    site.advance(seconds=60)
    until_kstatus(acme, "Current")

    acme.edit(s3={**acme.in_s3()["s3"], "endpointUrl": "https://elsewhere.example.com"})
    until_kstatus(acme, "Failed")
    acme.edit(s3=None)
    until_kstatus(acme, "Current")


def test_what_the_world_has_to_mend_is_in_progress_until_it_is_mended(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.declare().until_ready()
    site.twilio.account_status(acme.account_sid, "suspended")
    acme.request()
    assert until_kstatus(acme, "InProgress")["status"]["observedGeneration"] == 1
    acme.until_reason("TwilioAccountSuspended")

    site.twilio.account_status(acme.account_sid, "active")
    site.advance(seconds=300)
    until_kstatus(acme, "Current")


def test_a_resource_without_its_secret_is_in_progress_until_there_is_one(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.make_storage().until_reason("SecretMissing")
    assert kstatus(acme.read()) == "InProgress"

    acme.make_secrets()
    site.advance(seconds=60)
    until_kstatus(acme, "Current")


def test_a_resource_that_is_being_deleted_is_terminating(site: Site, namespace: str) -> None:
    """As long as the operator has to look at it for the last time, and that waits for a pass under way."""
    acme = site.customer(namespace)
    acme.declare(deletionPolicy="Delete").until_ready()
    acme.fault("hang", r"/Recordings\.json", seconds=1)
    acme.request()
    acme.until_fault_fired()

    acme.delete()

    assert kstatus(acme.read()) == "Terminating"
    acme.until_gone()


def test_kubectl_waits_for_ready_and_shows_the_columns(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(5)
    acme.erase(recorded[:2])
    kubectl = in_namespace(site, namespace)
    acme.declare()

    kubectl("wait", "--for=condition=Ready", "--timeout=60s", "recst/acme")

    head, row = kubectl("get", "recst").splitlines()
    assert head.split() == ["NAME", "BACKEND", "OBSERVED", "READY", "PLAN", "RECORDINGS", "DELETED", "AGE"]
    assert row.split()[:-1] == ["acme", "Twilio", "Twilio", "True", "Applied", "3", "2"]
    wide = kubectl("get", "recst", "-o", "wide").splitlines()
    assert (wide[0].split()[4], wide[1].split()[4]) == ("REASON", "Reconciled")
    head, row = until(lambda: kubectl("get", "recdel").splitlines(), what="slices listed")
    assert row.split()[1:4] == ["acme", acme.slices()[0]["day"], "2"]


def in_namespace(site: Site, namespace: str) -> Callable[..., str]:
    return lambda *words: run_kubectl(site.plane.admin_kubeconfig, f"--namespace={namespace}", *words)
