"""From a Secret's values to a client: which credentials, which hosts, which connections."""

import re
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from ..core.desired import TwilioAccount
from ..core.errors import Terminal
from ..core.reasons import Reason
from .aws_credentials import TwilioAwsCredentials
from .client import Roots, TwilioRestClient
from .network import Network, Timeouts
from .patience import Patience
from .transport import Credentials, Transport

AUTH_TOKEN = "authToken"  # noqa: S105 - the name of a Secret's key
KEY_SID = "apiKeySid"
KEY_SECRET = "apiKeySecret"  # noqa: S105 - the name of a Secret's key

_ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")
_KEY_SID = re.compile(r"SK[0-9a-f]{32}")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


C = TypeVar("C", TwilioRestClient, TwilioAwsCredentials)


class TwilioConnector:
    """Makes clients that share one pool of connections, but neither credentials nor cookies.

    `base_url` stands for all of Twilio's roots and is the one place where plain http is allowed. The proxies of the
    environment are used for https alone, where they see nothing of what is sent.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for a `base_url` that is none."""
        self._base_url = _checked(base_url) if base_url else ""
        self._timeouts = timeouts or Timeouts()
        self._patience = patience or Patience()
        self._monotonic = monotonic
        self._network = Network(self._timeouts, secure=not self._base_url.startswith("http:"))

    def connect(self, account: TwilioAccount, values: Mapping[str, str], secret_name: str) -> TwilioRestClient:
        """A client of the account, without a request yet. Raises Terminal for a spec or a Secret that cannot work."""
        return self._client(TwilioRestClient, account, values, secret_name)

    def aws_credentials(
        self, account: TwilioAccount, values: Mapping[str, str], secret_name: str
    ) -> TwilioAwsCredentials:
        """As `connect`, for the key pairs the account keeps at Twilio."""
        return self._client(TwilioAwsCredentials, account, values, secret_name)

    def close(self) -> None:
        """Give up the connections. Clients made by this connector end with it."""
        self._network.close()

    def _client(self, kind: type[C], account: TwilioAccount, values: Mapping[str, str], secret_name: str) -> C:
        if not _ACCOUNT_SID.fullmatch(account.account_sid):
            raise Terminal(Reason.INVALID_SPEC, "spec.twilio.accountSid must be AC and 32 hexadecimal digits.")
        return kind(
            account_sid=account.account_sid,
            secret_name=secret_name,
            roots=roots(account, self._base_url),
            transport=Transport(
                network=self._network,
                credentials=credentials(account.account_sid, values, secret_name),
                timeouts=self._timeouts,
                monotonic=self._monotonic,
            ),
            patience=self._patience,
        )


def roots(account: TwilioAccount, base_url: str = "") -> Roots:
    """Twilio's hosts for the account's region. Raises Terminal unless region and edge are both set, or neither.

    Both, because hosts that name a region alone stop answering (Twilio: end of April 2026).
    """
    if bool(account.region) != bool(account.edge):
        raise Terminal(Reason.INVALID_SPEC, "spec.twilio.region and spec.twilio.edge go together: set both or neither.")
    labels = [label for label in (account.edge, account.region) if label]
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise Terminal(
            Reason.INVALID_SPEC, "spec.twilio.region and spec.twilio.edge are names like ie1 and dublin, no addresses."
        )
    if base_url:
        return Roots(base_url, base_url, base_url)
    domain = ".".join([*labels, "twilio.com"])
    return Roots(f"https://api.{domain}", f"https://monitor.{domain}", f"https://accounts.{domain}")


def credentials(account_sid: str, values: Mapping[str, str], secret_name: str) -> Credentials:
    """An API key where the Secret has one, because it can be revoked alone; else the account's token.

    White space around a value is dropped: files put into a Secret end with a newline. Raises Terminal naming the key
    that is missing or malformed, and nothing of its value.
    """
    if KEY_SID not in values and KEY_SECRET not in values:
        return Credentials(account_sid, _value(values, AUTH_TOKEN, secret_name))
    key_sid = _value(values, KEY_SID, secret_name)
    if not _KEY_SID.fullmatch(key_sid):
        raise _malformed(secret_name, KEY_SID, "must be SK and 32 hexadecimal digits")
    return Credentials(key_sid, _value(values, KEY_SECRET, secret_name))


def _value(values: Mapping[str, str], key: str, secret_name: str) -> str:
    value = values.get(key, "").strip()
    if not value:
        raise _malformed(secret_name, key, f"is missing or empty (wanted: {AUTH_TOKEN}, or {KEY_SID} and {KEY_SECRET})")
    if not _PRINTABLE.fullmatch(value):
        raise _malformed(secret_name, key, "has white space, a control character or a non-ASCII one inside")
    return value


def _malformed(secret_name: str, key: str, what: str) -> Terminal:
    return Terminal(Reason.SECRET_MALFORMED, f"Key {key!r} of Secret {secret_name!r} {what}.")


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("the base URL for Twilio must be http(s)://host[:port][/path], without user or password")
    if parts.query or parts.fragment:
        raise ValueError("the base URL for Twilio must have no query and no fragment")
    return base_url.rstrip("/")
