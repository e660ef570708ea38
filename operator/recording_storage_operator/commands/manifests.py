"""RecordingStorages in a file: YAML or JSON, one document or many."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import click
import yaml

from ..api import names
from ..api.desired import to_desired
from ..core.desired import Desired
from ..core.errors import Terminal
from .loader import RepeatedKeyError, StrictLoader
from .unknown_fields import unknown_fields


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource that is only a file yet. `namespace` is empty where the file does not name one."""

    namespace: str
    name: str
    desired: Desired

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def declared(file: TextIO) -> list[Declared]:
    """The RecordingStorages in a file, in its order; what else is there is left alone.

    Raises click.ClickException where there is none, and, naming the fields, where one is invalid. A field that is not
    known is refused here: nobody else would tell.
    """
    try:
        documents = yaml.load_all(file, StrictLoader)
        objects = [one for document in documents for one in _objects(document)]
    except RepeatedKeyError as error:
        raise click.ClickException(f"{file.name}: {error.sentence}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name} is neither YAML nor JSON: {_where(error)}") from error
    found = [_read(one) for one in objects if _is_ours(one)]
    if not found:
        raise click.ClickException(f"There is no {names.KIND} of {names.API_VERSION} in {file.name}.")
    return found


def _objects(document: object) -> Iterator[object]:
    """A document's object, or those of a List, as `kubectl get -o yaml` writes it."""
    if isinstance(document, Mapping) and document.get("kind") == "List":
        yield from document.get("items") or ()
    else:
        yield document


def _is_ours(one: object) -> bool:
    return isinstance(one, Mapping) and (one.get("apiVersion"), one.get("kind")) == (names.API_VERSION, names.KIND)


def _read(obj: Any) -> Declared:
    metadata = obj.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = named.get("name") or "", named.get("namespace") or ""
    problems = [f"{path}: unknown field" for path in unknown_fields(obj)]
    desired = None
    try:
        desired = to_desired(obj)
    except Terminal as error:
        problems.append(error.message)
    if desired is None or problems:
        raise click.ClickException(f"{name or 'A resource without a name'} is invalid: {'; '.join(problems)}")
    return Declared(str(namespace), str(name), desired)


def _where(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    """The place, without what is there: a file may hold a Secret beside."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}." if mark else "it cannot be read."
