"""Durations as Kubernetes writes them: Go's form, `1h30m`, `90s`, `1.5h`."""

import re
from datetime import timedelta
from fractions import Fraction

PATTERN = r"^([0-9]{1,5}(\.[0-9]{1,3})?(ms|s|m|h))+$"
"""A subset of what Go's time.ParseDuration reads: no sign, nothing finer than a millisecond, numbers that fit."""

_PART = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


def parse_duration(text: str) -> timedelta:
    """The duration, exact to the microsecond. Raises ValueError for anything but the form above."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError("not a duration such as 15m or 1h30m")
    total = sum(Fraction(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(text))
    return timedelta(microseconds=int(total))
