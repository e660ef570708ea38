"""Credentials, and what an account's status does to them."""

import httpx
import pytest

from lab.simulator import Credentials, SimulatorControl

from .conftest import Api, code

WRONG = "0" * 32


def get(control: SimulatorControl, path: str, user: str, password: str) -> httpx.Response:
    return httpx.get(f"{control.url}{path}", auth=(user, password), verify=False)


def as_account(control: SimulatorControl, account: Credentials, path: str) -> httpx.Response:
    return get(control, path, account.account_sid, account.auth_token)


def test_a_wrong_token_is_refused_with_20003(api: Api) -> None:
    answer = get(api.control, f"{api.root}/Recordings.json", api.sid, WRONG)

    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", [None, "Basic", "Basic !!", "Basic " + "/w==", "Bearer nothing", "Digest x"])
def test_a_missing_or_malformed_header_is_refused(api: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert httpx.get(f"{api.control.url}{api.root}.json", headers=headers, verify=False).status_code == 401


def test_an_api_key_reads_recordings(api: Api) -> None:
    keys = api.credentials
    assert get(api.control, f"{api.root}/Recordings.json", keys.api_key_sid, keys.api_key_secret).status_code == 200
    assert get(api.control, f"{api.root}/Recordings.json", keys.api_key_sid, WRONG).status_code == 401


def test_a_revoked_key_is_refused(api: Api) -> None:
    keys = api.credentials
    api.control.ask("DELETE", f"keys/{keys.api_key_sid}")
    assert get(api.control, f"{api.root}/Recordings.json", keys.api_key_sid, keys.api_key_secret).status_code == 401


def test_a_rotated_token_replaces_the_old_one(api: Api) -> None:
    new = api.control.rotate_token(api.sid)
    assert as_account(api.control, api.credentials, f"{api.root}.json").status_code == 401
    assert get(api.control, f"{api.root}.json", api.sid, new).status_code == 200


def test_a_given_token_is_taken(api: Api) -> None:
    api.control.ask("PUT", f"accounts/{api.sid}/auth-token", {"auth_token": "chosen"})
    assert get(api.control, f"{api.root}.json", api.sid, "chosen").status_code == 200


@pytest.mark.parametrize(("option", "status"), [("deny", 401), ("allow", 200)])
def test_whether_a_standard_key_reads_accounts_is_an_option(api: Api, option: str, status: int) -> None:
    api.control.options(standard_key_on_accounts=option)
    keys = api.credentials
    for path in (f"{api.root}.json", "/2010-04-01/Accounts.json"):
        assert get(api.control, path, keys.api_key_sid, keys.api_key_secret).status_code == status


def test_a_main_key_reads_accounts(api: Api) -> None:
    key = api.control.ask("POST", f"accounts/{api.sid}/keys", {"type": "main"})
    assert get(api.control, f"{api.root}.json", key["api_key_sid"], key["api_key_secret"]).status_code == 200


def test_a_restricted_key_does_only_what_it_may(api: Api) -> None:
    body = {"type": "restricted", "permissions": ["recordings:list"]}
    key = api.control.ask("POST", f"accounts/{api.sid}/keys", body)
    pair = key["api_key_sid"], key["api_key_secret"]
    (sid,) = api.record()

    assert get(api.control, f"{api.root}/Recordings.json", *pair).status_code == 200
    assert get(api.control, api.url(sid), *pair).status_code == 401
    assert httpx.delete(f"{api.control.url}{api.url(sid)}", auth=pair, verify=False).status_code == 401
    assert api.fetch(sid).json()["status"] == "completed"


def test_a_parent_reaches_its_subaccounts_on_v2010_only(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    (recording,) = api.control.record(child.account_sid)
    child_root = f"/2010-04-01/Accounts/{child.account_sid}"

    assert api.http.get(f"{child_root}/Recordings/{recording['sid']}.json").status_code == 200
    assert api.events(ResourceSid=recording["sid"]) == []
    assert as_account(api.control, child, "/v1/Events").json()["events"][0]["resource_sid"] == recording["sid"]
    assert as_account(api.control, child, f"{api.root}/Recordings.json").status_code == 404


def test_accounts_lists_the_account_and_its_subaccounts(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    api.control.create_account("stranger")

    rows = api.http.get("/2010-04-01/Accounts.json").json()["accounts"]
    assert {row["sid"] for row in rows} == {api.sid, child.account_sid}
    assert {row["owner_account_sid"] for row in rows} == {api.sid}
    by_name = api.http.get("/2010-04-01/Accounts.json", params={"FriendlyName": "child"}).json()["accounts"]
    assert [row["auth_token"] for row in by_name] == [child.auth_token]


@pytest.mark.parametrize(("option", "expected"), [("404", (404, 20404)), ("401", (401, 20003))])
def test_the_answer_about_a_foreign_account_is_an_option(api: Api, option: str, expected: tuple[int, int]) -> None:
    api.control.options(foreign_account=option)
    stranger = api.control.create_account().account_sid
    assert code(api.http.get(f"/2010-04-01/Accounts/{stranger}/Recordings.json")) == expected


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_is_not_active_shows_only_itself(api: Api, status: str) -> None:
    (sid,) = api.record()
    api.control.account_status(api.sid, status)

    assert api.http.get(f"{api.root}.json").json()["status"] == status
    for answer in (api.page(), api.fetch(sid), api.delete(sid), api.http.get("/v1/Events"), api.http.get("/v1/Alerts")):
        assert code(answer) == (401, 20003)

    api.control.account_status(api.sid, "active")
    assert api.fetch(sid).json()["status"] == "completed"


def test_suspending_a_parent_suspends_its_subaccounts(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    api.control.account_status(api.sid, "suspended")
    root = f"/2010-04-01/Accounts/{child.account_sid}"
    assert as_account(api.control, child, f"{root}.json").json()["status"] == "suspended"
    assert as_account(api.control, child, f"{root}/Recordings.json").status_code == 401


def test_a_closed_account_is_gone_after_30_days(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    api.control.ask("PATCH", f"accounts/{child.account_sid}", {"status": "closed"})
    path = f"/2010-04-01/Accounts/{child.account_sid}.json"
    api.control.advance(days=29, seconds=86399)
    assert api.http.get(path).json()["status"] == "closed"
    api.control.advance(seconds=1)
    assert api.http.get(path).status_code == 404


def test_a_bearer_token_is_for_one_account_and_one_hour(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    app = api.control.ask("POST", f"accounts/{api.sid}/oauth-apps")
    form = {"grant_type": "client_credentials", **app}
    token = httpx.post(f"{api.control.url}/v2/token", data=form, verify=False).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}

    def status(path: str) -> int:
        return httpx.get(f"{api.control.url}{path}", headers=headers, verify=False).status_code

    assert token["expires_in"] == 3600
    assert status(f"{api.root}/Recordings.json") == 200
    assert status(f"/2010-04-01/Accounts/{child.account_sid}/Recordings.json") == 404
    api.control.advance(seconds=3600)
    assert status(f"{api.root}/Recordings.json") == 401


def test_a_wrong_oauth_client_gets_no_token(api: Api) -> None:
    form = {"grant_type": "client_credentials", "client_id": "OQ1", "client_secret": "x"}
    assert httpx.post(f"{api.control.url}/v2/token", data=form, verify=False).status_code == 401
    app = api.control.ask("POST", f"accounts/{api.sid}/oauth-apps")
    wrong_grant = {"grant_type": "password", **app}
    assert httpx.post(f"{api.control.url}/v2/token", data=wrong_grant, verify=False).status_code == 400


def test_aws_credentials_are_kept_without_showing_the_secret(api: Api) -> None:
    secret = "s" * 40
    body = {"Credentials": f"AKIAIOSFODNN7EXAMPLE:{secret}", "FriendlyName": "writer"}
    made = api.http.post("/v1/Credentials/AWS", data=body)
    row = made.json()

    assert made.status_code == 201
    assert secret not in made.text
    assert row["url"] == f"{api.control.url}/v1/Credentials/AWS/{row['sid']}"
    assert api.http.get("/v1/Credentials/AWS").json()["credentials"] == [row]
    renamed = api.http.post(f"/v1/Credentials/AWS/{row['sid']}", data={"FriendlyName": "other"}).json()
    assert renamed["friendly_name"] == "other"
    assert api.http.delete(f"/v1/Credentials/AWS/{row['sid']}").status_code == 204
    assert code(api.http.get(f"/v1/Credentials/AWS/{row['sid']}")) == (404, 20404)


@pytest.mark.parametrize("pair", ["", "AKIA:short", "a" * 20 + ":" + "s" * 40, "A" * 20 + ":" + "-" * 40])
def test_malformed_aws_credentials_are_refused_with_70106(api: Api, pair: str) -> None:
    assert code(api.http.post("/v1/Credentials/AWS", data={"Credentials": pair})) == (400, 70106)


def test_aws_credentials_can_be_attached_to_a_subaccount_only(api: Api) -> None:
    child = api.control.create_account("child", owner_account_sid=api.sid)
    stranger = api.control.create_account("stranger")
    pair = f"{'A' * 20}:{'s' * 40}"

    attached = api.http.post("/v1/Credentials/AWS", data={"Credentials": pair, "AccountSid": child.account_sid})
    assert attached.json()["account_sid"] == child.account_sid
    refused = api.http.post("/v1/Credentials/AWS", data={"Credentials": pair, "AccountSid": stranger.account_sid})
    assert refused.status_code == 400
