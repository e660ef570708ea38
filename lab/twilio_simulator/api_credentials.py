"""accounts.twilio.com: the AWS credentials that External Storage writes with."""

from . import render
from .call import Call, own_account
from .credentials import AwsCredential, check_key_pair
from .paging import links_of, page_size
from .reply import ApiError, Reply, as_json, not_found


async def create(call: Call) -> Reply:
    """Register a key pair, for the own account or a subaccount."""
    own = own_account(call)
    check_key_pair(call.form.get("Credentials", ""))
    target = call.world.accounts.find(call.form.get("AccountSid", own.sid), call.now)
    if target is None or own.sid not in (target.sid, target.owner_sid):
        raise ApiError(400, 20001, "AccountSid is not an account of yours")
    sid = call.world.sids.make("CR")
    row = AwsCredential(sid, target.sid, call.form.get("FriendlyName", ""), call.now, call.now)
    call.world.aws_credentials[sid] = row
    return as_json(render.aws_credential(row, call.origin), 201)


async def list_all(call: Call) -> Reply:
    """All of them on one page: an account has a handful."""
    own = own_account(call)
    size = page_size(call.query, call.world.options)
    links = links_of(f"{call.origin}{call.path}", call.query, size)
    rows = [row for row in call.world.aws_credentials.values() if row.account_sid == own.sid]
    meta = {
        "page": links.number,
        "page_size": size,
        "first_page_url": links.first(),
        "previous_page_url": None,
        "url": links.this(None),
        "next_page_url": None,
        "key": "credentials",
    }
    return as_json({"credentials": [render.aws_credential(row, call.origin) for row in rows], "meta": meta})


async def fetch(call: Call) -> Reply:
    """One of them."""
    return as_json(render.aws_credential(_find(call), call.origin))


async def update(call: Call) -> Reply:
    """Rename it."""
    row = _find(call)
    row.friendly_name = call.form.get("FriendlyName", row.friendly_name)
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
