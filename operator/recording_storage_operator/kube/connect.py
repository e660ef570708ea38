"""The connection to the API server: credentials, timeouts, and one place where answers become errors."""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.config import ConfigException, load_kube_config
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigMerger

from ..core.errors import Terminal
from ..core.reasons import Reason
from .errors import Answer, error_of, unreachable

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's credentials."""

TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and between two bytes of an answer."""

USER_AGENT = "recording-storage-operator"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

Observe = Callable[[str, str], None]

# The client library says it is typed; its loaders are not.
_from_pod: Callable[..., Any] = InClusterConfigLoader
_from_file: Callable[..., None] = load_kube_config
_merger: Callable[[str], Any] = KubeConfigMerger

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `doing` says for people what it is for; `absent` names the object whose absence is an answer."""

    method: str
    path: str
    doing: str
    absent: str = ""
    query: Mapping[str, str | int] | None = None
    body: Any = None
    media_type: str = "application/json"


def in_cluster(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to log in with the pod's service account: not where a kubeconfig is named explicitly."""
    return "KUBECONFIG" not in environ and "KUBERNETES_SERVICE_HOST" in environ


def load_configuration(
    pool_size: int, environ: Mapping[str, str] = os.environ, account: Path = SERVICE_ACCOUNT
) -> Configuration:
    """Where the API server is and how to log in: `KUBECONFIG`, else the pod's service account, else ~/.kube/config.

    A pod's token file is read anew every minute. Nothing is retried below the queue: it knows what is safe to repeat.
    Raises Terminal where no login is configured.
    """
    configuration = Configuration()
    try:
        if in_cluster(environ):
            pod = _from_pod(str(account / "token"), str(account / "ca.crt"), environ=environ)
            pod.load_and_set(configuration)
        else:
            path = environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
            _from_file(config_file=path, client_configuration=configuration, persist_config=False)
            _refuse_impersonation(path)
    except ConfigException as error:
        message = f"No login to Kubernetes: {error} Set KUBECONFIG or run in a pod with a service account."
        raise Terminal(Reason.KUBERNETES_ACCESS_DENIED, message) from error
    configuration.retries = False
    configuration.connection_pool_maxsize = pool_size
    return configuration


def _refuse_impersonation(path: str) -> None:
    """The client library ignores `as` of a user: whoever had dropped rights by it would write with all of them."""
    merged = _merger(path).config.value
    contexts = {one.value["name"]: one.value["context"] for one in merged["contexts"]}
    users = {one.value["name"]: one.value.get("user") or {} for one in merged["users"]}
    user = users.get(contexts[merged["current-context"]].get("user"), {})
    if asked := sorted({"as", "as-groups", "as-uid", "as-user-extra"} & user.keys()):
        told = f"The kubeconfig impersonates somebody ({', '.join(asked)}), which is not supported"
        raise ConfigException(f"{told}: use a login of its own.")


class Connection:
    """Sends requests of all threads. A rejected login is read anew once per rejected request (rotated credentials).

    `observe` gets the method and the code (an HTTP status, or "none" without an answer) of each request.
    `user_agent` is under whose name the API server records what is written.
    """

    def __init__(
        self,
        load: Callable[[], Configuration],
        observe: Observe,
        timeouts: tuple[float, float] = TIMEOUTS,
        user_agent: str = USER_AGENT,
    ) -> None:
        self._load = load
        self._user_agent = user_agent
        self._timeouts = timeouts
        self._observe = observe
        self._lock = threading.Lock()
        self._client = self._connect()

    def send(self, call: Call) -> Any:
        """The answer's JSON, or None where the object `call.absent` does not exist. Raises the errors of `core`."""
        client = self._client
        code, body, retry_after = self._exchange(client, call)
        if code == HTTPStatus.UNAUTHORIZED:
            code, body, retry_after = self._exchange(self._renewed(client, call), call)
        if code < HTTPStatus.BAD_REQUEST:
            return _parsed(body, call)
        answer = Answer(code, _status_object(body), _seconds(retry_after))
        if answer.says_absent(call.absent):
            return None
        raise error_of(answer, call.doing)

    def close(self) -> None:
        self._client.close()

    def _connect(self) -> Any:
        client = ApiClient(self._load())
        client.user_agent = self._user_agent
        return client

    def _renewed(self, rejected: Any, call: Call) -> Any:
        with self._lock:
            if self._client is rejected:
                log.info("The API server rejects the login; reading the credentials again")
                try:
                    self._client = self._connect()
                except (Terminal, OSError) as error:
                    raise unreachable(call.doing, "the login was rejected and its source is unreadable") from error
                rejected.close()
            return self._client

    def _exchange(self, client: Any, call: Call) -> tuple[int, bytes, str | None]:
        code = "none"
        try:
            answer = client.call_api(*_serialised(client, call), _request_timeout=self._timeouts)
            body = answer.read()
            code = str(answer.status)
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise unreachable(call.doing, _why(error)) from error
        finally:
            self._observe(call.method, code)
        return answer.status, body, answer.headers.get("Retry-After")


def _serialised(client: Any, call: Call) -> tuple[Any, ...]:
    headers = {"Accept": "application/json"}
    if call.body is not None:
        headers["Content-Type"] = call.media_type
    query = list((call.query or {}).items())
    request: tuple[Any, ...] = client.param_serialize(
        call.method, call.path, query_params=query, header_params=headers, body=call.body, auth_settings=["BearerToken"]
    )
    return request


def _parsed(body: bytes, call: Call) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise unreachable(call.doing, "the API server's answer is not whole") from error


def _status_object(body: bytes) -> Mapping[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) and status.get("kind") == "Status" else {}


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


def _why(error: Exception) -> str:
    """Without the error's own text, which names addresses of objects and counts of bytes."""
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)  # which counts as a timeout, too
    if isinstance(error, urllib3.exceptions.TimeoutError) and not refused:
        return "the API server does not answer in time"
    if isinstance(error, (urllib3.exceptions.SSLError, ApiException)):
        return "the API server's certificate is not accepted"
    return "the API server cannot be reached"
