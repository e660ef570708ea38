"""Identifiers and secrets, all from one seed so that two runs are alike."""

import hashlib
from itertools import count


class Sids:
    """Hands out SIDs (two letters and 32 hex digits) and secrets."""

    def __init__(self, seed: str = "0") -> None:
        self._seed = seed
        self._numbers = count(1)

    def make(self, prefix: str) -> str:
        """A new SID."""
        return prefix + self.secret()

    def secret(self) -> str:
        """32 hex digits that nothing else has."""
        return digest(f"{self._seed}:{next(self._numbers)}")


def digest(text: str) -> str:
    """32 hex digits for a text."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
