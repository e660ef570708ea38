"""The manifests as this repository ships them, each file as it is written."""

from typing import Any

import yaml

from tests.unit.api.crds import ROOT

FOLDER = ROOT / "manifests"


def documents(path: str) -> list[dict[str, Any]]:
    """The objects of a file under manifests/."""
    return list(yaml.safe_load_all((FOLDER / path).read_text()))


def document(path: str) -> dict[str, Any]:
    """The one object of a file."""
    (only,) = documents(path)
    return only


def samples() -> dict[str, list[dict[str, Any]]]:
    """The objects of every sample, by file name."""
    return {path.name: documents(f"samples/{path.name}") for path in sorted((FOLDER / "samples").glob("*.yaml"))}
