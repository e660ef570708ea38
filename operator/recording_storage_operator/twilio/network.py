"""The sockets all accounts share: requests with the headers they are given, and nothing of the environment in them.

urllib3, and no client with more to it: no cookies, no redirects, no retries, no credentials from files. Listing takes a
quarter less processor time than with httpx, and the process 5 MiB less memory (bench/RESULTS.md).
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3

MAX_CONNECTIONS = 32
"""For each host. Twilio limits requests in flight for each account; this only bounds the sockets of one process."""

MAX_HOSTS = 16
"""Hosts whose connections are kept: three for each of Twilio's regions that is in use."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `answer` bounds a whole answer: without it, one that drips in byte by byte would never end."""

    connect: float = 5.0
    read: float = 15.0
    answer: float = 60.0


class Network:
    """Threads may share it. The proxies of the environment are used for https alone, where they see nothing.

    Certificates are checked against certifi's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR names.
    """

    def __init__(self, timeouts: Timeouts, *, secure: bool) -> None:
        """`secure` False is for plain http. Raises ValueError for a proxy that is neither http nor https."""
        self._timeout = urllib3.Timeout(connect=timeouts.connect, read=timeouts.read)
        self._wait = timeouts.read
        trust = _authorities() if secure else None
        self._direct = _pools(trust)
        self._proxied = _pools(trust, proxy) if trust and (proxy := _proxy()) else self._direct
        self._through = lru_cache(self._choose)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send once. The answer's body is still to be read, and the answer to be closed. Raises urllib3's errors."""
        return self._through(urlsplit(url).netloc).request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=self._timeout,
            pool_timeout=self._wait,
            preload_content=False,
            redirect=False,
            retries=False,
        )

    def close(self) -> None:
        """Give up the connections."""
        self._direct.clear()
        self._proxied.clear()

    def _choose(self, host: str) -> urllib3.PoolManager:
        return self._direct if self._proxied is self._direct or proxy_bypass(host) else self._proxied


def _pools(trust: ssl.SSLContext | None, proxy: str = "") -> urllib3.PoolManager:
    """Through a proxy https is tunnelled. What a full pool is asked for waits for a connection to come back."""
    options: dict[str, Any] = {"num_pools": MAX_HOSTS, "maxsize": MAX_CONNECTIONS, "block": True, "ssl_context": trust}
    if not proxy:
        return urllib3.PoolManager(**options)
    user = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
    headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def _proxy() -> str:
    """The environment's proxy for https, empty where there is none."""
    named = getproxies()
    proxy = named.get("https") or named.get("all") or ""
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _authorities() -> ssl.SSLContext:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    return ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder)
