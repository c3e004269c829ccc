"""A template as a tree: text, outputs, branches and loops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from prompts.language.errors import RenderError
from prompts.language.expressions import Expression, found
from prompts.language.page import Page, Picture
from prompts.language.plain import MISSING, is_true, kind, text_of


@dataclass(frozen=True, slots=True)
class Spot:
    """A tag's expression as it is written, and its line."""

    source: str
    line: int

    def blame(self, error: RenderError) -> RenderError:
        """The same error, knowing where it happened; the innermost spot is kept."""
        if error.line is None:
            error.name, error.line = self.source, self.line
        return error


class Node(Protocol):
    def put(self, page: Page) -> None:
        """Raises RenderError."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    text: str

    def put(self, page: Page) -> None:
        page.spend(1)
        page.write(self.text)


@dataclass(frozen=True, slots=True)
class Output:
    expression: Expression
    spot: Spot

    def put(self, page: Page) -> None:
        try:
            page.spend(1 + self.expression.weight)
            value = self.expression.value(page)
            if type(value) is str:
                page.write(value)
            elif type(value) is Picture:
                page.show(value)
            else:
                page.write(_written(found(value), page))
        except RenderError as error:
            raise self.spot.blame(error) from None


def _written(value: object, page: Page) -> str:
    text = text_of(value)
    page.spend_on(text)
    return text


@dataclass(frozen=True, slots=True)
class Branch:
    """`condition` None is `else`."""

    condition: Expression | None
    body: tuple[Node, ...]
    spot: Spot

    def is_taken(self, page: Page) -> bool:
        if self.condition is None:
            return True
        try:
            page.spend(1 + self.condition.weight)
            return is_true(self.condition.value(page))
        except RenderError as error:
            raise self.spot.blame(error) from None


@dataclass(frozen=True, slots=True)
class Choice:
    branches: tuple[Branch, ...]

    def put(self, page: Page) -> None:
        for branch in self.branches:
            if branch.is_taken(page):
                put_all(branch.body, page)
                return


@dataclass(frozen=True, slots=True)
class Loop:
    """`counts` is whether its body looks at `forloop`."""

    name: str
    items: Expression
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]
    spot: Spot
    counts: bool

    def put(self, page: Page) -> None:
        items = self._items(page)
        if not items:
            put_all(self.otherwise, page)
            return
        hidden = {name: page.values[name] for name in (self.name, "forloop") if name in page.values}
        for index, item in enumerate(items):
            page.spend(1)
            page.values[self.name] = item
            if self.counts:
                page.values["forloop"] = _counters(index, len(items))
            put_all(self.body, page)
        for name in (self.name, "forloop"):
            page.values.pop(name, None)
        page.values.update(hidden)

    def _items(self, page: Page) -> list[Any]:
        """An object is gone through in pairs of name and value; what is missing has no items."""
        try:
            page.spend(1 + self.items.weight)
            value = self.items.value(page)
            if value is None or value is MISSING:
                return []
            if not isinstance(value, list | dict):
                raise RenderError(f"for goes over a list, this is {kind(value)}")
            page.loop(len(value))
            return value if isinstance(value, list) else [list(pair) for pair in value.items()]
        except RenderError as error:
            raise self.spot.blame(error) from None


def put_all(nodes: Iterable[Node], page: Page) -> None:
    for node in nodes:
        node.put(page)


def _counters(index: int, length: int) -> dict[str, object]:
    return {
        "index": index + 1,
        "index0": index,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }
