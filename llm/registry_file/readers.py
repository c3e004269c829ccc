"""How one value of the file is read: each reader takes it and its place, and refuses what it cannot use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError

from config import env
from llm.models.money import MOST_DOLLARS, PICODOLLARS, picodollars, places
from llm.models.prices import HIGHEST_RATE, MILLION
from llm.registry_file.place import Place

Reader = Callable[[Any, Place], Any]
FROM_ENVIRONMENT = "env:"


class Absent(Enum):
    """Marks in a shape: the field must be there, or leaving it out keeps what is stored."""

    REQUIRED = "required"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Field:
    read: Reader
    default: Any = Absent.REQUIRED


Shape = Mapping[str, Field]


def text(value: Any, place: Place) -> str:
    if not isinstance(value, str) or not value:
        place.refuse(value, "text")
        return ""
    return value


def truth(value: Any, place: Place) -> bool:
    if not isinstance(value, bool):
        place.refuse(value, "true or false")
    return bool(value)


def whole(value: Any, place: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        place.refuse(value, "a whole number")
        return 0
    return value


def positive(value: Any, place: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        place.refuse(value, "a whole number above 0")
        return 1
    return value


def number(value: Any, place: Place) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        place.refuse(value, "a number")
        return 0.0
    return float(value)


def price(value: Any, place: Place) -> int | None:
    """Dollars per million tokens to picodollars per token."""
    wanted = 'dollars per million tokens between 0 and 10,000, such as "0.15"'
    return _money(value, place, wanted, per=MILLION, least=0, most=HIGHEST_RATE)


def amount(value: Any, place: Place) -> int:
    """Dollars to picodollars."""
    wanted = f'dollars above 0 and up to {MOST_DOLLARS:,}, such as "50"'
    found = _money(value, place, wanted, per=1, least=1, most=MOST_DOLLARS * PICODOLLARS)
    return 1 if found is None else found


def _money(value: Any, place: Place, wanted: str, *, per: int, least: int, most: int) -> int | None:
    try:
        found = picodollars(Decimal(str(value)), per=per)
    except InvalidOperation:
        found = None
    except ValidationError as error:
        place.refuse(value, f"at most {places(per)} decimal places" if error.code == "inexact" else wanted)
        return None
    if isinstance(value, bool) or found is None or not least <= found <= most:
        place.refuse(value, wanted)
        return None
    return found


def day(value: Any, place: Place) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        place.refuse(value, "a date such as 2026-11-20")
        return None


def instant(value: Any, place: Place) -> datetime | None:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        place.refuse(value, "an instant such as 2026-11-20T12:00:00Z")
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def mapping(value: Any, place: Place) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        place.refuse(value, "an object")
        return {}
    return value


def secret(value: Any, place: Place) -> str:
    """A literal, or `env:NAME` for what the command's environment holds; null is none."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        place.refuse_unseen("something that is not text", "a secret or env:NAME")
        return ""
    if not value.startswith(FROM_ENVIRONMENT):
        return value
    name = value.removeprefix(FROM_ENVIRONMENT)
    found = env.text(name) if name else ""
    if not found:
        place.refuse(value, f"the variable {name or 'NAME'} to be set in this command's environment")
    return found


def optional(read: Reader, nothing: Any = None) -> Reader:
    def read_optional(value: Any, place: Place) -> Any:
        return nothing if value is None else read(value, place)

    return read_optional


def one_of(*choices: str) -> Reader:
    def read_choice(value: Any, place: Place) -> str:
        if value not in choices:
            place.refuse(value, f"one of {', '.join(choices)}")
            return ""
        return str(value)

    return read_choice


def list_of(read: Reader) -> Reader:
    def read_list(value: Any, place: Place) -> list[Any]:
        if not isinstance(value, list):
            place.refuse(value, "a list")
            return []
        return [read(item, place.item(index)) for index, item in enumerate(value)]

    return read_list


def object_of(shape: Shape) -> Reader:
    """Unknown fields are refused, absent ones take the shape's default."""

    def read_object(value: Any, place: Place) -> dict[str, Any]:
        if (found := mapping(value, place)) is not value:
            return {}
        for name in (name for name in found if name not in shape):
            place.field(name).refuse_unseen("a field that is not known here", f"one of {', '.join(shape)}")
        return {name: _read_field(found, name, field, place) for name, field in shape.items()}

    return read_object


def named(shape: Shape) -> Reader:
    """An object of the shape, or its name alone."""
    read = object_of(shape)

    def read_named(value: Any, place: Place) -> Any:
        return read({"name": value} if isinstance(value, str) else value, place)

    return read_named


def _read_field(found: dict[str, Any], name: str, field: Field, place: Place) -> Any:
    if name in found:
        return field.read(found[name], place.field(name))
    if field.default is Absent.REQUIRED:
        place.field(name).refuse(None, "a value")
    return field.default
