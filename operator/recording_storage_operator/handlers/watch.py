"""The only handler kopf runs: it hands events on and changes nothing.

It returns None and never patches: kopf would write what it returns into the status, and events of its own patches
would hide later changes.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import kopf
from kubernetes.client import Configuration

from .login import session

OnEvent = Callable[[str | None, Mapping[str, Any]], object]
Load = Callable[[], Configuration]


def registry(group: str, version: str, plural: str, on_event: OnEvent, load: Load) -> kopf.OperatorRegistry:
    """What kopf shall do: log in with what `load` reads, watch one kind, and tell `on_event` of every event.

    The type of an event is None for an object of a list, else ADDED, MODIFIED or DELETED.
    """
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers, id="login")
    async def _login(**_: Any) -> kopf.AiohttpSession:
        return session(await asyncio.to_thread(load))

    @kopf.on.event(group, version, plural, registry=handlers, id="watch")
    async def _watch(event: kopf.RawEvent, **_: Any) -> None:
        on_event(event["type"], event["object"])

    return handlers
