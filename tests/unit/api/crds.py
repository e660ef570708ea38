"""The CRDs as this repository ships them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).parents[3]
Schema: TypeAlias = dict[str, Any]


def load(plural: str) -> dict[str, Any]:
    """The definition of a kind."""
    definition: dict[str, Any] = yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text())
    return definition


def schema(plural: str) -> Schema:
    """The schema of its only version."""
    (version,) = load(plural)["spec"]["versions"]
    found: Schema = version["schema"]["openAPIV3Schema"]
    return found


def walk(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema under a schema, itself included, by its path; `[]` is an item of a list, `{}` a value of a map."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}".lstrip("."))
    if "items" in node:
        yield from walk(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from walk(node["additionalProperties"], f"{path}{{}}")


STORAGES = schema("recordingstorages")
SLICES = schema("deletedrecordingslices")
OF_THE_SERVER = {"apiVersion", "kind", "metadata"}
"""Fields every object has; a CRD may not say anything about metadata."""
