"""A control plane for a benchmark, and people who work with many resources at once."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kubernetes.client import ApiClient, Configuration, CoreV1Api, CustomObjectsApi
from kubernetes.config import load_kube_config

from lab.control_plane import ControlPlane
from recording_storage_operator.api import names

NAMESPACE = "bench"
HANDS = 4
"""Requests at a time. More would only wait in the API server."""

T = TypeVar("T")
Object = dict[str, Any]

# The client library says it is typed; its loader is not.
_load: Callable[..., None] = load_kube_config


class Cluster:
    """A running control plane with our definitions and rights; made by `cluster`."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.folder = folder
        settings = Configuration()
        _load(config_file=str(plane.admin_kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize = HANDS
        api = ApiClient(settings)
        self._core = CoreV1Api(api)
        self._objects: Any = CustomObjectsApi(api)
        self._core.create_namespace({"metadata": {"name": NAMESPACE}})

    def create(self, storages: Iterable[Object], secrets: Iterable[Object] = ()) -> None:
        """Create Secrets and then resources, as fast as the API server takes them."""
        at_once(lambda secret: self._core.create_namespaced_secret(NAMESPACE, secret), secrets)
        at_once(lambda storage: self._objects.create_namespaced_custom_object(*_COLLECTION, storage), storages)

    def patch(self, name: str, body: Object) -> None:
        self._objects.patch_namespaced_custom_object(*_COLLECTION, name, body)

    def patch_status(self, name: str, status: Object) -> None:
        self._objects.patch_namespaced_custom_object_status(*_COLLECTION, name, {"status": status})

    def get(self, name: str) -> Object:
        found: Object = self._objects.get_namespaced_custom_object(*_COLLECTION, name)
        return found

    def storages(self) -> list[Object]:
        """All resources, from the API server's cache."""
        answer = self._objects.list_namespaced_custom_object(*_COLLECTION, resource_version="0")
        items: list[Object] = answer["items"]
        return items


_COLLECTION = (names.GROUP, names.VERSION, NAMESPACE, names.PLURAL)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Stops and forgets everything at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with ControlPlane.start(Path(folder) / "control-plane") as plane:
            plane.install()
            yield Cluster(plane, Path(folder))


def at_once(act: Callable[[T], object], things: Iterable[T]) -> None:
    """Act on each, a few at a time. Raises the first error."""
    with ThreadPoolExecutor(HANDS) as pool:
        for _ in pool.map(act, things):
            pass


def is_ready(obj: Object) -> bool:
    """Whether the status of the latest generation says Ready."""
    status = obj.get("status", {})
    current = status.get("observedGeneration") == obj["metadata"]["generation"]
    ready = (one["status"] for one in status.get("conditions", ()) if one["type"] == "Ready")
    return current and next(ready, "") == "True"
