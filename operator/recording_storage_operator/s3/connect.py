"""Connections to S3: which endpoint, with whose credentials, within which limits."""

import logging
import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from ..core.desired import Bucket
from ..core.endpoint import origin
from ..core.errors import Terminal
from ..core.reasons import Reason
from .admin import S3BucketAdmin
from .answers import Place, translated
from .client import S3Bucket
from .documents import reading_events

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ENDPOINTS_SETTING = "RECORDINGS_S3_ENDPOINTS"

_PRINTABLE = re.compile(r"[!-~]+")
_ACCESS_KEY = re.compile(r"[!-+.0-~-]+")
"""Printable, without the comma and the slash that separate it from its neighbours in a signed request."""
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Session variables by which neither AWS_PROFILE nor a file in a home directory has a say."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair. Nothing of it is in its repr."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Limits:
    """Timeouts in seconds, attempts a request (the first included), keys a page (S3: at most 1000), clients kept."""

    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    attempts: int = 3
    page_size: int = 1000
    clients: int = 64


@dataclass(frozen=True, slots=True)
class _Target:
    """What a client is made for; the key it is kept under."""

    endpoint: str
    region: str
    path_style: bool
    credentials: Credentials | None


def credentials_of(secret_name: str, values: Mapping[str, str]) -> Credentials:
    """Read a Secret's values; surrounding white space is dropped, other keys are ignored.

    Raises Terminal(SecretMalformed) naming the key, never its value.
    """
    return Credentials(
        _value(secret_name, values, "accessKeyId", _ACCESS_KEY),
        _value(secret_name, values, "secretAccessKey", _PRINTABLE),
        _value(secret_name, values, "sessionToken", _PRINTABLE) if "sessionToken" in values else None,
    )


def _value(secret_name: str, values: Mapping[str, str], key: str, form: re.Pattern[str]) -> str:
    value = values.get(key, "").strip()
    if not value:
        raise Terminal(Reason.SECRET_MALFORMED, f"Secret {secret_name} has no {key}: add it")
    if not form.fullmatch(value):
        raise Terminal(
            Reason.SECRET_MALFORMED,
            f"{key} in Secret {secret_name} has characters that no S3 key has: write it again without quotes or spaces",
        )
    return value


class Connections:
    """Makes bucket clients.

    The first SDK client takes 0.1 s and 13 MiB, every other one 4 ms and 0.3 MiB plus its connections, so clients are
    shared between buckets of the same endpoint, region and credentials, and the least recently used are let go.
    Clients may be used by many threads at once; they are made one at a time, because the SDK's session may not.

    Proxies and the CA bundle come from the process's environment (HTTPS_PROXY, NO_PROXY, AWS_CA_BUNDLE): they belong
    to the cluster's network. Endpoints, profiles and files from there are ignored.
    """

    def __init__(self, allowed_endpoints: Iterable[str], *, allow_ambient: bool, limits: Limits | None = None) -> None:
        """Raises ValueError for an allowed endpoint that is more or less than `scheme://host[:port]`."""
        self._allowed = frozenset(origin(url) for url in allowed_endpoints)
        self._limits = limits or Limits()
        self._lock = Lock()
        self._clients: OrderedDict[_Target, S3Client] = OrderedDict()
        self._session = Session(session_vars=_NO_FILES, event_hooks=reading_events())
        self._ambient = Session(event_hooks=reading_events()) if allow_ambient else None
        # At DEBUG the SDK logs each signed request, a session token among its headers.
        logging.getLogger("botocore").setLevel(logging.INFO)

    def bucket(self, bucket: Bucket, values: Mapping[str, str] | None) -> S3Bucket:
        """A client of a bucket with the values of its Secret, or with ambient credentials where it names none.

        Raises Terminal for a Secret without the keys that are needed, an endpoint that is not allowed, or a region
        that is none.
        """
        client, place = self._connect(bucket, values)
        return S3Bucket(client, place, self._limits.page_size)

    def admin(self, bucket: Bucket, values: Mapping[str, str] | None) -> S3BucketAdmin:
        """As `bucket`, for its administration."""
        return S3BucketAdmin(*self._connect(bucket, values))

    def close(self) -> None:
        """Close every idle connection. Clients handed out stay usable."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _connect(self, bucket: Bucket, values: Mapping[str, str] | None) -> "tuple[S3Client, Place]":
        target = _Target(
            self._endpoint(bucket.endpoint_url),
            bucket.region,
            bucket.force_path_style,
            self._credentials(bucket.credentials_secret, values),
        )
        place = _place(bucket, target)
        with translated(place, "sts:AssumeRole"), self._lock:
            return self._client(target), place

    def _endpoint(self, url: str) -> str:
        if not url:
            return ""
        try:
            wanted = origin(url)
        except ValueError as error:
            raise Terminal(Reason.INVALID_SPEC, f"spec.s3.endpointUrl is malformed: {error}") from error
        if wanted not in self._allowed:
            raise Terminal(
                Reason.ENDPOINT_NOT_ALLOWED,
                f"this operator may not call the S3 endpoint {wanted}: "
                f"an administrator can allow it in the operator's setting {ENDPOINTS_SETTING}",
            )
        return wanted

    def _credentials(self, secret_name: str, values: Mapping[str, str] | None) -> Credentials | None:
        if values is not None:
            return credentials_of(secret_name, values)
        if secret_name:
            raise Terminal(Reason.SECRET_MISSING, f"Secret {secret_name} does not exist: create it")
        if self._ambient is None:
            raise Terminal(
                Reason.CREDENTIALS_REQUIRED,
                "spec.s3.credentialsSecretRef is required: this operator does not lend out its own AWS identity",
            )
        return None

    def _client(self, target: _Target) -> "S3Client":
        """The kept client for a target, or a new one. The lock is held."""
        client = self._clients.pop(target, None) or self._make(target)
        self._clients[target] = client
        while len(self._clients) > self._limits.clients:
            # Requests under way in it go on: closing drops idle connections only.
            self._clients.popitem(last=False)[1].close()
        return client

    def _make(self, target: _Target) -> "S3Client":
        keys = target.credentials
        session = self._ambient if self._ambient and not keys else self._session
        if not keys and session.get_credentials() is None:
            # The identity may come late, and a client made without it would be kept and never have any.
            raise NoCredentialsError
        client = session.create_client(
            "s3",
            region_name=target.region,
            endpoint_url=target.endpoint or None,
            aws_access_key_id=keys.access_key_id if keys else None,
            aws_secret_access_key=keys.secret_access_key if keys else None,
            aws_session_token=keys.session_token if keys else None,
            config=self._config(target),
        )
        return cast("S3Client", client)

    def _config(self, target: _Target) -> Config:
        return Config(
            connect_timeout=self._limits.connect_timeout,
            read_timeout=self._limits.read_timeout,
            retries={"mode": "standard", "total_max_attempts": self._limits.attempts},
            signature_version="s3v4",
            s3={
                # "auto" is path style too at a custom endpoint, where no DNS name for each bucket is likely.
                "addressing_style": "path" if target.path_style else "auto",
                "us_east_1_regional_endpoint": "regional",
            },
            ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # missing in the stubs
            user_agent_extra="recording-storage-operator",
        )


def _place(bucket: Bucket, target: _Target) -> Place:
    return Place(
        bucket=bucket.name,
        region=bucket.region,
        service=f"S3 at {target.endpoint}" if target.endpoint else "S3",
        credentials=f"the credentials in Secret {bucket.credentials_secret}"
        if target.credentials
        else "the operator's own AWS credentials",
    )
