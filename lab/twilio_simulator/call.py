"""A request on its way to a handler, and who may make it."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .accounts import Account, ApiKey
from .feed import Actor
from .paging import View
from .reply import not_found, unauthenticated
from .world import World

AuthKind = Literal["token", "api_key", "bearer"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose credentials these are."""

    account_sid: str
    kind: AuthKind
    key: ApiKey | None = None


@dataclass(slots=True)
class Call:
    """One authenticated request. Handlers see nothing else of HTTP."""

    world: World
    principal: Principal
    path: str
    origin: str
    """Scheme and host that were asked."""
    query: Mapping[str, str]
    match: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    remote: str
    view: View = field(default_factory=View)

    @property
    def actor(self) -> Actor:
        """The caller as Monitor names it."""
        return Actor(self.principal.account_sid, "account", "api", self.remote)

    @property
    def now(self) -> int:
        """The current whole virtual second."""
        return self.world.clock.second()


def authenticate(world: World, header: str | None) -> Principal:
    """Whose Authorization header this is. Raises ApiError 20003."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        account_sid, expires = world.accounts.tokens.get(value, ("", 0.0))
        if world.clock.now() < expires:
            return Principal(account_sid, "bearer")
        raise unauthenticated()
    user, password = _basic(value) if scheme.lower() == "basic" else ("", "")
    key, account = world.accounts.keys.get(user), world.accounts.find(user, world.clock.now())
    if key and _same(key.secret, password):
        return Principal(key.account_sid, "api_key", key)
    if account and _same(account.auth_token, password):
        return Principal(account.sid, "token")
    raise unauthenticated()


def user_of(header: str | None) -> str:
    """The user name of a Basic header, unchecked; empty for any other."""
    scheme, _, value = (header or "").partition(" ")
    return _basic(value)[0] if scheme.lower() == "basic" else ""


def permit(principal: Principal, permission: str) -> None:
    """Raises ApiError 20003 where a restricted key lacks the permission."""
    key = principal.key
    if key is not None and key.type == "restricted" and permission not in key.permissions:
        raise unauthenticated()


def account_in_path(call: Call) -> Account:
    """The account that a v2010 path names. Parents reach their subaccounts. Raises ApiError."""
    account = call.world.accounts.find(call.match["account"], call.now)
    own = call.principal.account_sid
    reaches = account is not None and (account.sid == own or (account.owner_sid == own and _spans(call.principal)))
    if account is None or not reaches:
        foreign = call.world.options.foreign_account
        raise unauthenticated() if foreign == "401" else not_found(call.path)
    return account


def active_account(call: Call) -> Account:
    """The account in the path, where it may be used. Raises ApiError 20003 for a suspended or closed one."""
    account = account_in_path(call)
    if call.world.accounts.status(account) != "active":
        raise unauthenticated()
    return account


def own_account(call: Call) -> Account:
    """The credentials' own account: product APIs know no parents. Raises ApiError 20003."""
    account = call.world.accounts.find(call.principal.account_sid, call.now)
    if account is None or call.world.accounts.status(account) != "active":
        raise unauthenticated()
    return account


def _spans(principal: Principal) -> bool:
    return principal.kind != "bearer"


def _basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
