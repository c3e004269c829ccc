"""Plain data that is to be kept and exported: what none of it may hold, and where it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite

from llm.errors import InvalidField
from prompts.variables.complaints import step

STRAY = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]")
"""Controls but tab and new lines, and halves of characters: not every column and file holds them."""

DEEPEST = 56
"""Levels; a document of many prompts has a few around it, and is read to 64."""


def stray(value: object, path: str) -> tuple[str, str, int] | None:
    """The first text that holds such a character: its path, itself, and where in it that is."""
    for place, each, _ in _walked(value, path):
        if isinstance(each, str) and (found := STRAY.search(each)):
            return place, each, found.start()
    return None


def check_kept(value: object, path: str) -> None:
    """Raises InvalidField."""
    if found := stray(value, path):
        place, text, index = found
        raise InvalidField(f"{place}: it holds {complaint(text[index])}", param=place)
    for place, each, depth in _walked(value, path):
        if depth > DEEPEST:
            raise InvalidField(f"{path}: it is nested deeper than {DEEPEST} levels.", param=path)
        if isinstance(each, float) and not isfinite(each):
            raise InvalidField(f"{place}: got {each}, wanted a number as JSON has it.", param=place)
        if isinstance(each, int) and each.bit_length() > 63:
            raise InvalidField(f"{place}: the number is too large for JSON.", param=place)


def complaint(character: str) -> str:
    kind = "half a character" if character >= "\ud800" else "a control character"
    return f"{kind} (U+{ord(character):04X})."


def _walked(value: object, path: str) -> Iterator[tuple[str, object, int]]:
    """In the order of the data; an object's names come before what is inside it, by the object's path. Depth costs no
    stack."""
    left: list[tuple[str, object, int]] = [(path, value, 0)]
    while left:
        here, each, depth = left.pop()
        yield here, each, depth
        if isinstance(each, dict):
            yield from ((here, name, depth) for name in each)
            inner = [(f"{here}{step(name)}".lstrip("."), below, depth + 1) for name, below in each.items()]
            left += reversed(inner)
        elif isinstance(each, list):
            left += reversed([(f"{here}[{index}]", below, depth + 1) for index, below in enumerate(each)])
