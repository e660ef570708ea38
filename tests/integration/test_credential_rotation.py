"""Every key is replaced while calls are recorded: no sweep fails, and no recording is missing afterwards."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import pytest
from kubernetes.client import CoreV1Api

from lab.s3 import EVERYTHING, REGION, Credentials, MotoServer
from lab.simulator import SimulatorControl, SimulatorServer
from lab.waiting import until
from tests.integration.operator_site import Customer, Site, conditions, site_fixtures, status

operator_site, site = site_fixtures()

WRITE_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": "*"}],
}


@pytest.fixture(scope="module")
def moto(simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One that checks keys and rights."""
    with MotoServer(tmp_path_factory.mktemp("moto"), clock_url=simulator.url) as server:
        server.enforce_iam()
        yield server


@dataclass
class Calls:
    """A busy call centre: two recordings each virtual second, and what the status said meanwhile."""

    customer: Customer
    control: SimulatorControl
    recorded: list[str] = field(default_factory=list)
    reasons: set[tuple[str, str]] = field(default_factory=set)
    failure: BaseException | None = None

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._record, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert self.failure is None

    def more(self, seconds: int = 25) -> None:
        """Let so many virtual seconds of calls come in."""
        enough = len(self.recorded) + 2 * seconds
        until(lambda: self.failure or len(self.recorded) >= enough, 60, what="more calls")

    def _record(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                rows = self.control.record(self.customer.account_sid, 2, duration=1)
                self.recorded += [row["sid"] for row in rows]
                self.control.advance(seconds=1)
                seen = conditions(self.customer.read())
                self.reasons |= {(kind, seen[kind]["reason"]) for kind in ("Ready", "LedgerComplete")}
        except BaseException as error:  # noqa: BLE001 - of a thread: `going_on` raises it where somebody sees it
            self.failure = error


def test_keys_are_replaced_under_load_without_a_failed_sweep_or_a_gap(site: Site, namespace: str) -> None:
    acme = site.customer(namespace)
    readers = [site.s3.create_user(f"{namespace}-reader-{number}", EVERYTHING) for number in range(2)]
    writers = [site.s3.create_user(f"{namespace}-writer-{number}", WRITE_ONLY) for number in range(2)]
    acme.make_secrets()
    _set(acme, "s3", readers[0])
    make_writer_secret(site, acme, writers[0])
    spec = acme.in_s3()
    spec["s3"]["writerCredentialsSecretRef"] = {"name": f"{acme.tenant.name}-writer"}
    acme.make_storage(**spec, sweepInterval="10s").until_reason("EnableExternalStorage")
    _choose(site, acme, writers[0])
    acme.record()
    site.advance_until(lambda: conditions(acme.read())["Ready"]["status"] == "True", "the first recording seen")

    with contextlib.closing(SimulatorControl(site.twilio.url)) as control:
        calls = Calls(acme, control)
        with calls.going_on():
            calls.more()
            _rotate_twilio(site, acme, calls)
            _rotate_reader(site, acme, readers, calls)
            _rotate_writer(site, acme, writers, calls)
            calls.more()

    assert calls.reasons == {("Ready", "Reconciled"), ("LedgerComplete", "Swept")}
    site.advance(seconds=60)
    after = status(acme.sweep())
    assert after["deletedRecordingsSummary"]["total"] == 0
    assert after["recordings"]["s3"] == after["recordings"]["total"] == len(calls.recorded) + 1
    assert set(calls.recorded) <= _objects(site, acme)


def _rotate_twilio(site: Site, acme: Customer, calls: Calls) -> None:
    """From the token to an API key: the token is replaced once the operator has taken the key."""
    account = acme.tenant.account
    acme.set_secret("twilio", apiKeySid=account.api_key_sid, apiKeySecret=account.api_key_secret)
    known = acme.last_call()
    until(lambda: [call for call in acme.calls(known) if call["auth"] == "api_key"], what="the API key in use")
    site.twilio.rotate_token(acme.account_sid)
    calls.more()


def _rotate_reader(site: Site, acme: Customer, readers: list[Credentials], calls: Calls) -> None:
    _set(acme, "s3", readers[1])
    calls.more()
    _delete_key(site, readers[0])


def _rotate_writer(site: Site, acme: Customer, writers: list[Credentials], calls: Calls) -> None:
    """As docs say: both pairs in the Secret, the new one chosen in the Console, the old one deactivated in IAM."""
    old = {"previousAccessKeyId": writers[0].access_key_id, "previousSecretAccessKey": writers[0].secret_access_key}
    _set(acme, "writer", writers[1], **old)
    until(lambda: len(_registered(site, acme)) == 2, what="both pairs at Twilio")
    calls.more()
    assert len(_registered(site, acme)) == 2
    _choose(site, acme, writers[1])
    calls.more()
    assert len(_registered(site, acme)) == 2, "the old pair is not proven out of use"
    _delete_key(site, writers[0])
    until(lambda: len(_registered(site, acme)) == 1, 60, what="the old pair removed from Twilio")
    assert writers[1].access_key_id in _registered(site, acme)[0]["friendly_name"]


def make_writer_secret(site: Site, customer: Customer, keys: Credentials) -> None:
    core: Any = CoreV1Api(site.api)
    values = {"accessKeyId": keys.access_key_id, "secretAccessKey": keys.secret_access_key}
    secret = {"metadata": {"name": f"{customer.tenant.name}-writer"}, "stringData": values}
    core.create_namespaced_secret(customer.tenant.namespace, secret)


def _set(customer: Customer, kind: str, keys: Credentials, **more: str) -> None:
    customer.set_secret(kind, accessKeyId=keys.access_key_id, secretAccessKey=keys.secret_access_key, **more)


def _registered(site: Site, customer: Customer) -> list[dict[str, Any]]:
    """What the account keeps at Twilio, as its own API key sees it."""
    account = customer.tenant.account
    answer = httpx.get(
        f"{site.twilio.url}/v1/Credentials/AWS", auth=(account.api_key_sid, account.api_key_secret), verify=False
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()["credentials"]
    return found


def _choose(site: Site, customer: Customer, keys: Credentials) -> None:
    """What a person does in the Console, once the pair is on offer there."""

    def offered() -> list[str]:
        rows = _registered(site, customer)
        return [row["sid"] for row in rows if keys.access_key_id in row["friendly_name"]]

    [sid] = until(offered, what="the pair on offer")
    site.twilio.external_storage(
        customer.account_sid,
        True,
        bucket_url=customer.tenant.bucket_url,
        endpoint_url=site.s3.endpoint,
        credential_sid=sid,
    )


def _delete_key(site: Site, keys: Credentials) -> None:
    iam = boto3.client(
        "iam",
        endpoint_url=site.s3.endpoint,
        aws_access_key_id=site.s3.access_key_id,
        aws_secret_access_key=site.s3.secret_access_key,
        region_name=REGION,
    )
    users = [user["UserName"] for user in iam.list_users()["Users"]]
    for user in users:
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            if key["AccessKeyId"] == keys.access_key_id:
                iam.delete_access_key(UserName=user, AccessKeyId=keys.access_key_id)
    iam.close()


def _objects(site: Site, customer: Customer) -> set[str]:
    """The recordings in the bucket."""
    pages = site.s3.client().get_paginator("list_objects_v2").paginate(Bucket=customer.tenant.bucket)
    return {item["Key"].rpartition("/")[2] for page in pages for item in page.get("Contents", [])}
