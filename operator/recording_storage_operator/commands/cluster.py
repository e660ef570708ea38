"""The cluster as the user of the command sees it: the login of their kubeconfig, and their own rights."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
from kubernetes.config import ConfigException, list_kube_config_contexts
from yaml import YAMLError

from ..core.errors import ReconcileError, Terminal, Transient, Wait
from ..core.ledger import Slice
from ..core.reasons import Reason
from ..core.work import Key
from ..kinds import SLICES, STORAGES
from ..kube.connect import SERVICE_ACCOUNT, Connection, in_cluster, load_configuration
from ..kube.secrets import SecretReader
from ..kube.slices import SliceStore
from ..kube.storages import StorageClient
from .target import Target

READING = "get recordingstorages of recordings.dev"
LISTING = "get recordingstorages and to list deletedrecordingslices of recordings.dev"
APPROVING = "get and to patch recordingstorages of recordings.dev, and to approve them where a policy asks for that,"
SECRETS = "get recordingstorages of recordings.dev, and the Secrets that the file names,"
"""What a command needs rights for, after "the rights to"."""

FIELD_MANAGER = "recordings"
"""Who an approval is by, in managedFields. Flux takes away what managers write whose name begins with kubectl."""

# The client library says it is typed; its loaders are not.
_contexts: Callable[..., tuple[Any, Any]] = list_kube_config_contexts


@dataclass(frozen=True, slots=True)
class Cluster:
    """One RecordingStorage and its slices. Methods raise the errors of `core`."""

    connection: Connection
    key: Key

    def stored(self) -> Mapping[str, Any] | None:
        """The object, or None where there is none."""
        return StorageClient(self.connection, STORAGES).get(self.key)

    def storage(self) -> Mapping[str, Any]:
        """The object. Raises click.ClickException where there is none."""
        obj = self.stored()
        if obj is None:
            raise click.ClickException(
                f"There is no RecordingStorage {self.key.name} in namespace {self.key.namespace}. "
                "Choose another namespace with -n, or see what there is: kubectl get recst -A"
            )
        return obj

    def slices(self, uid: str) -> Iterator[Slice]:
        """The ledger of the object with this uid, in chunks."""
        return SliceStore(self.connection, SLICES, self.key, uid).slices()

    def change(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """Patch the object as JSON patch says. Raises Transient(KUBERNETES_CONFLICT) where a `test` does not hold."""
        StorageClient(self.connection, STORAGES).patch(self.key, operations)

    def secrets(self) -> SecretReader:
        """Reads Secrets, one by one."""
        return SecretReader(self.connection)


@contextmanager
def connected(target: Target, rights: str = READING) -> Iterator[Cluster]:
    """Log in; what fails inside becomes a click.ClickException, whose sentence says what to do.

    `rights` is what is needed inside.
    """
    environ = {**os.environ, "KUBECONFIG": target.kubeconfig} if target.kubeconfig else dict(os.environ)
    connection, namespace = _login(environ)
    key = Key(target.namespace or namespace, target.name)
    try:
        yield Cluster(connection, key)
    except ReconcileError as error:
        raise click.ClickException(advice(error, key.namespace, rights)) from error
    finally:
        connection.close()


def advice(error: ReconcileError, namespace: str, rights: str = READING) -> str:
    """What an error means for a person with a kubeconfig."""
    denied = error.reason is Reason.KUBERNETES_ACCESS_DENIED
    if denied and isinstance(error, Wait):
        return (
            f"You may not do this. It takes the rights to {rights} in namespace {namespace}; "
            "ask whoever runs the cluster for them."
        )
    if denied and isinstance(error, Transient):
        return "The API server rejects your login. Log in to the cluster again, or choose another kubeconfig."
    if isinstance(error, Transient):
        return f"{error.message} Try again; if it stays so, see what kubectl cluster-info says."
    return error.message


def _login(environ: Mapping[str, str]) -> tuple[Connection, str]:
    try:
        load = partial(load_configuration, 1, environ)
        return Connection(load, _unobserved, user_agent=FIELD_MANAGER), _namespace(environ)
    except (Terminal, ConfigException, OSError, YAMLError, AttributeError, KeyError, TypeError) as error:
        # What the client library raises for a file that is no kubeconfig depends on how it is none.
        why = error.__cause__ if isinstance(error, Terminal) else error
        told = str(why).rstrip(".") if isinstance(why, ConfigException | OSError) else "the file is no kubeconfig"
        raise click.ClickException(
            f"No login to Kubernetes{_source(environ)}: {told}. Name a kubeconfig with --kubeconfig or KUBECONFIG."
        ) from error


def _source(environ: Mapping[str, str]) -> str:
    """What was tried."""
    return "" if in_cluster(environ) else f" with {environ.get('KUBECONFIG') or '~/.kube/config'}"


def _namespace(environ: Mapping[str, str]) -> str:
    """Of the kubeconfig's current context, or of the pod."""
    if in_cluster(environ):
        return (SERVICE_ACCOUNT / "namespace").read_text()
    _, current = _contexts(environ.get("KUBECONFIG") or "~/.kube/config")
    return str(current["context"].get("namespace") or "default")


def _unobserved(_method: str, _code: str) -> None:
    """A command keeps no metrics."""
