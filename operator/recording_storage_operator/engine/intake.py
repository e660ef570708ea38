"""From events of the watch to keys in the queue.

A status write of our own comes back as an event. It must not cause a pass, or passes that write would never end: only
what a person or a controller changes in the rest of the object counts. The periodic list enqueues every key whatever
was seen here, so an event that is skipped wrongly costs a delay and no more.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.work import Key
from .queue import WorkQueue

DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an event showed of an object, apart from its version, that calls for a pass where it changes."""

    uid: str
    created: str
    generation: int
    deleting: bool
    finalizers: tuple[str, ...]
    requests: tuple[str, ...]


class Intake:
    """Remembers a few strings for each object that exists. `annotations` are those that ask for a pass."""

    def __init__(self, queue: WorkQueue, annotations: Sequence[str]) -> None:
        self._queue = queue
        self._annotations = tuple(annotations)
        self._lock = threading.Lock()
        self._seen: dict[Key, tuple[str, Sighting]] = {}

    def on_event(self, event_type: str | None, obj: Mapping[str, Any]) -> bool:
        """Take an event of the watch (type None: of its first list). True where it calls for a pass."""
        metadata = obj["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        if event_type == DELETED:
            self._forget(key, metadata["uid"])
        elif not self._note(key, metadata):
            return False
        self._queue.add(key, urgent="deletionTimestamp" in metadata, fresh=True)
        return True

    def seen(self) -> dict[Key, str]:
        """The version that the last event of each object showed."""
        with self._lock:
            return {key: version for key, (version, _) in self._seen.items()}

    def vanished(self, key: Key, version: str) -> None:
        """An object last seen at `version` exists no more, and no event told so: one pass finds that out, too."""
        with self._lock:
            if self._seen.get(key, ("",))[0] != version:
                return
            del self._seen[key]
        self._queue.add(key, fresh=True)

    def _note(self, key: Key, metadata: Mapping[str, Any]) -> bool:
        sighting = self._sighting(metadata)
        with self._lock:
            before = self._seen.get(key)
            if before and before[1].uid != sighting.uid and before[1].created > sighting.created:
                return False  # a late event of a namesake that is gone
            self._seen[key] = (metadata["resourceVersion"], sighting)
        return before is None or before[1] != sighting

    def _forget(self, key: Key, uid: str) -> None:
        """Not for a late event of its namesake: kopf keeps the order of the events of one object, not of a name."""
        with self._lock:
            if key in self._seen and self._seen[key][1].uid == uid:
                del self._seen[key]

    def _sighting(self, metadata: Mapping[str, Any]) -> Sighting:
        annotations = metadata.get("annotations") or {}
        return Sighting(
            uid=metadata["uid"],
            created=metadata.get("creationTimestamp", ""),
            generation=metadata.get("generation", 0),
            deleting="deletionTimestamp" in metadata,
            finalizers=tuple(metadata.get("finalizers") or ()),
            requests=tuple(annotations.get(name, "") for name in self._annotations),
        )
