"""Kopf's settings."""

import random
from collections.abc import Iterator

import kopf


class Backoffs:
    """Seconds between kopf's attempts at a failing request, about ten minutes in all; each iteration starts anew.

    Kopf ends with the error once they are used up, and the process with it: too few would turn every restart of the
    API server into a restart of the operator.
    """

    def __iter__(self) -> Iterator[float]:
        for delay in (1, 2, 4, 8, 15, *[30] * 19):
            yield delay * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


def kopf_settings() -> kopf.OperatorSettings:
    """Kopf as a watcher: it writes nothing, and survives an API server that is away for minutes."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True  # a foreign peering object would pause us
    settings.scanning.disabled = True  # no right to watch namespaces and CRDs is needed
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = Backoffs()
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 10
    settings.watching.chunk_size = 500
    settings.queueing.worker_limit = None  # a limit counts idle workers, too: objects would wait for seconds each
    return settings
