"""What a field of the registry may hold: validators, and the database constraints that say the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db.models import CheckConstraint, Q
from django.utils.deconstruct import deconstructible

slug_like = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Letters, digits, dots, dashes and underscores, a letter or digit first."
)
model_name = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._:/@+-]*\Z", "Letters, digits and . _ : / @ + - alone, a letter or digit first."
)
positive = MinValueValidator(1, "Must be 1 or more.")


def time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("Must be a time zone such as Europe/Paris or UTC.", code="time_zone")


def origins(value: Any) -> None:
    for origin in strings(value):
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != origin):
            raise ValidationError(f"{origin!r} must be like https://app.example, without a path.", code="origin")


def patterns(value: Any) -> None:
    for pattern in strings(value):
        if not re.fullmatch(r"[A-Za-z0-9._:/@+*?-]+", pattern):
            raise ValidationError(f"{pattern!r} must be a model's name or a pattern with * and ?.", code="pattern")


def is_pattern(name: str) -> bool:
    return not {"*", "?"}.isdisjoint(name)


MOST_SHARE = 1000


def shares(value: Any) -> None:
    whole = isinstance(value, list) and all(type(share) is int and 1 <= share <= MOST_SHARE for share in value)
    if not whole or len(set(value)) < len(value):
        raise ValidationError(f"Must be whole percents from 1 to {MOST_SHARE}, none twice.", code="shares")


def json_object(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError("Must be an object.", code="object")


def strings(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValidationError("Must be a list of texts.", code="list")
    if len(set(value)) < len(value):
        raise ValidationError("Must not name anything twice.", code="twice")
    return value


@deconstructible
class Subset:
    """A list of some of `choices`, none twice."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = tuple(choices)

    def __call__(self, value: Any) -> None:
        if unknown := [item for item in strings(value) if item not in self.choices]:
            raise ValidationError(f"{', '.join(unknown)}: not one of {', '.join(self.choices)}.", code="choice")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subset) and self.choices == other.choices

    def __hash__(self) -> int:
        return hash(self.choices)


def at_least(minimum: int, *fields: str) -> list[CheckConstraint]:
    """NULL passes: it means "no limit" or "not known"."""
    return [
        CheckConstraint(
            name=f"%(class)s_{field}_at_least_{minimum}",
            condition=Q(**{f"{field}__gte": minimum}),
            violation_error_message=f"{field} must be {minimum} or more.",
        )
        for field in fields
    ]


def more_than_zero(*fields: str) -> list[CheckConstraint]:
    return [
        CheckConstraint(
            name=f"%(class)s_{field}_above_0",
            condition=Q(**{f"{field}__gt": 0}),
            violation_error_message=f"{field} must be more than 0.",
        )
        for field in fields
    ]
