"""Kopf in a thread and event loop of its own: it cancels every task it finds in its loop when it ends."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence

import kopf

log = logging.getLogger(__name__)


class KopfThread:
    """Runs kopf until `stop`. Kopf that ends by itself leaves nothing watched: `on_death` must end the process.

    `namespaces` empty means the whole cluster.
    """

    def __init__(
        self,
        registry: kopf.OperatorRegistry,
        settings: kopf.OperatorSettings,
        on_death: Callable[[], None],
        namespaces: Sequence[str] = (),
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._on_death = on_death
        self._namespaces = tuple(namespaces)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """End the watch. False where kopf does not end within `seconds`."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def problem(self) -> str | None:
        """Why the process should be restarted: nothing is watched any more."""
        return "kopf has ended" if self._thread.ident and not self._thread.is_alive() else None

    def _run(self) -> None:
        try:
            asyncio.run(self._operate())
        except (Exception, asyncio.CancelledError):
            log.exception("Kopf failed")
        if not self._stop.is_set():
            self._on_death()

    async def _operate(self) -> None:
        await kopf.operator(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
        )
