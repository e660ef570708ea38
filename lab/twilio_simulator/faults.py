"""Faults by rule: which request is hit, and by what."""

import random
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

Kind = Literal[
    "429",
    "500",
    "502_html",
    "503",
    "401",
    "hang",
    "slow_drip",
    "reset_before",
    "reset_after",
    "truncated_body",
    "short_body",
    "wrong_content_type",
    "xml_error_200",
    "invalid_json",
    "duplicate_record",
    "missing_record",
    "page_loop",
    "stale_list",
    "commit_then_500",
]


class Rule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault. The first rule that fires decides; a rule that is used up stays in the list, spent."""

    kind: Kind
    method: str = ".*"
    """Regular expression that the whole method matches."""
    path: str = ""
    """Regular expression found anywhere in the path and query, as they came."""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Matching requests that pass unharmed first."""
    nth: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The first matching request that is hit, counted from 1: the same as `after` of one less."""
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    """How often it fires; null is until it is cleared."""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    """Makes `probability` repeatable."""
    seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Real seconds of `hang` (default 3600) and `slow_drip` (1), virtual ones of `stale_list` (60)."""
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Retry-After of 429 and 503."""


class Fault:
    """A rule at work."""

    def __init__(self, number: int, rule: Rule) -> None:
        """Raises re.error for a bad expression."""
        self.rule = rule
        self.number = number
        self.matched = 0
        self.fired = 0
        self._method = re.compile(rule.method, re.IGNORECASE)
        self._path = re.compile(rule.path)
        self._random = random.Random(rule.seed)
        self._skip = max(rule.after, (rule.nth or 1) - 1)

    def hits(self, method: str, path_qs: str) -> bool:
        """Whether this request is hit. Counts it."""
        if not self._method.fullmatch(method) or not self._path.search(path_qs):
            return False
        self.matched += 1
        if self.matched <= self._skip or (self.rule.times is not None and self.fired >= self.rule.times):
            return False
        if self._random.random() >= self.rule.probability:
            return False
        self.fired += 1
        return True

    def seconds(self, default: float) -> float:
        """The rule's seconds, or the kind's own default."""
        return default if self.rule.seconds is None else self.rule.seconds

    def describe(self) -> dict[str, Any]:
        """The rule and its counts."""
        return {
            "id": self.number,
            "matched": self.matched,
            "fired": self.fired,
            **msgspec.to_builtins(self.rule),
        }


class Faults:
    """The rules in the order in which they were given."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, rule: Rule) -> Fault:
        """A new rule, last in the order. Raises re.error for a bad expression."""
        fault = Fault(self._next, rule)
        self._next += 1
        self._faults.append(fault)
        return fault

    def choose(self, method: str, path_qs: str) -> Fault | None:
        """The fault for a request."""
        return next((fault for fault in self._faults if fault.hits(method, path_qs)), None)

    def clear(self) -> int:
        """Remove all rules; returns how many there were."""
        count = len(self._faults)
        self._faults.clear()
        return count

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)
