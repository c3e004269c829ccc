"""The shape of a YAML file as it is read, event by event, before anything is built of it."""

from __future__ import annotations

import re

import yaml

from llm.dialects.body import MAX_DEPTH

PLAIN = {
    "bool": (r"^(?:true|false)$", "tf"),
    "null": (r"^(?:null|~|)$", ["n", "~", ""]),
    "int": (r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    "float": (r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$", "-0123456789"),
}
"""What is no text although nothing around it says so, and the signs it begins with."""

NO_TEXT = re.compile("|".join(pattern for pattern, _ in PLAIN.values()))


class Shape:
    """Its depth, and the keys of every mapping that is open."""

    def __init__(self) -> None:
        self._open: list[set[str] | None] = []
        """The keys so far; None for a list."""

        self._at_key: list[bool] = []
        """Whether a key of that mapping comes next, and no value."""

    def problem(self, event: yaml.Event) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.CollectionStartEvent):
            return self._opened(isinstance(event, yaml.MappingStartEvent))
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._at_key.pop()
        return None

    def _opened(self, is_mapping: bool) -> str | None:
        if self._open and self._at_key[-1]:
            return "a key is no text"
        if len(self._open) >= MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH}"
        self._turn()
        self._open.append(set() if is_mapping else None)
        self._at_key.append(is_mapping)
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> str | None:
        keys = self._open[-1] if self._open else None
        if keys is not None and self._at_key[-1]:
            if event.implicit[0] and NO_TEXT.match(event.value):
                return "a key is no text"
            if event.value in keys:
                return "a key stands there twice"
            keys.add(event.value)
        self._turn()
        return None

    def _turn(self) -> None:
        if self._open and self._open[-1] is not None:
            self._at_key[-1] = not self._at_key[-1]
