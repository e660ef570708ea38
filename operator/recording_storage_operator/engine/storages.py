"""Writes to a resource that never undo somebody else's: guarded by version and uid, recomputed on a conflict."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ..core.errors import Terminal, Transient
from ..core.reasons import Reason
from ..core.work import Key
from .merge_patch import merge_patch

ATTEMPTS = 5
"""Conflicts in a row before a write is left to the queue's backoff."""

STATUS_BYTES = 50_000
"""A larger status is a defect: every watcher pays for it at each event."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class StorageApi(Protocol):
    """RecordingStorage objects as the API server offers them; `kube.storages` has the real one."""

    def get(self, key: Key) -> Mapping[str, Any] | None: ...

    def find(self, field: str, value: str) -> list[Mapping[str, Any]]: ...

    def patch_status(self, key: Key, patch: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge-patch of the status. None where the object is gone; KUBERNETES_CONFLICT on a stale version."""
        ...

    def patch(self, key: Key, operations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """JSON patch. None where the object is gone; KUBERNETES_CONFLICT where a `test` does not hold."""
        ...


class GuardedStorages:
    """Reads fresh, writes only what differs, and only to the very object that was read."""

    def __init__(self, api: StorageApi, finalizer: str) -> None:
        self._api = api
        self._finalizer = finalizer

    def get(self, key: Key) -> Mapping[str, Any] | None:
        """The object, fresh, or None where the API server says that it does not exist."""
        return self._api.get(key)

    def find(self, field: str, value: str) -> list[Mapping[str, Any]]:
        """All objects with this value in a selectable field."""
        return self._api.find(field, value)

    def write_status(self, key: Key, uid: str, compute: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bool:
        """Write what `compute` makes of the fresh object. False where that is equal, or the object is not there.

        Raises Terminal where the API server refuses the status as invalid, Transient after `ATTEMPTS` conflicts.
        """
        return _until_no_conflict(lambda: self._try_status(key, uid, compute))

    def hold(self, obj: Mapping[str, Any]) -> None:
        """Add our finalizer where it is not there yet. Raises Transient where the object is on its way out."""
        if self._finalizer not in _finalizers(obj):
            _until_no_conflict(lambda: self._try_hold(_key(obj), _uid(obj)))

    def release(self, obj: Mapping[str, Any]) -> None:
        """Take our finalizer away. An object that is gone, or a namesake in its place, is success."""
        if self._finalizer in _finalizers(obj):
            _until_no_conflict(lambda: self._try_release(_key(obj), _uid(obj)))

    def _fresh(self, key: Key, uid: str) -> Mapping[str, Any] | None:
        obj = self._api.get(key)
        return obj if obj is not None and _uid(obj) == uid else None

    def _try_status(self, key: Key, uid: str, compute: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bool:
        obj = self._fresh(key, uid)
        if obj is None:
            return False
        status = compute(obj)
        patch = merge_patch(obj.get("status") or {}, status)
        if not patch:
            return False
        _warn_if_large(key, status)
        guard = {"resourceVersion": obj["metadata"]["resourceVersion"], "uid": uid}
        try:
            return self._api.patch_status(key, {"metadata": guard, "status": patch}) is not None
        except Terminal as error:
            log.exception("The API server refuses the status of %s: %s", key, error.message)
            raise

    def _try_hold(self, key: Key, uid: str) -> None:
        obj = self._fresh(key, uid)
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            raise Transient(Reason.KUBERNETES_CONFLICT, f"{key} is being deleted, so it can no longer be held.")
        finalizers = _finalizers(obj)
        if self._finalizer in finalizers:
            return
        self._api.patch(
            key,
            [
                {"op": "test", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]},
                {"op": "add", "path": "/metadata/finalizers", "value": [*finalizers, self._finalizer]},
            ],
        )

    def _try_release(self, key: Key, uid: str) -> None:
        obj = self._fresh(key, uid)
        if obj is None or self._finalizer not in _finalizers(obj):
            return
        place = f"/metadata/finalizers/{_finalizers(obj).index(self._finalizer)}"
        self._api.patch(
            key,
            [
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "test", "path": place, "value": self._finalizer},
                {"op": "remove", "path": place},
            ],
        )


def _until_no_conflict(attempt: Callable[[], T]) -> T:
    """Each attempt reads anew, so a conflict means that somebody else wrote meanwhile."""
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Transient as error:
            if error.reason is not Reason.KUBERNETES_CONFLICT:
                raise
    return attempt()


def _warn_if_large(key: Key, status: Mapping[str, Any]) -> None:
    size = len(json.dumps(status, separators=(",", ":"), default=str))
    if size > STATUS_BYTES:
        log.error("The status of %s has %d bytes, more than the %d it is bound to", key, size, STATUS_BYTES)


def _key(obj: Mapping[str, Any]) -> Key:
    return Key(obj["metadata"]["namespace"], obj["metadata"]["name"])


def _uid(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"]["uid"])


def _finalizers(obj: Mapping[str, Any]) -> list[str]:
    return list(obj["metadata"].get("finalizers") or ())
