"""One spelling of an S3 endpoint."""

import re
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AWS = re.compile(r"(^|\.)s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$")


def origin(url: str) -> str:
    """`scheme://host[:port]` in one spelling: lower case, no default port. Raises ValueError for anything more."""
    parts = urlsplit(url.strip())
    extras = (parts.path not in ("", "/"), parts.query, parts.fragment, "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or any(extras):
        raise ValueError("an S3 endpoint is written scheme://host[:port], with http or https and nothing after it")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port in (None, _DEFAULT_PORTS[parts.scheme]):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"


def same_servers(url: str) -> str:
    """What is equal for endpoints at which a bucket's name means the same bucket; empty is AWS, by whichever endpoint.

    A malformed one is itself.
    """
    try:
        found = origin(url)
    except ValueError:
        return url
    # Whether by TLS or not, it is the same server.
    host = found.partition("://")[2]
    return "" if _AWS.search(host.partition(":")[0]) else host
