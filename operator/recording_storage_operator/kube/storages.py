"""RecordingStorage objects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.errors import Terminal, Transient
from ..core.reasons import Reason
from ..core.work import Key
from .connect import JSON_PATCH, MERGE_PATCH, Call, Connection
from .lists import chunks
from .resources import Resource


class StorageClient:
    """The objects as raw JSON. `namespaces` empty means all of them; a list comes in chunks of `page_size`."""

    def __init__(
        self, connection: Connection, resource: Resource, namespaces: Sequence[str] = (), page_size: int = 500
    ) -> None:
        self._connection = connection
        self._resource = resource
        self._namespaces = tuple(namespaces) or ("",)
        self._page_size = page_size

    def get(self, key: Key) -> Mapping[str, Any] | None:
        """The object, or None where the API server says that it does not exist."""
        return self._send("GET", key, "read")

    def pages(self) -> Iterator[list[Mapping[str, Any]]]:
        """All objects, in chunks."""
        for namespace in self._namespaces:
            doing = f"list {self._resource.kind} in {namespace or 'all namespaces'}"
            yield from chunks(self._connection, self._resource.collection(namespace), doing, self._page_size)

    def find(self, field: str, value: str) -> list[Mapping[str, Any]]:
        """All objects with this value in a selectable field of the CRD (Kubernetes 1.31 or later).

        Without a limit, the API server answers from its cache; with one it would read every object from etcd.
        """
        found: list[Mapping[str, Any]] = []
        for namespace in self._namespaces:
            path = self._resource.collection(namespace)
            doing = f"find {self._resource.kind} by {field}"
            query = {"fieldSelector": f"{field}={value}"}
            found += self._connection.send(Call("GET", path, doing, query=query))["items"]
        return found

    def patch_status(self, key: Key, patch: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge-patch the status. With a version or uid in `patch`, another one stored is KUBERNETES_CONFLICT."""
        return self._send("PATCH", key, "write the status of", "status", patch, MERGE_PATCH)

    def patch(self, key: Key, operations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """JSON patch. A `test` that does not hold, which the API server answers with 422, is KUBERNETES_CONFLICT."""
        try:
            return self._send("PATCH", key, "change", "", operations, JSON_PATCH)
        except Terminal as error:
            raise Transient(Reason.KUBERNETES_CONFLICT, error.message) from error

    def _send(
        self, method: str, key: Key, verb: str, subresource: str = "", body: Any = None, media_type: str = ""
    ) -> Mapping[str, Any] | None:
        answer: Mapping[str, Any] | None = self._connection.send(
            Call(
                method,
                self._resource.item(key, subresource),
                f"{verb} {self._resource.kind} {key}",
                absent=key.name,
                body=body,
                media_type=media_type,
            )
        )
        return answer
