"""How plain data is written, tested and compared in a template."""

from __future__ import annotations

from typing import Any, Final

import orjson

from prompts.language.errors import RenderError
from prompts.language.page import Page, Picture


class Missing:
    """What a path leads to where there is nothing."""

    __slots__ = ()


MISSING: Final = Missing()

KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def kind(value: object) -> str:
    return KINDS.get(type(value), "an image" if type(value) is Picture else "nothing")


def text_of(value: object) -> str:
    """Text as it is, nothing as nothing, all else as JSON writes it."""
    if type(value) is str:
        return value
    return "" if value is None else orjson.dumps(value).decode()


def is_blank(value: object) -> bool:
    """Nothing, or nothing inside; false and 0 are values."""
    return value is None or value is MISSING or (type(value) in (str, list, dict) and not value)


def is_true(value: object) -> bool:
    """All that is not blank, except false."""
    return value is not False and not is_blank(value)


def equal(left: object, right: object, page: Page) -> bool:
    """Of simple values: a list could take for ever, and what is missing equals nothing."""
    left, right = _simple(left), _simple(right)
    if type(left) is bool or type(right) is bool:
        return left is right
    if type(left) is str and type(right) is str:
        page.spend_on(left)
    return left == right


def below(left: object, right: object, page: Page) -> bool:
    """Numbers among numbers, texts among texts; nothing is below anything."""
    left, right = _simple(left), _simple(right)
    if type(left) is str and type(right) is str:
        page.spend_on(left)
        return left < right
    if left is None or right is None:
        return False
    if isinstance(left, int | float) and isinstance(right, int | float) and bool not in (type(left), type(right)):
        return left < right
    raise RenderError(f"{kind(left)} and {kind(right)} cannot be told to be less or more")


def contains(whole: object, part: object, page: Page) -> bool:
    """Text in text, a value among a list's, a name among an object's."""
    part = _simple(part)
    if is_blank(whole):
        return False
    if type(whole) is str:
        page.spend_on(whole)
        return text_of(part) in whole
    if type(whole) is dict:
        return part in whole
    if type(whole) is list:
        page.spend(len(whole))
        return any(type(item) not in (list, dict) and equal(item, part, page) for item in whole)
    raise RenderError(f"{kind(whole)} contains nothing")


def _simple(value: Any) -> Any:
    if value is MISSING:
        return None
    if type(value) in (list, dict, Picture):
        raise RenderError(f"{kind(value)} cannot be compared")
    return value
