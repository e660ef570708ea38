"""External Storage with a registered AWS credential, against an S3 server that checks signatures and rights."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from lab.s3 import Credentials, MotoServer
from lab.simulator import ControlRefused

from .conftest import Api, code

WRITE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with MotoServer() as server:
        server.enforce_iam()
        yield server


@pytest.fixture(scope="module")
def writer(moto: MotoServer) -> Credentials:
    return moto.create_user("writer", WRITE)


@pytest.fixture
def bucket(moto: MotoServer) -> str:
    name = f"recordings-{uuid4().hex[:8]}"
    s3 = moto.client()
    s3.create_bucket(Bucket=name)
    s3.close()
    return name


def register(api: Api, key: str, secret: str) -> str:
    form = {"Credentials": f"{key}:{secret}", "FriendlyName": "writer"}
    return str(api.http.post("/v1/Credentials/AWS", data=form).raise_for_status().json()["sid"])


def switch_on(api: Api, moto: MotoServer, bucket: str, credential_sid: str) -> None:
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com"
    api.control.external_storage(api.sid, True, url, moto.endpoint, credential_sid=credential_sid)


def is_stored(moto: MotoServer, bucket: str, api: Api, sid: str) -> bool:
    s3 = moto.client()
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{api.sid}/{sid}")["KeyCount"]
    s3.close()
    return found == 1


def denied(api: Api) -> list[str]:
    """The recordings about which a 16112 alert was raised."""
    return [row["resource_sid"] for row in api.alerts() if row["error_code"] == "16112"]


def test_uploads_use_the_registered_pair(api: Api, moto: MotoServer, bucket: str, writer: Credentials) -> None:
    switch_on(api, moto, bucket, register(api, *writer))
    (sid,) = api.record()
    assert is_stored(moto, bucket, api, sid)
    assert denied(api) == []


def test_a_registered_pair_that_is_none_of_s3s_cannot_be_chosen(
    api: Api, moto: MotoServer, bucket: str, writer: Credentials
) -> None:
    with pytest.raises(ControlRefused, match="16112"):
        switch_on(api, moto, bucket, register(api, writer.access_key_id, "x" * 40))
    (sid,) = api.record()
    assert "api.twilio.com" in api.fetch(sid).json()["media_url"]


@pytest.mark.parametrize(("what", "fails"), [("uploads_fail", True), ("copy_kept", False)])
def test_what_becomes_of_uploads_when_their_credential_is_deleted_is_an_option(
    api: Api, moto: MotoServer, bucket: str, writer: Credentials, what: str, fails: bool
) -> None:
    api.control.options(credential_removed_in_use=what)
    credential = register(api, *writer)
    switch_on(api, moto, bucket, credential)
    (before,) = api.record()
    assert api.http.delete(f"/v1/Credentials/AWS/{credential}").status_code == 204
    (after,) = api.record()

    assert is_stored(moto, bucket, api, before)
    assert is_stored(moto, bucket, api, after) is not fails
    assert denied(api) == ([after] if fails else [])
    row = api.fetch(after).json()
    assert (row["status"], bucket in row["media_url"]) == ("completed", True)


def test_deleting_another_credential_changes_nothing(
    api: Api, moto: MotoServer, bucket: str, writer: Credentials
) -> None:
    spare = register(api, *writer)
    switch_on(api, moto, bucket, register(api, *writer))
    api.http.delete(f"/v1/Credentials/AWS/{spare}").raise_for_status()
    (sid,) = api.record()
    assert is_stored(moto, bucket, api, sid)


def test_a_new_choice_mends_uploads(api: Api, moto: MotoServer, bucket: str, writer: Credentials) -> None:
    credential = register(api, *writer)
    switch_on(api, moto, bucket, credential)
    api.http.delete(f"/v1/Credentials/AWS/{credential}").raise_for_status()
    switch_on(api, moto, bucket, register(api, *writer))
    (sid,) = api.record()
    assert is_stored(moto, bucket, api, sid)
    assert denied(api) == []


def test_only_a_credential_of_the_account_itself_can_be_chosen(
    api: Api, moto: MotoServer, bucket: str, writer: Credentials
) -> None:
    credential = register(api, *writer)
    stranger = Api(api.control, api.control.create_account("stranger"))
    with stranger.http, pytest.raises(ControlRefused, match="no AWS credential"):
        switch_on(stranger, moto, bucket, credential)
    with pytest.raises(ControlRefused, match="no AWS credential"):
        switch_on(api, moto, bucket, "CR" + "0" * 32)


def test_a_credential_and_a_pair_exclude_each_other(api: Api, moto: MotoServer, bucket: str) -> None:
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com"
    with pytest.raises(ControlRefused, match="in place of"):
        api.control.external_storage(api.sid, True, url, moto.endpoint, "A" * 20, "s" * 40, credential_sid="CR1")


def test_the_list_of_credentials_has_pages(api: Api) -> None:
    made = [register(api, "A" * 20, "s" * 40) for _ in range(5)]
    found: list[str] = []
    url = "/v1/Credentials/AWS?PageSize=2"
    pages = 0
    while url:
        page = api.http.get(url).raise_for_status().json()
        found += [row["sid"] for row in page["credentials"]]
        url = page["meta"]["next_page_url"]
        pages += 1
    assert (pages, sorted(found)) == (3, sorted(made))
    assert code(api.http.get("/v1/Credentials/AWS", params={"PageToken": "bad"})) == (400, 21481)


def test_a_name_of_more_than_64_characters_is_refused(api: Api) -> None:
    pair = f"{'A' * 20}:{'s' * 40}"
    made = api.http.post("/v1/Credentials/AWS", data={"Credentials": pair, "FriendlyName": "x" * 64}).json()
    too_long = {"Credentials": pair, "FriendlyName": "x" * 65}
    assert code(api.http.post("/v1/Credentials/AWS", data=too_long)) == (400, 20001)
    assert code(api.http.post(f"/v1/Credentials/AWS/{made['sid']}", data=too_long)) == (400, 20001)
