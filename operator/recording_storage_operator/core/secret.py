"""A Kubernetes Secret, as far as credentials need it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Decoded values, and the version that changes when they may have. Its repr shows nothing of them."""

    version: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Secret(version={self.version!r}, keys={sorted(self.values)})"
