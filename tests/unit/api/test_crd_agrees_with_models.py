"""The API server and the operator must mean the same: each CRD says exactly what the models say."""

from typing import Any

import pytest
from pydantic import BaseModel

from recording_storage_operator.api import names
from recording_storage_operator.api.spec import Spec
from recording_storage_operator.api.v1alpha1 import DeletedRecordingSlice, Status
from tests.unit.api.crds import OF_THE_SERVER, SLICES, STORAGES, Schema, load, walk

BOUNDS = {"minimum", "maximum", "minLength", "maxLength", "maxItems", "maxProperties"}
COMPARED = {"type", "format", "pattern", "enum", "default"} | BOUNDS
WALKED = {"properties", "required", "items", "additionalProperties"}
OF_THE_CRD = {
    "description",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
}
OF_PYDANTIC = {"title", "description"}


@pytest.mark.parametrize(
    ("crd", "model"),
    [
        (STORAGES["properties"]["spec"], Spec),
        (STORAGES["properties"]["status"], Status),
        (SLICES, DeletedRecordingSlice),
    ],
    ids=["spec", "status", "slice"],
)
def test_names_types_bounds_and_defaults_agree(crd: Schema, model: type[BaseModel]) -> None:
    own = {name: value for name, value in crd.items() if name != "default"}
    assert _plain_crd(own) == _plain_model(model.model_json_schema())


def test_an_object_nobody_has_looked_at_is_not_finished() -> None:
    """kstatus takes an object without a status for a finished one."""
    assert STORAGES["properties"]["status"]["default"] == {"observedGeneration": -1}


def test_the_default_of_an_object_is_that_of_its_fields() -> None:
    spec = dict(walk(STORAGES["properties"]["spec"]))
    defaults = {path: node for path, node in spec.items() if node["type"] == "object" and "default" in node}
    assert [path for path, node in defaults.items() if node["default"] != {}] == []
    assert {path: _filled(node) for path, node in defaults.items()} == {
        "retention": {"metadataDays": 40},
        "s3.encryption": {"sseAlgorithm": "Any"},
        "s3.lifecycle": {"abortIncompleteMultipartUploadDays": 7, "noncurrentVersions": "Keep"},
    }


@pytest.mark.parametrize(
    ("plural", "kind", "short"),
    [(names.PLURAL, names.KIND, "recst"), (names.SLICE_PLURAL, names.SLICE_KIND, "recdel")],
)
def test_kinds_are_served_under_the_names_the_operator_uses(plural: str, kind: str, short: str) -> None:
    definition = load(plural)
    spec = definition["spec"]
    assert definition["metadata"]["name"] == f"{plural}.{names.GROUP}"
    assert (spec["group"], spec["scope"]) == (names.GROUP, "Namespaced")
    assert spec["names"] == {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
    }
    assert [(version["name"], version["served"], version["storage"]) for version in spec["versions"]] == [
        (names.VERSION, True, True)
    ]


def test_a_pattern_and_its_sentence_are_the_same_rule() -> None:
    """People get the sentence, tools the pattern; one without the other would let something pass one of them."""
    with_pattern = {path: node for path, node in walk(STORAGES["properties"]["spec"]) if "pattern" in node}
    assert with_pattern
    assert [path for path, node in with_pattern.items() if not _says(node)] == []


def _says(node: Schema) -> bool:
    """Whether one of its rules is its own pattern, quoted as CEL does."""
    pattern = node["pattern"]
    forms = (f"'{pattern}'".replace("\\", "\\\\"), f'"{pattern}"')
    return any(f"self.matches({form})" in rule["rule"] for rule in node["x-kubernetes-validations"] for form in forms)


def _plain_crd(node: Schema) -> dict[str, Any]:
    assert set(node) <= COMPARED | WALKED | OF_THE_CRD, sorted(node)
    plain = _compared(node)
    if "default" in node and node["type"] == "object":
        plain["default"] = _filled(node)
    if "properties" in node:
        plain |= _fields(node, {name: _plain_crd(child) for name, child in node["properties"].items() if _ours(name)})
    if "additionalProperties" in node:
        plain["additionalProperties"] = _plain_crd(node["additionalProperties"])
    if node["type"] == "array":
        plain["items"] = _plain_crd(node["items"])
    return plain


def _plain_model(node: Schema, definitions: Schema | None = None) -> dict[str, Any]:
    known = definitions or node.get("$defs", {})
    node = _resolved(node, known)
    assert set(node) <= COMPARED | WALKED | OF_PYDANTIC, sorted(node)
    plain = _compared(node)
    if "properties" in node:
        children = {name: _plain_model(child, known) for name, child in node["properties"].items() if _ours(name)}
        plain |= _fields(node, children)
    if "additionalProperties" in node:
        plain["additionalProperties"] = _plain_model(node["additionalProperties"], known)
    if node["type"] == "array":
        plain["items"] = _plain_model(node["items"], known)
    return plain


def _fields(node: Schema, children: dict[str, Any]) -> dict[str, Any]:
    return {"properties": children, "required": {name for name in node.get("required", []) if _ours(name)}}


def _ours(name: str) -> bool:
    return name not in OF_THE_SERVER


def _compared(node: Schema) -> dict[str, Any]:
    plain = {key: value for key, value in node.items() if key in COMPARED}
    if "enum" in plain:
        plain["enum"] = list(plain["enum"])
    if isinstance(plain.get("default"), dict):
        plain["default"] = {name: value for name, value in plain["default"].items() if value is not None}
    return plain


def _filled(node: Schema) -> dict[str, Any]:
    """The default of an object after the API server has filled in the defaults of its fields."""
    nested = {name: child["default"] for name, child in node["properties"].items() if "default" in child}
    return nested | dict(node["default"])


def _resolved(node: Schema, definitions: Schema) -> Schema:
    """pydantic's own forms in those of a CRD: references, `X or null`, and one allowed value."""
    node = {key: value for key, value in node.items() if key != "$defs"}
    if "anyOf" in node:
        assert node.pop("default") is None
        (node["anyOf"],) = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
        node |= node.pop("anyOf")
    if "$ref" in node:
        node = definitions[node.pop("$ref").rsplit("/", 1)[-1]] | node
    if "const" in node:
        node["enum"] = [node.pop("const")]
    return node
