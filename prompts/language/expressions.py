"""What stands in tags: a tree that is built once and asked for its value on each page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from prompts.language.errors import NoSuchValue
from prompts.language.filters import Arguments, filtered
from prompts.language.page import Page
from prompts.language.plain import MISSING, Missing, is_true


class Expression(Protocol):
    @property
    def weight(self) -> int:
        """Steps that its value costs at least."""
        ...

    def value(self, page: Page) -> Any: ...


@dataclass(frozen=True, slots=True)
class Constant:
    said: str | int | float | bool | None
    weight: int = 0

    def value(self, page: Page) -> object:
        return self.said


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, whole."""

    name: str
    weight: int = 1

    def value(self, page: Page) -> object:
        return page.values.get(self.name, MISSING)


@dataclass(frozen=True, slots=True)
class Path:
    """A way into plain data: names in objects, numbers in lists. Nothing else of a value can be reached."""

    root: str
    steps: tuple[str | int | Expression, ...]
    weight: int

    def value(self, page: Page) -> object:
        value = page.values.get(self.root, MISSING)
        for step in self.steps:
            value = _inside(value, step if type(step) is str or type(step) is int else step.value(page))  # type: ignore[union-attr]  # mypy does not narrow by type()
        return value


def _inside(value: object, key: object) -> object:
    if type(value) is dict and type(key) is str:
        return value.get(key, MISSING)
    if type(value) is list and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    return MISSING


@dataclass(frozen=True, slots=True)
class Filtered:
    left: Expression
    name: str
    arguments: tuple[Expression, ...]
    weight: int

    def value(self, page: Page) -> object:
        arguments: Arguments = [argument.value(page) for argument in self.arguments]
        return filtered(self.name, self.left.value(page), arguments, page)


@dataclass(frozen=True, slots=True)
class Both:
    left: Expression
    right: Expression
    weight: int

    def value(self, page: Page) -> bool:
        return is_true(self.left.value(page)) and is_true(self.right.value(page))


@dataclass(frozen=True, slots=True)
class Either:
    left: Expression
    right: Expression
    weight: int

    def value(self, page: Page) -> bool:
        return is_true(self.left.value(page)) or is_true(self.right.value(page))


@dataclass(frozen=True, slots=True)
class Comparison:
    compare: Callable[[object, object, Page], bool]
    left: Expression
    right: Expression
    weight: int

    def value(self, page: Page) -> bool:
        return self.compare(self.left.value(page), self.right.value(page), page)


def found(value: object) -> object:
    if isinstance(value, Missing):
        raise NoSuchValue
    return value
