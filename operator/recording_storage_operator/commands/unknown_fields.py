"""Fields of a manifest that the API server would drop: a mistyped one would change nothing, and say so to nobody."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from ..api.fields import Read
from ..api.spec import Spec

_KNOWN = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


def unknown_fields(obj: Mapping[str, Any]) -> list[str]:
    """Paths of the fields that a RecordingStorage does not have. Metadata is the API server's, a status nobody's."""
    return [str(key) for key in obj if key not in _KNOWN] + list(_below(Spec, obj.get("spec"), "spec"))


def _below(model: type[Read], value: object, path: str) -> Iterator[str]:
    """What is no object at all is refused where values are judged."""
    if not isinstance(value, Mapping):
        return
    types = {one.alias or name: one.annotation for name, one in model.model_fields.items()}
    for key, inner in value.items():
        if key not in types:
            yield f"{path}.{key}"
        for nested in _models(types.get(key)):
            yield from _below(nested, inner, f"{path}.{key}")


def _models(annotation: Any) -> list[type[Read]]:
    """Of `SecretRef` or `SecretRef | None`; none of a map such as tags, whose keys are free."""
    return [one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, Read)]
