"""Accounts, their keys and their place in the one-level tree of parents and subaccounts."""

from dataclasses import dataclass, field
from typing import Literal

from .clock import DAY
from .sids import Sids

AccountStatus = Literal["active", "suspended", "closed"]
KeyType = Literal["main", "standard", "restricted"]

CLOSED_KEPT_DAYS = 30


@dataclass(slots=True)
class ApiKey:
    """An API key. A restricted one may do only what `permissions` names."""

    sid: str
    secret: str
    account_sid: str
    type: KeyType = "standard"
    permissions: frozenset[str] = frozenset()


@dataclass(slots=True)
class OAuthApp:
    """A client that gets bearer tokens for one account, never for its subaccounts."""

    client_id: str
    client_secret: str
    account_sid: str


@dataclass(slots=True)
class Account:
    """An account. A parent owns itself."""

    sid: str
    owner_sid: str
    friendly_name: str
    auth_token: str
    created: int
    updated: int
    status: AccountStatus = "active"
    closed_at: int | None = None


@dataclass(slots=True)
class Accounts:
    """All accounts and credentials."""

    sids: Sids
    by_sid: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    apps: dict[str, OAuthApp] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Bearer token to account SID and virtual time of expiry."""

    def create(self, friendly_name: str, now: int, owner_sid: str | None = None) -> Account:
        """A new account; a subaccount where an owner is named."""
        sid = self.sids.make("AC")
        account = Account(sid, owner_sid or sid, friendly_name, self.sids.secret(), now, now)
        self.by_sid[sid] = account
        return account

    def add_key(self, account_sid: str, kind: KeyType, permissions: frozenset[str] = frozenset()) -> ApiKey:
        """A new API key."""
        key = ApiKey(self.sids.make("SK"), self.sids.secret(), account_sid, kind, permissions)
        self.keys[key.sid] = key
        return key

    def find(self, sid: str, now: float) -> Account | None:
        """An account that still exists: a closed one is gone after 30 days."""
        account = self.by_sid.get(sid)
        if account and account.closed_at is not None and now >= account.closed_at + CLOSED_KEPT_DAYS * DAY:
            return None
        return account

    def status(self, account: Account) -> AccountStatus:
        """The status that counts: suspending a parent suspends all of its subaccounts."""
        owner = self.by_sid.get(account.owner_sid, account)
        if account.status == "active" and owner.status != "active":
            return "suspended"
        return account.status

    def set_status(self, account: Account, status: AccountStatus, now: int) -> None:
        """Suspend, close or activate again."""
        account.status = status
        account.updated = now
        account.closed_at = now if status == "closed" else None
