"""A peer: kopf used the usual way. It writes one status for each resource, and has a timer that does nothing."""

import os
from typing import Any

import kopf

from recording_storage_operator.api import names

from .cluster import PEER_NAMESPACE

KIND = (names.GROUP, names.VERSION, names.PLURAL)
TIMER_SECONDS = 60


async def handle(patch: kopf.Patch, meta: kopf.Meta, **_: Any) -> None:
    patch.status["observedGeneration"] = meta["generation"]


async def tick(**_: Any) -> None:
    """Nothing."""


async def forget(**_: Any) -> None:
    """Nothing: with a handler of deletions kopf takes its finalizer, as any operator that cleans up needs it."""


def main() -> None:
    """Run until terminated."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(kopf.login_with_kubeconfig)
    for decorate in (kopf.on.create, kopf.on.update, kopf.on.resume):
        decorate(*KIND, registry=handlers)(handle)
    kopf.on.delete(*KIND, registry=handlers)(forget)
    kopf.timer(*KIND, registry=handlers, interval=TIMER_SECONDS)(tick)
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    kopf.run(registry=handlers, settings=settings, namespaces=[os.environ.get("NAMESPACE", PEER_NAMESPACE)])


if __name__ == "__main__":
    main()
