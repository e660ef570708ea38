"""Objects that are right or wrong, and the sentence told for each wrong one; the API server judges the same ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Case:
    """`fragment` is part of the sentence for a wrong object, and empty for a right one."""

    title: str
    name: str
    spec: Any
    fragment: str

    @property
    def object(self) -> dict[str, Any]:
        """As a user would send it."""
        return {
            "apiVersion": "recordings.dev/v1alpha1",
            "kind": "RecordingStorage",
            "metadata": {"name": self.name, "namespace": "default"},
            "spec": self.spec,
        }

    def __str__(self) -> str:
        return self.title


def _load() -> list[Case]:
    documents = yaml.safe_load((Path(__file__).parent / "corpus.yaml").read_text())["cases"]
    return [Case(case["title"], case.get("name", "line"), case["spec"], case.get("fragment", "")) for case in documents]


CASES = _load()
RIGHT = [case for case in CASES if not case.fragment]
WRONG = [case for case in CASES if case.fragment]
