"""Kopf in a thread and event loop of its own: it cancels every task it finds in its loop when it ends."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence

import kopf

NAP = 0.2
"""Seconds between two looks at whether to stop, while kopf has not started."""

CLOSING = 0.25
"""Seconds for the connections of kopf's session to close, which it does not wait for (aiohttp: graceful shutdown)."""

log = logging.getLogger(__name__)


class KopfThread:
    """Runs kopf until `stop`. Kopf that ends by itself leaves nothing watched: `on_death` must end the process.

    `namespaces` empty means the whole cluster. Kopf starts once `after` is set: it looks for its resources only once,
    so one that starts before their CRD is installed would never watch them.
    """

    def __init__(
        self,
        registry: kopf.OperatorRegistry,
        settings: kopf.OperatorSettings,
        on_death: Callable[[], None],
        namespaces: Sequence[str] = (),
        after: threading.Event | None = None,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._on_death = on_death
        self._namespaces = tuple(namespaces)
        self._after = after
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._halt: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """End the watch. False where kopf does not end within `seconds`."""
        self._stopping.set()
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended
            self._halt()
        if self._thread.ident:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def problem(self) -> str | None:
        """Why the process should be restarted: nothing is watched any more."""
        return "kopf has ended" if self._ended.is_set() else None

    def _run(self) -> None:
        while self._after and not self._stopping.is_set() and not self._after.wait(NAP):
            pass
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._operate())

    async def _operate(self) -> None:
        """Cancelling ends kopf at once. Its stop flag lets requests in their backoff go on for five seconds, and one
        that is a thread's event leaves a thread waiting for it, so kopf that fails by itself would never end.
        """
        kopf_task = asyncio.ensure_future(self._kopf())
        loop = asyncio.get_running_loop()
        self._halt = lambda: loop.call_soon_threadsafe(kopf_task.cancel)
        if self._stopping.is_set():
            kopf_task.cancel()
        try:
            await kopf_task
        except Exception:  # kopf's own: whatever it is, nothing is watched any more
            log.exception("Kopf failed")
        finally:
            self._ended.set()
            if not self._stopping.is_set():
                self._on_death()
            await asyncio.sleep(CLOSING)

    async def _kopf(self) -> None:
        await kopf.operator(
            registry=self._registry,
            settings=self._settings,
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
        )
