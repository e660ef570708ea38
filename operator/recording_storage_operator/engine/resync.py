"""The periodic list: what the watch lost, this finds.

It enqueues every resource, notices those that vanished without a DELETED event, and proves that the API server still
serves us. Comparing its versions with those of the events shows whether the watch still delivers.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ..core.clock import Clock
from ..core.errors import ReconcileError
from ..core.work import Key
from .intake import Intake
from .queue import WorkQueue

RETRY = 15.0
"""Seconds until a list that failed is tried again."""

PACE = 0.05
"""Seconds between the passes one list asks for, so that a thousand resources do not come at once."""

PATIENCE = 60.0
"""Real seconds an event may be on its way, however fast a simulated clock runs."""

log = logging.getLogger(__name__)


class Pages(Protocol):
    """Lists all resources in chunks."""

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]: ...


class Resync:
    """Lists at once and then about every `interval` seconds of `clock`, looking at it every `tick` seconds.

    The ages that health is judged by are real time (`stopwatch`).
    """

    def __init__(
        self,
        api: Pages,
        queue: WorkQueue,
        intake: Intake,
        clock: Clock,
        interval: float = 600.0,
        tick: float = 1.0,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._queue = queue
        self._intake = intake
        self._clock = clock
        self._interval = interval
        self._tick = tick
        self._stopwatch = stopwatch
        self._chance = random.Random()  # noqa: S311 - spreads load, guards nothing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resync", daemon=True)
        self._tried = self._succeeded = stopwatch()
        self._unconfirmed: dict[Key, str | None] = {}
        self._compared = stopwatch() - PATIENCE
        self.listed = threading.Event()
        """Set by the first list: until then kopf must wait, as it never looks for a CRD installed later."""
        self.unseen: list[Key] = []
        """Resources that changed before the last list but one, and the watch has not told yet: it is deaf."""

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """List no more. False where a list is still under way after `seconds`."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def once(self) -> int:
        """List and enqueue everything now. Returns how many there are; raises the errors of `core.errors`."""
        known = self._intake.seen()
        listed = {_key(obj): str(obj["metadata"]["resourceVersion"]) for page in self._api.pages() for obj in page}
        self._compare(listed, known)
        for key, version in known.items():
            if key not in listed:
                self._intake.vanished(key, version)
        for place, key in enumerate(listed):
            self._queue.add_after(key, place * PACE)
        self._succeeded = self._stopwatch()
        self.listed.set()
        return len(listed)

    def problem(self) -> str | None:
        """Why the process should be restarted: the loop hangs, or the watch delivers nothing."""
        if self._thread.ident and self._stopwatch() - self._tried > 3 * self._interval:
            return "the periodic list has stopped"
        return f"the watch has not told of changes to {', '.join(map(str, self.unseen[:5]))}" if self.unseen else None

    def unready(self) -> str | None:
        """Why this process cannot serve yet, or no longer: the resources could not be listed."""
        if not self.listed.is_set():
            return "the resources have not been listed yet"
        if self._stopwatch() - self._succeeded > 3 * self._interval:
            return "the resources could not be listed for three intervals"
        return None

    def _compare(self, listed: Mapping[Key, str], seen: Mapping[Key, str]) -> None:
        """A version that no event showed may be on its way; still not shown at the next list, it never will be.

        `seen` is as of before the list: an event may overtake it.
        """
        if self._stopwatch() - self._compared < PATIENCE:
            return
        self._compared = self._stopwatch()
        self.unseen = sorted(
            key for key, version in self._unconfirmed.items() if key in listed and seen.get(key) == version
        )
        self._unconfirmed = {key: seen.get(key) for key, version in listed.items() if seen.get(key) != version}
        if self.unseen:
            log.error(
                "The watch has not told of changes to %d resources, among them %s", len(self.unseen), self.unseen[0]
            )

    def _run(self) -> None:
        due = self._clock.monotonic()
        while not self._stop.wait(0.0 if self._clock.monotonic() >= due else self._tick):
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + self._attempt()

    def _attempt(self) -> float:
        """One list; returns the seconds until the next."""
        try:
            log.debug("Listed %d resources", self.once())
        except ReconcileError as error:
            log.warning("The resources could not be listed: %s", error.message)
            return min(RETRY, self._interval)
        except Exception:  # the loop is a safety net: it must survive its own defects
            log.exception("The periodic list crashed")
            return min(RETRY, self._interval)
        finally:
            self._tried = self._stopwatch()
        return self._interval * self._chance.uniform(0.9, 1.1)


def _key(obj: Mapping[str, Any]) -> Key:
    return Key(obj["metadata"]["namespace"], obj["metadata"]["name"])
