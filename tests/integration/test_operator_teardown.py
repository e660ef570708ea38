"""The end of a resource: what the operator made may go with it, and never a recording."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes.client import ApiException, CoreV1Api, V1Namespace, V1ObjectMeta

from lab.s3 import MotoServer
from lab.simulator import SimulatorServer
from lab.toolchain import run_kubectl
from lab.waiting import until
from recording_storage_operator.api import names
from tests.integration.operator_site import COLLECTED_WITHIN, Customer, Object, Site, conditions, site_fixtures

RECHECK = 15.0
"""Virtual seconds between two looks at what blocks a deletion."""

operator_site, site = site_fixtures()


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One that checks keys."""
    with MotoServer(tmp_path_factory.mktemp("moto"), clock_url=simulator.url) as server:
        server.enforce_iam()
        yield server


@contextlib.contextmanager
def operator_away(site: Site) -> Iterator[None]:
    site.operator.stop()
    try:
        yield
    finally:
        site.operator.start()


def made(customer: Customer, **spec: Any) -> Customer:
    """Declare it, with a bucket that the operator makes."""
    customer.declare(**customer.in_s3(), **spec).until_reason("EnableExternalStorage")
    return customer


def filled(customer: Customer, **spec: Any) -> list[str]:
    """As `made`, with recordings in the bucket, one of them deleted; their SIDs."""
    made(customer, **spec)
    customer.switch(True)
    recorded = customer.record(3)
    customer.erase_objects(recorded[:1])
    customer.switch(False)
    return recorded


def until_blocked(customer: Customer, reason: str) -> Object:
    """The object once its deletion waits for a person."""
    return customer.wait(
        lambda obj: conditions(obj).get("DeletionBlocked", {}).get("reason") == reason, f"DeletionBlocked {reason}"
    )


def test_a_resource_that_retains_leaves_everything_as_it_is(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    filled(acme)
    before = acme.bucket.versions(), acme.bucket.settings()

    acme.delete()

    acme.until_gone(timeout=5)
    assert (acme.bucket.versions(), acme.bucket.settings()) == before


def test_a_resource_that_retains_goes_at_once_where_no_operator_runs(site: Site, namespace: str) -> None:
    """Also one that wanted otherwise before, and has been told to retain in time."""
    acme = site.customer(namespace)
    filled(acme, deletionPolicy="Delete")
    assert acme.read()["metadata"]["finalizers"] == [names.FINALIZER]
    acme.edit(deletionPolicy="Retain")
    acme.wait(lambda obj: "finalizers" not in obj["metadata"], "let go")
    before = acme.bucket.versions()

    with operator_away(site):
        acme.kubectl("delete", "--timeout=5s")
        assert acme.is_gone()
    assert acme.bucket.versions() == before


def test_an_empty_bucket_that_the_operator_made_goes_with_its_resource(site: Site, namespace: str) -> None:
    acme = made(site.customer(namespace), deletionPolicy="Delete")
    assert acme.bucket.exists()

    acme.delete()

    acme.until_gone()
    assert not acme.bucket.exists()


def test_an_empty_bucket_stays_as_long_as_twilio_writes_to_it(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    made(acme, deletionPolicy="Delete")
    acme.switch(True)
    acme.record(2)
    acme.bucket.empty()

    acme.delete()

    blocked = conditions(until_blocked(acme, "ExternalStorageInUse"))
    assert "Turn External Storage off" in blocked["DeletionBlocked"]["message"]
    assert acme.bucket.exists()
    acme.switch(False)
    acme.record()
    acme.bucket.empty()
    site.advance_until(acme.is_gone, "gone", RECHECK)
    assert not acme.bucket.exists()


def test_a_bucket_with_recordings_blocks_the_deletion_until_it_is_retained(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    filled(acme, deletionPolicy="Delete")
    before = acme.bucket.versions()

    acme.delete()

    obj = until_blocked(acme, "BucketNotEmpty")
    message = conditions(obj)["DeletionBlocked"]["message"]
    assert "3 recordings of this account, 1 other object" in message
    assert (conditions(obj)["Ready"]["status"], conditions(obj)["Ready"]["reason"]) == ("False", "BucketNotEmpty")
    assert """-p '{"spec":{"deletionPolicy":"Retain"}}'""" in message
    looks = site.kubernetes_requests(method="GET")
    site.advance(seconds=RECHECK)
    site.until_looked_at(looks)
    assert acme.read()["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]
    acme.kubectl("patch", "--type=merge", '--patch={"spec":{"deletionPolicy":"Retain"}}')
    acme.until_gone(timeout=5)
    assert acme.bucket.versions() == before


def test_delete_markers_alone_are_recordings_too(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    filled(acme, deletionPolicy="Delete")
    for kind, key, version in acme.bucket.versions():
        if kind == "Versions":
            acme.bucket.client.delete_object(Bucket=acme.tenant.bucket, Key=key, VersionId=version)
    (_marker,) = acme.bucket.versions()

    acme.delete()

    until_blocked(acme, "BucketNotEmpty")
    acme.edit(deletionPolicy="Retain")
    acme.until_gone()
    assert len(acme.bucket.versions()) == 1


def test_a_bucket_that_was_there_before_stays_though_it_is_empty(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    acme.bucket.make()
    made(acme, deletionPolicy="Delete")

    acme.delete()

    acme.until_gone()
    assert acme.bucket.exists()


def test_a_bucket_whose_mark_is_of_another_resource_stays(site: Site, namespace: str) -> None:
    """One that was deleted and made again under the same name adopts its own bucket as anybody's."""
    acme = made(site.customer(namespace))
    acme.delete()
    acme.until_gone()
    acme.make_storage(**acme.in_s3(), deletionPolicy="Delete").until_reason("EnableExternalStorage")

    acme.delete()

    acme.until_gone()
    assert acme.bucket.exists()


def without_secret(acme: Customer) -> None:
    CoreV1Api(acme.site.api).delete_namespaced_secret("acme-twilio", acme.tenant.namespace)


def without_s3_secret(acme: Customer) -> None:
    CoreV1Api(acme.site.api).delete_namespaced_secret("acme-s3", acme.tenant.namespace)


def with_rotated_token(acme: Customer) -> None:
    acme.site.twilio.rotate_token(acme.account_sid)


def with_unknown_key(acme: Customer) -> None:
    acme.set_secret("s3", accessKeyId="AKIANOBODY0000000000")


def with_closed_account(acme: Customer) -> None:
    acme.site.twilio.account_status(acme.account_sid, "closed")


def with_malformed_secret(acme: Customer) -> None:
    acme.set_secret("s3", secretAccessKey="")


@pytest.mark.parametrize(
    "spoil",
    [
        without_secret,
        without_s3_secret,
        with_rotated_token,
        with_unknown_key,
        with_closed_account,
        with_malformed_secret,
    ],
)
def test_what_cannot_be_looked_at_any_more_is_left_behind(
    site: Site, namespace: str, spoil: Callable[[Customer], None]
) -> None:
    acme = made(site.customer(namespace), deletionPolicy="Delete")
    spoil(acme)

    acme.delete()

    acme.until_gone()
    assert acme.bucket.exists()


def test_a_suspended_resource_goes_and_its_bucket_stays(site: Site, namespace: str) -> None:
    acme = made(site.customer(namespace), deletionPolicy="Delete")
    acme.edit(suspend=True)
    acme.until_reason("Suspended")

    acme.delete()

    acme.until_gone()
    assert acme.bucket.exists()


def test_a_deletion_without_an_operator_is_finished_by_the_next_one(site: Site, namespace: str) -> None:
    acme = made(site.customer(namespace), deletionPolicy="Delete")
    with operator_away(site):
        acme.delete()
        assert "deletionTimestamp" in acme.read()["metadata"]
        assert acme.bucket.exists()

    acme.until_gone()

    assert not acme.bucket.exists()


def is_gone(site: Site, kind: str, name: str) -> bool:
    return not run_kubectl(site.plane.admin_kubeconfig, "get", kind, name, "--ignore-not-found", "--no-headers")


def test_a_namespace_goes_though_a_bucket_in_it_holds_recordings(site: Site, namespace: str) -> None:
    """Its Secrets go with it, and that ends the block."""
    core, name = CoreV1Api(site.api), f"{namespace}-b"
    core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    full, empty = site.customer(name), site.customer(name, "empty")
    filled(full, deletionPolicy="Delete")
    made(empty)
    before = full.bucket.versions()

    core.delete_namespace(name)

    site.advance_until(lambda: is_gone(site, "ns", name), "the namespace gone", RECHECK, timeout=COLLECTED_WITHIN)
    assert full.bucket.versions() == before
    assert empty.bucket.exists()


@pytest.mark.own_control_plane
def test_the_kind_itself_goes_once_who_blocks_is_told_to_retain(site: Site, namespace: str) -> None:
    full, empty = site.customer(namespace), site.customer(namespace, "empty")
    filled(full, deletionPolicy="Delete")
    made(empty, deletionPolicy="Delete")
    before, kind = full.bucket.versions(), f"{names.PLURAL}.{names.GROUP}"
    try:
        run_kubectl(site.plane.admin_kubeconfig, "delete", "crd", kind, "--wait=false")

        empty.until_gone()
        until_blocked(full, "BucketNotEmpty")
        full.edit(deletionPolicy="Retain")
        until(lambda: is_gone(site, "crd", kind), what="the kind gone")
        assert full.bucket.versions() == before
        assert not empty.bucket.exists()
    finally:
        with contextlib.suppress(ApiException, TimeoutError):
            full.strip()
        site.plane.install()
        site.operator.restart()
