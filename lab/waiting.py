"""Waiting on conditions, never on fixed times."""

import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")


def until(
    probe: Callable[[], T | Literal[False] | None], timeout: float = 30, every: float = 0.05, what: str = ""
) -> T:
    """The first truthy answer of `probe`, asked every `every` seconds.

    An exception of the probe counts as "not yet". Raises TimeoutError after `timeout` seconds; it names `what` and the
    last answer or exception. The probe is asked at least once, and once more at the deadline.
    """
    deadline = time.monotonic() + timeout
    while True:
        last_try = time.monotonic() >= deadline
        last: object
        try:
            last = answer = probe()
        except Exception as error:  # noqa: BLE001  whatever is not ready yet may fail in any way
            last = error
        else:
            if answer:
                return answer
        if last_try:
            cause = last if isinstance(last, Exception) else None
            raise TimeoutError(f"{what or 'the condition'}: not within {timeout:g} s; last: {last!r}") from cause
        time.sleep(min(every, max(0.0, deadline - time.monotonic())))
