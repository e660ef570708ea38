"""Several resources that name the same account or the same bucket: the oldest has it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.s3 import MotoServer
from lab.simulator import SimulatorServer
from lab.waiting import until
from tests.integration.bucket_view import s3_requests
from tests.integration.operator_site import (
    Customer,
    Object,
    Site,
    conditions,
    is_ready,
    listed,
    moment,
    site_fixtures,
    status,
)

RECHECK = 60.0
"""Virtual seconds until a conflict is looked at again."""

operator_site, site = site_fixtures()


@pytest.fixture(scope="module")
def s3_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("moto") / "moto.log"


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, s3_log: Path) -> Iterator[MotoServer]:
    """One that nobody else asks anything."""
    with MotoServer(s3_log.parent, clock_url=simulator.url) as server:
        yield server


def settled(customer: Customer) -> Customer:
    """One that has its account and its bucket; whatever is made from now on is younger, to the second."""
    made = customer.declare(**customer.in_s3()).until_reason("EnableExternalStorage")["metadata"]["creationTimestamp"]
    until(lambda: datetime.now(UTC) - moment(made) >= timedelta(seconds=1), what="another second")
    return customer


def until_conflict(customer: Customer, reason: str) -> Object:
    obj = customer.until_reason(reason)
    assert (conditions(obj)["Conflict"]["status"], conditions(obj)["Conflict"]["reason"]) == ("True", reason)
    assert conditions(obj)["Ready"]["status"] == "False"
    return obj


def assert_freed(site: Site, customer: Customer) -> None:
    """Within a minute it works as any other."""
    site.advance(seconds=RECHECK)
    obj = customer.until_reason("EnableExternalStorage")
    assert "Conflict" not in conditions(obj)
    assert customer.bucket.exists()


def test_the_younger_of_two_with_one_account_waits_until_the_older_is_gone(
    site: Site, s3_log: Path, namespace: str
) -> None:
    older = settled(site.customer(namespace, "older"))
    younger = site.customer(namespace, "younger", account=older.tenant.account, bucket=f"{older.tenant.bucket}-y")
    younger.declare(**younger.in_s3())

    obj = until_conflict(younger, "AccountClaimed")

    message = conditions(obj)["Conflict"]["message"]
    assert f"{namespace}/older" in message
    assert older.account_sid in message
    known, looks = older.last_call(), site.kubernetes_requests(method="GET")
    site.advance(seconds=RECHECK)
    site.until_looked_at(looks)
    assert older.calls(known) == []
    assert not s3_requests(s3_log, younger.tenant)
    assert is_current_conflict(younger)

    older.delete()
    older.until_gone()
    assert_freed(site, younger)


def is_current_conflict(customer: Customer) -> bool:
    return "Conflict" in conditions(customer.read())


@pytest.mark.parametrize(("first", "second"), [("", "calls"), ("calls", ""), ("calls", "calls"), ("calls", "calls/eu")])
def test_the_younger_of_two_whose_prefixes_overlap_is_left_alone(
    site: Site, s3_log: Path, namespace: str, first: str, second: str
) -> None:
    older = settled(site.customer(namespace, "older", prefix=first))
    before = older.bucket.settings()
    younger = site.customer(namespace, "younger", bucket=older.tenant.bucket, prefix=second)
    younger.declare(**younger.in_s3(tags={"team": "voice"}))

    obj = until_conflict(younger, "BucketClaimed")

    message = conditions(obj)["Conflict"]["message"]
    assert f"{namespace}/older" in message
    assert younger.tenant.bucket in message
    asked, looks = s3_requests(s3_log, younger.tenant)["GET"], site.kubernetes_requests(method="GET")
    site.advance(seconds=RECHECK)
    site.until_looked_at(looks)
    until(lambda: not site.busy(), what="an idle operator")
    assert younger.calls() == []
    assert s3_requests(s3_log, younger.tenant)["GET"] == asked
    assert older.bucket.settings() == before

    older.delete()
    older.until_gone()
    assert_freed(site, younger)
    assert older.bucket.tags()["team"] == "voice"


def test_two_with_prefixes_apart_share_a_bucket_and_do_not_fight(site: Site, s3_log: Path, namespace: str) -> None:
    older = settled(site.customer(namespace, "older", prefix="eu"))
    guest = site.customer(namespace, "guest", bucket=older.tenant.bucket, prefix="us")
    guest.declare(**guest.in_s3(tags={"team": "guests"}, versioning="Unmanaged")).until_reason("EnableExternalStorage")
    gone = {}
    for customer in (older, guest):
        customer.switch(True)
        gone[customer.tenant.name] = customer.record(3)[:1]
        customer.erase_objects(gone[customer.tenant.name])
    for customer in (older, guest):
        obj = customer.sweep()
        assert is_ready(obj)
        assert listed(obj) == gone[customer.tenant.name]
        assert "drift" not in status(obj)

    written = s3_requests(s3_log, older.tenant)["PUT"]
    for customer in (older, guest, older, guest):
        assert conditions(customer.sweep())["InSync"]["status"] == "True"

    assert s3_requests(s3_log, older.tenant)["PUT"] == written
    assert older.bucket.tags() == {"recordings.dev/created-by": older.read()["metadata"]["uid"]}
    assert {rule["Filter"]["Prefix"] for rule in older.bucket.rules().values()} == {
        f"eu/{older.account_sid}/",
        f"us/{guest.account_sid}/",
    }


def test_an_edit_into_the_bucket_of_an_older_one_waits_and_an_edit_out_of_it_frees_at_once(
    site: Site, namespace: str
) -> None:
    older = settled(site.customer(namespace, "older"))
    younger = settled(site.customer(namespace, "younger"))

    younger.edit(s3={"bucket": older.tenant.bucket})
    until_conflict(younger, "BucketClaimed")

    younger.edit(s3={"bucket": younger.tenant.bucket})
    obj = younger.until_reason("EnableExternalStorage")
    assert "Conflict" not in conditions(obj)
