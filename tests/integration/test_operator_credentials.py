"""Secrets change while the operator runs: it needs no restart, and a minute at most."""

from collections.abc import Iterator

import pytest

from lab.s3 import EVERYTHING, Credentials, MotoServer
from lab.simulator import SimulatorServer
from tests.integration.operator_site import Customer, Site, is_ready, listed, site_fixtures, total

SECRET_CHECK = 60.0
"""Virtual seconds within which a new Secret is noticed where the old one failed."""

operator_site, site = site_fixtures()


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One that checks keys."""
    with MotoServer(tmp_path_factory.mktemp("moto"), clock_url=simulator.url) as server:
        server.enforce_iam()
        yield server


def test_a_token_rotated_at_twilio_and_in_the_secret_is_used_at_once(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(3)
    acme.declare().until_ready()
    acme.erase(recorded[:1])
    acme.set_secret("twilio", authToken=site.twilio.rotate_token(acme.account_sid))
    known = acme.last_call()

    assert listed(acme.sweep()) == recorded[:1]
    assert {call["status"] for call in acme.calls(known)} == {200}


def test_a_token_rejected_by_twilio_is_told_and_a_new_one_taken_within_a_minute(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    recorded = acme.record(3)
    acme.declare().until_ready()
    pid, token = site.operator.pid, site.twilio.rotate_token(acme.account_sid)
    acme.erase(recorded[:1])
    acme.request()
    acme.until_reason("TwilioCredentialsRejected")

    acme.set_secret("twilio", authToken=token)
    site.advance(seconds=SECRET_CHECK)

    obj = acme.wait(lambda obj: is_ready(obj) and total(obj), "the deletion found")
    assert listed(obj) == recorded[:1]
    assert site.operator.pid == pid


def test_a_key_rejected_by_s3_is_told_and_a_new_one_taken_within_a_minute(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    old = site.s3.create_user(f"{namespace}-old", EVERYTHING)
    acme.make_secrets()
    set_keys(acme, old)
    acme.make_storage(**acme.in_s3()).until_reason("EnableExternalStorage")
    acme.tenant.external_storage(site.twilio, True)
    recorded = acme.record(2)
    assert is_ready(acme.sweep())

    delete_key(site.s3, f"{namespace}-old", old)
    acme.erase_objects(recorded[:1])
    acme.request()
    acme.until_reason("S3CredentialsRejected")

    set_keys(acme, site.s3.create_user(f"{namespace}-new", EVERYTHING))
    site.advance(seconds=SECRET_CHECK)

    obj = acme.wait(lambda obj: is_ready(obj) and total(obj), "the deletion found")
    assert listed(obj) == recorded[:1]


def set_keys(customer: Customer, keys: Credentials) -> None:
    customer.set_secret("s3", accessKeyId=keys.access_key_id, secretAccessKey=keys.secret_access_key)


def delete_key(server: MotoServer, user: str, keys: Credentials) -> None:
    iam = server.iam()
    iam.delete_access_key(UserName=user, AccessKeyId=keys.access_key_id)
