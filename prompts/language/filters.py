"""The filters, few and plain. What a filter reads is charged to the page before or after its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import orjson

from prompts.language.errors import NoSuchValue, OutOfBounds, RenderError
from prompts.language.page import MOST_OUTPUT, Page
from prompts.language.plain import MISSING, is_blank, kind, text_of

Arguments = list[Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """`least` and `most` arguments are taken."""

    work: Callable[[Any, Arguments, Page], object]
    least: int = 0
    most: int = 0

    @property
    def takes(self) -> str:
        """In words."""
        if self.most == 0:
            return "no value"
        return f"{self.least} value" if self.least == self.most else f"{self.least} to {self.most} values"


def _default(value: Any, arguments: Arguments, page: Page) -> object:
    return arguments[0] if is_blank(value) else value


def _upcase(value: Any, arguments: Arguments, page: Page) -> str:
    return _text(value, page).upper()


def _downcase(value: Any, arguments: Arguments, page: Page) -> str:
    return _text(value, page).lower()


def _capitalize(value: Any, arguments: Arguments, page: Page) -> str:
    """The first letter alone: names further on keep theirs."""
    text = _text(value, page)
    return text[:1].upper() + text[1:]


def _strip(value: Any, arguments: Arguments, page: Page) -> str:
    return _text(value, page).strip()


def _truncate(value: Any, arguments: Arguments, page: Page) -> str:
    """At most so many characters, the mark at the end of a shortened text among them."""
    length = _length(arguments[0])
    mark = _text(arguments[1], page) if len(arguments) > 1 else "…"
    text = _text(value, page)
    return text if len(text) <= length else text[: max(length - len(mark), 0)] + mark


def _join(value: Any, arguments: Arguments, page: Page) -> str:
    if type(value) is not list:
        raise RenderError(f"join takes a list, this is {kind(value)}")
    page.spend(len(value))
    between = _text(arguments[0], page) if arguments else ", "
    if len(between) * len(value) > MOST_OUTPUT:
        raise OutOfBounds(f"The text grows longer than {MOST_OUTPUT} characters")
    joined = between.join(map(text_of, value))
    page.spend_on(joined)
    return joined


def _size(value: Any, arguments: Arguments, page: Page) -> int:
    if type(value) not in (str, list, dict):
        raise RenderError(f"size takes text, a list or an object, this is {kind(value)}")
    return len(value)


def _first(value: Any, arguments: Arguments, page: Page) -> object:
    return _end(value, "first", 0)


def _last(value: Any, arguments: Arguments, page: Page) -> object:
    return _end(value, "last", -1)


def _json(value: Any, arguments: Arguments, page: Page) -> str:
    text = orjson.dumps(value).decode()
    page.spend_on(text)
    return text


FILTERS = {
    "capitalize": Filter(_capitalize),
    "default": Filter(_default, 1, 1),
    "downcase": Filter(_downcase),
    "first": Filter(_first),
    "join": Filter(_join, 0, 1),
    "json": Filter(_json),
    "last": Filter(_last),
    "size": Filter(_size),
    "strip": Filter(_strip),
    "truncate": Filter(_truncate, 1, 2),
    "upcase": Filter(_upcase),
}


def near(name: str) -> str:
    """A hint for whoever wrote a filter that there is not."""
    nearest = get_close_matches(name[:50], FILTERS, n=1)
    return (f"did you mean {nearest[0]}? " if nearest else "") + f"the filters are {', '.join(FILTERS)}"


def filtered(name: str, value: object, arguments: Arguments, page: Page) -> object:
    """What is missing is known to `default` alone."""
    if value is MISSING and name != "default":
        raise NoSuchValue
    result = FILTERS[name].work(value, arguments, page)
    if type(result) is str and len(result) > MOST_OUTPUT:
        raise OutOfBounds(f"The text grows longer than {MOST_OUTPUT} characters")
    return result


def _text(value: object, page: Page) -> str:
    if value is MISSING or type(value) in (list, dict):
        raise RenderError(f"text is wanted, this is {kind(value)}")
    text = text_of(value)
    page.spend_on(text)
    return text


def _end(value: object, name: str, index: int) -> object:
    if type(value) is not str and type(value) is not list:
        raise RenderError(f"{name} takes text or a list, this is {kind(value)}")
    return value[index] if value else None


def _length(value: object) -> int:
    if type(value) is not int or value < 0:
        raise RenderError(f"truncate takes a whole number, this is {kind(value)}")
    return value
