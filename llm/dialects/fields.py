"""One JSON object read field by field, with the path of each for whoever has to mend it."""

from __future__ import annotations

from typing import TypeVar

from llm.errors import InvalidField
from llm.types import JsonObject

Word = TypeVar("Word", bound=str)

NAME = 256
"""Characters in the name of anything: a model, a tool, a tag, a user."""

SAID = 40
EXACT = 2**53
"""Up to here floats tell every whole number apart."""


class Fields:
    """Each getter takes one field out, null being the same as absent; `rest` judges what nobody took.

    A strict reader refuses unknown fields, any other hands them on.
    """

    __slots__ = ("left", "path", "strict")

    def __init__(self, data: object, path: str, *, strict: bool) -> None:
        if type(data) is not dict:
            raise wrong(path, data, "an object")
        self.left: JsonObject = data.copy()
        self.path = path
        self.strict = strict

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, value: object, wanted: str) -> InvalidField:
        return wrong(self.at(name), value, wanted)

    def text(self, name: str, *, most: int | None = NAME) -> str | None:
        value = self.left.pop(name, None)
        if value is None:
            return None
        if type(value) is not str:
            raise self.wrong(name, value, "a string")
        if most is not None and len(value) > most:
            raise too_many(self.at(name), len(value), most, "characters")
        return value

    def required_text(self, name: str, *, most: int | None = NAME) -> str:
        value = self.text(name, most=most)
        if not value:
            raise self.wrong(name, value, "a string")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.left.pop(name, None)
        if value is None:
            return None
        if (type(value) is not float and type(value) is not int) or not low <= value <= high:
            raise self.wrong(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def integer(self, name: str, low: int, high: int) -> int | None:
        """To JSON 4.0 is as whole as 4; a larger one is a number of too many digits, read roughly."""
        value = self.left.pop(name, None)
        if value is None:
            return None
        if type(value) is float and value.is_integer() and abs(value) <= EXACT:
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, value, f"a whole number from {low} to {high}")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.left.pop(name, None)
        if value is not None and type(value) is not bool:
            raise self.wrong(name, value, "true or false")
        return value

    def word(self, name: str, words: tuple[Word, ...]) -> Word | None:
        value = self.left.pop(name, None)
        if value is None:
            return None
        for word in words:
            if word == value:
                return word
        raise self.wrong(name, value, f"one of {', '.join(words)}")

    def mapping(self, name: str) -> JsonObject | None:
        """An object of any content."""
        value = self.left.pop(name, None)
        if value is not None and type(value) is not dict:
            raise self.wrong(name, value, "an object")
        return value

    def inner(self, name: str) -> Fields | None:
        value = self.left.pop(name, None)
        return None if value is None else Fields(value, self.at(name), strict=self.strict)

    def items(self, name: str, *, most: int) -> list[object] | None:
        value = self.left.pop(name, None)
        if value is None:
            return None
        if type(value) is not list:
            raise self.wrong(name, value, "a list")
        if len(value) > most:
            raise too_many(self.at(name), len(value), most, "items")
        return value

    def each(self, name: str, *, most: int) -> list[Fields] | None:
        items = self.items(name, most=most)
        if items is None:
            return None
        path, strict = self.at(name), self.strict
        return [Fields(item, f"{path}[{index}]", strict=strict) for index, item in enumerate(items)]

    def texts(self, name: str, *, most: int, longest: int = NAME) -> list[str] | None:
        items = self.items(name, most=most)
        if items is None:
            return None
        return [_checked(item, f"{self.at(name)}[{index}]", longest) for index, item in enumerate(items)]

    def rest(self) -> JsonObject | None:
        """What nobody took; refused by a strict reader."""
        if not self.left:
            return None
        if self.strict:
            path = self.at(next(iter(self.left)))
            raise InvalidField(f"{path}: there is no such field.", param=path, code="unknown_field")
        return self.left


def wrong(path: str, value: object, wanted: str) -> InvalidField:
    return InvalidField(f"{path or 'body'}: got {said(value)}, wanted {wanted}.", param=path or None)


def too_many(path: str, count: int, most: int, what: str) -> InvalidField:
    return InvalidField(f"{path}: got {count} {what}, wanted at most {most}.", param=path)


def _checked(item: object, path: str, longest: int) -> str:
    if type(item) is not str:
        raise wrong(path, item, "a string")
    if len(item) > longest:
        raise too_many(path, len(item), longest, "characters")
    return item


def said(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str() if not value:
            return "an empty string"
        case str():
            return f'"{value}"' if len(value) <= SAID else f"a string of {len(value)} characters"
        case list():
            return "a list"
        case _:
            return "an object"
