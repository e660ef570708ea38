"""YAML that says each thing once."""

from typing import Any

import yaml


class RepeatedKeyError(yaml.MarkedYAMLError):
    """A mapping has a key twice. Of the two YAML's loaders keep the last, without a word."""

    def __init__(self, mark: yaml.Mark) -> None:
        hint = " Is a --- missing before a second document?" if mark.column == 0 else ""
        # The place, without the key: a file may hold a Secret beside.
        self.sentence = f"line {mark.line + 1} repeats a key of its mapping.{hint}"
        super().__init__(problem=self.sentence, problem_mark=mark)


class StrictLoader(yaml.SafeLoader):
    """As SafeLoader, and raises RepeatedKeyError: two files joined without a `---` would pass for one."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Looked at before merges (`<<`) are resolved: a key beside one may well replace what it brings."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in seen:
                raise RepeatedKeyError(key.start_mark)
            seen.add((key.tag, key.value))
        return node
