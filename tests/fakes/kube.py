"""A stateful Kubernetes in memory: RecordingStorage objects, Secrets, ledger slices, and faults on request.

`cluster.storages`, `cluster.secrets` and `cluster.ledger(key, uid)` satisfy the ports of the reconciler;
`cluster.storage_api` is what the API server offers below them. Versions, uids, generations, finalizers and conflicts
behave as on the real server; tests/contract holds both to one suite.
"""

import itertools
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from recording_storage_operator.core.errors import Transient
from recording_storage_operator.core.ledger import Slice
from recording_storage_operator.core.reasons import Reason
from recording_storage_operator.core.secret import Secret
from recording_storage_operator.core.work import Key
from recording_storage_operator.engine.storages import GuardedStorages

FINALIZER = "recordings.dev/finalizer"


T = TypeVar("T")


def copied(value: T) -> T:
    """As it comes back from a server: a copy, of JSON alone."""
    copy: T = json.loads(json.dumps(value))
    return copy


Manifest = dict[str, Any]


@dataclass
class Fault:
    """`committed`: the server did it, and the answer was lost on the way back."""

    error: Exception
    committed: bool


@dataclass
class FakeCluster:
    """Objects in `objects` are the server's own: tests read them freely, and change them through the methods.

    `calls` and `writes` count requests by method, refused ones included: get, pages, find, patch_status, patch,
    get_secret, slices, write_slice, delete_slice. `fail(method, ...)` takes the same names.
    """

    objects: dict[Key, Manifest] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    _secrets: dict[tuple[str, str], Secret] = field(default_factory=dict)
    _slices: dict[tuple[Key, str, str], Slice] = field(default_factory=dict)
    _faults: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _meanwhile: defaultdict[str, deque[Callable[[], object]]] = field(default_factory=lambda: defaultdict(deque))
    _versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def writes(self) -> int:
        return sum(self.calls[method] for method in ("patch_status", "patch", "write_slice", "delete_slice"))

    @property
    def storage_api(self) -> "FakeStorageApi":
        return FakeStorageApi(self)

    @property
    def storages(self) -> GuardedStorages:
        return GuardedStorages(self.storage_api, FINALIZER)

    @property
    def secrets(self) -> "FakeSecrets":
        return FakeSecrets(self)

    def ledger(self, key: Key, uid: str) -> "FakeLedger":
        return FakeLedger(self, key, uid)

    def create(self, manifest: Mapping[str, Any]) -> Key:
        """As `kubectl create`: gives a uid, a version and generation 1, and drops status."""
        obj = copied(dict(manifest))
        obj.pop("status", None)
        version = self.next_version()
        obj["metadata"] |= {"uid": f"uid-{version}", "resourceVersion": version, "generation": 1}
        created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(version))
        obj["metadata"]["creationTimestamp"] = created.strftime("%Y-%m-%dT%H:%M:%SZ")
        key = Key(obj["metadata"]["namespace"], obj["metadata"]["name"])
        assert key not in self.objects, f"{key} already exists"
        self.objects[key] = obj
        return key

    def edit(self, key: Key, change: Callable[[Manifest], None]) -> None:
        """As `kubectl edit`: `change` works on the object in place; a changed spec raises the generation."""
        edited = copied(self.objects[key])
        change(edited)
        self.store(key, edited)

    def annotate(self, key: Key, name: str, value: str) -> None:
        self.edit(key, lambda obj: obj["metadata"].setdefault("annotations", {}).update({name: value}))

    def delete(self, key: Key) -> None:
        """As `kubectl delete`: an object with finalizers stays until the last of them is taken away."""
        deleted = copied(self.objects[key])
        deleted["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
        self.store(key, deleted)

    def read(self, key: Key) -> Manifest | None:
        """The object as it is now; not counted as a request."""
        return copied(self.objects.get(key))

    def uid(self, key: Key) -> str:
        return str(self.objects[key]["metadata"]["uid"])

    def status(self, key: Key) -> Manifest:
        return dict(self.objects[key].get("status", {}))

    def put_secret(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        self._secrets[namespace, name] = Secret(dict(values))

    def delete_secret(self, namespace: str, name: str) -> None:
        del self._secrets[namespace, name]

    def slices_of(self, key: Key) -> list[Slice]:
        """The stored slices of whichever object has the name now, ordered by name; not counted as a request."""
        return [part for (owner, uid, _), part in sorted(self._slices.items()) if (owner, uid) == (key, self.uid(key))]

    def fail(self, method: str, error: Exception, times: int = 1, committed: bool = False) -> None:
        """Let the next calls of `method` raise; with `committed` a write takes effect all the same."""
        self._faults[method].extend(Fault(error, committed) for _ in range(times))

    def forgive(self) -> None:
        """Forget the faults that are still to come."""
        self._faults.clear()

    def meanwhile(self, method: str, action: Callable[[], object]) -> None:
        """Let somebody else do `action` just before the next call of `method` reaches the server."""
        self._meanwhile[method].append(action)

    def serve(self, method: str, action: Callable[[], T]) -> T:
        self.calls[method] += 1
        if self._meanwhile[method]:
            self._meanwhile[method].popleft()()
        fault = self._faults[method].popleft() if self._faults[method] else None
        if fault is not None and not fault.committed:
            raise fault.error
        answer = action()
        if fault is not None:
            raise fault.error
        return answer

    def store(self, key: Key, obj: Manifest) -> Manifest:
        """Keep it as the server would: nothing for an equal object, a new version else, gone without finalizers."""
        before = self.objects[key]
        if obj == before:
            return before
        metadata = obj["metadata"]
        metadata["resourceVersion"] = self.next_version()
        if obj.get("spec") != before.get("spec") or ("deletionTimestamp" in metadata) != (
            "deletionTimestamp" in before["metadata"]
        ):
            metadata["generation"] += 1
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            del self.objects[key]
        else:
            self.objects[key] = obj
        return obj

    def next_version(self) -> str:
        return str(next(self._versions))


@dataclass
class FakeStorageApi:
    cluster: FakeCluster

    def get(self, key: Key) -> Manifest | None:
        return self.cluster.serve("get", lambda: copied(self.cluster.objects.get(key)))

    def pages(self) -> Iterator[list[Manifest]]:
        objects = self.cluster.serve("pages", lambda: copied(list(self.cluster.objects.values())))
        for start in range(0, len(objects), 2):
            yield objects[start : start + 2]

    def find(self, field: str, value: str) -> list[Mapping[str, Any]]:
        objects = self.cluster.serve("find", lambda: copied(list(self.cluster.objects.values())))
        return [obj for obj in objects if _at(obj, field) == value]

    def patch_status(self, key: Key, patch: Mapping[str, Any]) -> Manifest | None:
        return self.cluster.serve("patch_status", lambda: self._patch_status(key, patch))

    def patch(self, key: Key, operations: Sequence[Mapping[str, Any]]) -> Manifest | None:
        return self.cluster.serve("patch", lambda: self._patch(key, operations))

    def _patch_status(self, key: Key, patch: Mapping[str, Any]) -> Manifest | None:
        if key not in self.cluster.objects:
            return None
        obj = copied(self.cluster.objects[key])
        for name in ("resourceVersion", "uid"):
            if patch.get("metadata", {}).get(name, obj["metadata"][name]) != obj["metadata"][name]:
                raise conflict(key)
        obj["status"] = _merged(obj.get("status", {}), patch["status"])
        return copied(self.cluster.store(key, obj))

    def _patch(self, key: Key, operations: Sequence[Mapping[str, Any]]) -> Manifest | None:
        if key not in self.cluster.objects:
            return None
        obj = copied(self.cluster.objects[key])
        for operation in operations:
            _apply(key, obj, operation)
        return copied(self.cluster.store(key, obj))


@dataclass
class FakeSecrets:
    cluster: FakeCluster

    def get(self, namespace: str, name: str) -> Secret | None:
        return self.cluster.serve("get_secret", lambda: self.cluster._secrets.get((namespace, name)))


@dataclass
class FakeLedger:
    cluster: FakeCluster
    key: Key
    uid: str

    def slices(self) -> Iterator[Slice]:
        mine = self.cluster.serve("slices", lambda: sorted(self.cluster._slices.items()))
        yield from (part for (owner, uid, _), part in mine if (owner, uid) == (self.key, self.uid))

    def write(self, part: Slice) -> Slice:
        return self.cluster.serve("write_slice", lambda: self._write(part))

    def delete(self, part: Slice) -> None:
        self.cluster.serve("delete_slice", lambda: self._delete(part))

    def _write(self, part: Slice) -> Slice:
        stored = self._stored(part.name)
        if (stored.version if stored else "") != part.version:
            raise conflict(self.key)
        stored = replace(part, version=self.cluster.next_version())
        self.cluster._slices[self.key, self.uid, part.name] = stored
        return stored

    def _delete(self, part: Slice) -> None:
        stored = self._stored(part.name)
        if stored is None:
            return
        if stored.version != part.version:
            raise conflict(self.key)
        del self.cluster._slices[self.key, self.uid, part.name]

    def _stored(self, name: str) -> Slice | None:
        """By name in the namespace: a leftover of a deleted namesake is in the way, as on the real server."""
        for (owner, _, stored_name), part in self.cluster._slices.items():
            if owner.namespace == self.key.namespace and stored_name == name:
                return part
        return None


def conflict(key: Key) -> Transient:
    return Transient(Reason.KUBERNETES_CONFLICT, f"{key} was changed meanwhile.")


def _at(obj: Mapping[str, Any], path: str) -> Any:
    for name in path.split("."):
        obj = obj.get(name) or {}
    return obj


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Manifest:
    merged = dict(old)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            before = merged.get(name)
            merged[name] = _merged(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[name] = copied(value)
    return merged


def _apply(key: Key, obj: Manifest, operation: Mapping[str, Any]) -> None:
    """One operation of a JSON patch, as far as finalizers need it."""
    *parents, last = operation["path"].strip("/").split("/")
    target: Any = obj
    for name in parents:
        target = target[name]
    place: Any = int(last) if isinstance(target, list) else last
    try:
        if operation["op"] == "test" and target[place] != operation["value"]:
            raise conflict(key)
        if operation["op"] == "remove":
            del target[place]
    except (KeyError, IndexError):
        raise conflict(key) from None
    if operation["op"] == "add":
        target[place] = operation["value"]
