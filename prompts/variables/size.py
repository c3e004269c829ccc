"""Values measured, whatever they are: that they are plain data, how deep, how many and how long."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from llm.errors import InvalidField

DEEPEST = 32
LARGEST = 1_000_000
"""Characters, names included; each item inside another counts for `ITEM` more."""

ITEM = 8


@dataclass(frozen=True, slots=True)
class Size:
    items: int
    characters: int


def size(value: object, path: str, *, deepest: int = DEEPEST) -> Size:
    """Raises InvalidField. Walks level by level, so that depth costs no stack, and stops where it grows too large."""
    if type(value) is str:
        return Size(1, _length(value, path))
    items = characters = 0
    level: list[object] = [value]
    for _ in range(deepest + 1):
        items += len(level)
        characters += sum(_length(each, path) for each in level)
        inside = [_inside(each, path) for each in level]
        if characters + ITEM * sum(map(len, inside)) > LARGEST:
            raise too_large(path)
        level = [inner for each in inside for inner in each]
        if not level:
            return Size(items, characters)
    raise InvalidField(f"{path}: it is nested deeper than {deepest} levels.", param=path, code="variable_invalid")


def too_large(path: str) -> InvalidField:
    return InvalidField(f"{path}: got more than {LARGEST} characters in all.", param=path, code="variable_too_long")


def _length(value: object, path: str) -> int:
    """Of a value without what is inside it. Raises InvalidField for what JSON cannot hold."""
    kind = type(value)
    if kind is str:
        assert isinstance(value, str)
        if not value.isascii() and not _is_whole(value):
            raise _refused(path, "text with half a character in it")
        return len(value) + ITEM
    if kind is int or kind is float:
        assert isinstance(value, int | float)
        if (kind is int and value.bit_length() > 63) or not isfinite(value):  # type: ignore[union-attr]  # kind is int
            raise _refused(path, "a number too large for JSON")
    elif value is not None and kind not in (bool, list, dict):
        raise _refused(path, f"a {kind.__name__[:40]}")
    return ITEM


def _inside(value: object, path: str) -> list[object]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return []
    if not all(type(name) is str for name in value):
        raise _refused(path, "an object with names that are no text")
    return [*value.keys(), *value.values()]


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(path: str, got: str) -> InvalidField:
    return InvalidField(f"{path}: got {got}, wanted plain data as JSON has it.", param=path, code="variable_invalid")
