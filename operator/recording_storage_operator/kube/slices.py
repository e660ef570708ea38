"""The ledger's slices, as objects owned by the resource they belong to."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..core.ledger import Slice
from ..core.work import Key
from .connect import Call, Connection
from .lists import chunks
from .resources import Resource


@dataclass(frozen=True, slots=True)
class SliceKind:
    """How slices are served, whose they are, and the labels for the owner's name (63 characters) and the expiry day."""

    resource: Resource
    owner: Resource
    owner_label: str
    day_label: str


class SliceStore:
    """The slices of one resource: those of a deleted namesake, not yet collected, are not among them."""

    def __init__(self, connection: Connection, kind: SliceKind, key: Key, uid: str, page_size: int = 20) -> None:
        self._connection = connection
        self._kind = kind
        self._key = key
        self._uid = uid
        self._page_size = page_size

    def slices(self) -> Iterator[Slice]:
        """All of them, read `page_size` at a time (each has up to 270 kB as JSON), as of one moment."""
        path = self._kind.resource.collection(self._key.namespace)
        selector = f"{self._kind.owner_label}={self._key.name}"
        for page in chunks(self._connection, path, f"list the ledger of {self._key}", self._page_size, selector):
            yield from (_read(obj) for obj in page if self._is_mine(obj))

    def write(self, part: Slice) -> Slice:
        """Create it, or replace exactly the version it was read at; as stored. Raises Transient on a conflict."""
        doing = f"write ledger slice {part.name} of {self._key}"
        if part.version:
            call = Call("PUT", self._path(part), doing, body=self._manifest(part))
        else:
            path = self._kind.resource.collection(self._key.namespace)
            call = Call("POST", path, doing, body=self._manifest(part))
        return _read(self._connection.send(call))

    def delete(self, part: Slice) -> None:
        """Remove exactly the version it was read at; versions are unique in a cluster. Already gone is success."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"resourceVersion": part.version},
        }
        doing = f"delete ledger slice {part.name} of {self._key}"
        self._connection.send(Call("DELETE", self._path(part), doing, absent=part.name, body=options))

    def _path(self, part: Slice) -> str:
        return self._kind.resource.item(Key(self._key.namespace, part.name))

    def _is_mine(self, obj: Mapping[str, Any]) -> bool:
        return any(owner["uid"] == self._uid for owner in obj["metadata"].get("ownerReferences") or ())

    def _manifest(self, part: Slice) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "namespace": self._key.namespace,
            "name": part.name,
            "labels": {self._kind.owner_label: self._key.name, self._kind.day_label: part.day},
            "ownerReferences": [self._owner()],
        }
        if part.version:
            metadata["resourceVersion"] = part.version
        resource = self._kind.resource
        return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **_fields(part)}

    def _owner(self) -> dict[str, Any]:
        """No blockOwnerDeletion: it takes a right on the owner's finalizers, and nothing waits for slices to go."""
        owner = self._kind.owner
        return {
            "apiVersion": owner.api_version,
            "kind": owner.kind,
            "name": self._key.name,
            "uid": self._uid,
            "controller": True,
        }


def _fields(part: Slice) -> dict[str, Any]:
    return {
        "day": part.day,
        "metadataDays": part.metadata_days,
        "count": part.count,
        "fromTwilio": part.from_twilio,
        "fromS3": part.from_s3,
        "oldestDeletion": _stamp(part.oldest_deletion),
        "newestDeletion": _stamp(part.newest_deletion),
        "data": base64.b64encode(part.packed).decode(),
    }


def _read(obj: Mapping[str, Any]) -> Slice:
    return Slice(
        name=obj["metadata"]["name"],
        day=obj["day"],
        metadata_days=obj["metadataDays"],
        count=obj["count"],
        from_twilio=obj["fromTwilio"],
        from_s3=obj["fromS3"],
        oldest_deletion=datetime.fromisoformat(obj["oldestDeletion"]),
        newest_deletion=datetime.fromisoformat(obj["newestDeletion"]),
        packed=base64.b64decode(obj["data"]),
        version=obj["metadata"]["resourceVersion"],
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
