"""Where a kind of resource is served."""

from dataclasses import dataclass
from urllib.parse import quote

from ..core.work import Key


@dataclass(frozen=True, slots=True)
class Resource:
    """A namespaced custom resource."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    def collection(self, namespace: str = "") -> str:
        """The path of its list: of one namespace, or of all."""
        scope = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
        return f"/apis/{self.group}/{self.version}{scope}/{self.plural}"

    def item(self, key: Key, subresource: str = "") -> str:
        """The path of one object, or of its subresource."""
        path = f"{self.collection(key.namespace)}/{quote(key.name, safe='')}"
        return f"{path}/{subresource}" if subresource else path
