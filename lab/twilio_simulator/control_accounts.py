"""The control plane's part about accounts: what a person does in Twilio's Console."""

import asyncio
from dataclasses import replace

from aiohttp import web

from .accounts import Account, OAuthApp
from .bucket_url import BucketUrl
from .control import Answer, Refused
from .control_bodies import AccountChange, NewAccount, NewKey, NewToken, Switch
from .external_storage import Destination, UploadFailed
from .feed import Event
from .lifecycle import CONSOLE_USER
from .world import World


def named_account(world: World, sid: str) -> Account:
    """The account of that SID. Raises Refused."""
    account = world.accounts.by_sid.get(sid)
    if account is None:
        raise Refused(f"there is no account {sid}", 404)
    return account


async def create(world: World, request: web.Request) -> Answer:
    """A new account with an auth token and a Standard API key."""
    body = NewAccount.parse(await request.read())
    if body.owner_account_sid is not None:
        named_account(world, body.owner_account_sid)
    name = body.friendly_name or "Simulated account"
    account = world.accounts.create(name, world.clock.second(), body.owner_account_sid)
    key = world.accounts.add_key(account.sid, "standard")
    return {
        "account_sid": account.sid,
        "auth_token": account.auth_token,
        "api_key_sid": key.sid,
        "api_key_secret": key.secret,
    }


async def change(world: World, request: web.Request) -> Answer:
    """Suspend, close or activate."""
    account = named_account(world, request.match_info["account"])
    body = AccountChange.parse(await request.read())
    now = world.clock.second()
    world.accounts.set_status(account, body.status, now)
    world.events.add(Event(now, account.sid, None, 0, "account.updated", CONSOLE_USER))
    return {"account_sid": account.sid, "status": account.status}


async def rotate_token(world: World, request: web.Request) -> Answer:
    """Another auth token; the old one is refused from now on."""
    account = named_account(world, request.match_info["account"])
    account.auth_token = NewToken.parse(await request.read()).auth_token or world.sids.secret()
    return {"account_sid": account.sid, "auth_token": account.auth_token}


async def create_key(world: World, request: web.Request) -> Answer:
    """Another API key."""
    account = named_account(world, request.match_info["account"])
    body = NewKey.parse(await request.read())
    key = world.accounts.add_key(account.sid, body.type, frozenset(body.permissions))
    return {"account_sid": account.sid, "api_key_sid": key.sid, "api_key_secret": key.secret, "type": key.type}


async def revoke_key(world: World, request: web.Request) -> Answer:
    """The key is refused from now on."""
    key = world.accounts.keys.pop(request.match_info["sid"], None)
    if key is None:
        raise Refused("there is no such API key", 404)
    return {"api_key_sid": key.sid}


async def create_app(world: World, request: web.Request) -> Answer:
    """An OAuth app that gets bearer tokens at /v2/token."""
    account = named_account(world, request.match_info["account"])
    app = OAuthApp(world.sids.make("OQ"), world.sids.secret(), account.sid)
    world.accounts.apps[app.client_id] = app
    return {"client_id": app.client_id, "client_secret": app.client_secret}


async def switch_external_storage(world: World, request: web.Request) -> Answer:
    """The Console's switch. Switching on writes a test object; a bucket that refuses it stays switched off (409)."""
    account = named_account(world, request.match_info["account"])
    body = Switch.parse(await request.read())
    if not body.enabled:
        world.storage.enabled.pop(account.sid, None)
        return {"account_sid": account.sid, "enabled": False, "bucket_url": None}
    place = _place(world, body.bucket_url)
    destination = _destination(world, account.sid, place, body)
    try:
        await asyncio.to_thread(world.storage.enable, account.sid, destination)
    except UploadFailed as failure:
        raise Refused(f"error {failure.code}: the test object could not be written: {failure}", 409) from failure
    return {"account_sid": account.sid, "enabled": True, "bucket_url": place.url}


def _place(world: World, url: str) -> BucketUrl:
    kept = url.endswith("/") and world.options.bucket_url_slash == "kept"
    return replace(BucketUrl.parse(url), slash="/" if kept else "")


def _destination(world: World, account_sid: str, place: BucketUrl, body: Switch) -> Destination:
    """Raises Refused for a credential that the account does not have, or where a key pair is given beside it."""
    if body.credential_sid is None:
        return Destination(place, body.endpoint_url, body.access_key_id, body.secret_access_key)
    if body.access_key_id or body.secret_access_key:
        raise Refused("credential_sid stands in place of access_key_id and secret_access_key")
    row = world.aws_credentials.get(body.credential_sid)
    if row is None or row.account_sid != account_sid:
        raise Refused(f"account {account_sid} has no AWS credential {body.credential_sid}")
    return Destination(place, body.endpoint_url, row.access_key_id, row.secret_access_key, row.sid)
