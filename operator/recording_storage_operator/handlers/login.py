"""Kopf's login, from the same configuration as every other connection to the API server."""

import aiohttp
import kopf
from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies

CONNECTIONS = 20
"""Kopf's own session has no limit and opens about one connection for each object."""


def session(configuration: Configuration) -> kopf.AiohttpSession:
    """A session for kopf, made in kopf's event loop. After a 401 kopf asks for another one."""
    header = configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    scheme, _, token = (header or "").rpartition(" ")
    info = kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        username=configuration.username,
        password=configuration.password,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
    )
    return kopf.AiohttpSession(
        server=info.server,
        aiohttp_session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=_proxy(configuration),
        ),
    )


def _proxy(configuration: Configuration) -> str | None:
    bypass = should_bypass_proxies(configuration.host, configuration.no_proxy or "")
    return None if bypass else configuration.proxy
