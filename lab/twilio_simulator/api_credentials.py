"""accounts.twilio.com: the AWS credentials that External Storage writes with."""

from operator import attrgetter

from . import render
from .call import Call, own_account
from .credentials import AwsCredential, checked_name, key_pair
from .paging import Listing, page_size
from .product_pages import cursor_of, envelope
from .reply import ApiError, Reply, as_json, not_found

_POSITION = attrgetter("position")


async def create(call: Call) -> Reply:
    """Register a key pair, for the own account or a subaccount."""
    own = own_account(call)
    key, secret = key_pair(call.form.get("Credentials", ""))
    name = checked_name(call.form.get("FriendlyName", ""))
    target = call.world.accounts.find(call.form.get("AccountSid", own.sid), call.now)
    if target is None or own.sid not in (target.sid, target.owner_sid):
        raise ApiError(400, 20001, "AccountSid is not an account of yours")
    sid = call.world.sids.make("CR")
    row = AwsCredential(sid, target.sid, name, call.now, call.now, key, secret)
    call.world.aws_credentials[sid] = row
    return as_json(render.aws_credential(row, call.origin), 201)


async def list_all(call: Call) -> Reply:
    """The own account's, newest first."""
    own = own_account(call)
    rows = [row for row in call.world.aws_credentials.values() if row.account_sid == own.sid]
    rows.sort(key=_POSITION)
    listing = Listing(rows, _POSITION, lambda _: True, 0, len(rows))
    page = listing.page(page_size(call.query, call.world.options), cursor_of(call.query), call.view)
    return envelope(call, "credentials", page, _POSITION, render.aws_credential)


async def fetch(call: Call) -> Reply:
    """One of them."""
    return as_json(render.aws_credential(_find(call), call.origin))


async def update(call: Call) -> Reply:
    """Rename it."""
    row = _find(call)
    row.friendly_name = checked_name(call.form.get("FriendlyName", row.friendly_name))
    row.updated = call.now
    return as_json(render.aws_credential(row, call.origin))


async def delete(call: Call) -> Reply:
    """Forget it."""
    del call.world.aws_credentials[_find(call).sid]
    return Reply(204)


def _find(call: Call) -> AwsCredential:
    own = own_account(call)
    row = call.world.aws_credentials.get(call.match["sid"])
    if row is None or row.account_sid != own.sid:
        raise not_found(call.path)
    return row
