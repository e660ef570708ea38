"""A Kubernetes Secret, as far as credentials need it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Its decoded values. Its repr shows nothing of them."""

    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Secret(keys={sorted(self.values)})"
