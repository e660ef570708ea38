"""v2010 Accounts."""

from . import render
from .accounts import Account
from .call import Call, account_in_path
from .listing import list_reply, token_cursor
from .paging import Listing, page_size
from .reply import Reply, as_resource, unauthenticated


async def fetch(call: Call) -> Reply:
    """One account; also a suspended or closed one, which this is the way to tell from a wrong password."""
    _check_key(call)
    row = account_in_path(call)
    return as_resource(render.account(row, call.world.accounts.status(row)), call.path, "Account")


async def list_all(call: Call) -> Reply:
    """The account and its subaccounts."""
    _check_key(call)
    own = call.principal.account_sid
    found = [
        row for row in call.world.accounts.by_sid.values() if _visible(call, row) and own in (row.sid, row.owner_sid)
    ]
    rows = sorted(found, key=_key)
    name, status = call.query.get("FriendlyName"), call.query.get("Status")

    def keep(row: Account) -> bool:
        return name in (None, row.friendly_name) and status in (None, call.world.accounts.status(row))

    size = page_size(call.query, call.world.options)
    cursor = token_cursor(call, {row.sid: _key(row) for row in rows})
    page = Listing(rows, _key, keep, 0, len(rows)).page(size, cursor, call.view)
    content = [render.account(row, call.world.accounts.status(row)) for row in page.rows]
    return list_reply(call, "accounts", content, page, [row.sid for row in page.rows])


def _key(row: Account) -> tuple[int, str]:
    return row.created, row.sid


def _visible(call: Call, row: Account) -> bool:
    return call.world.accounts.find(row.sid, call.now) is not None


def _check_key(call: Call) -> None:
    """Standard keys do everything but /Accounts and /Keys."""
    key = call.principal.key
    standard = key is not None and key.type == "standard"
    if standard and call.world.options.standard_key_on_accounts == "deny":
        raise unauthenticated()
