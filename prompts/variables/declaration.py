"""A variable as its author declares it, and the reading of such declarations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any, Literal, get_args

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.language import KEYWORDS

Kind = Literal["string", "number", "integer", "boolean", "array", "object", "enum", "image"]
KINDS: tuple[Kind, ...] = get_args(Kind)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
RESERVED = KEYWORDS | {"forloop"}
"""Words of the language: none can name a variable."""

MAX_VARIABLES = 100
MAX_CHOICES = 1_000
LONGEST_CHOICE = 1_000
LONGEST_DESCRIPTION = 2_000
LONGEST_PATTERN = 500
LONGEST_VALUE = 1_000_000

APPLIES: dict[str, tuple[Kind, ...]] = {
    "min": ("number", "integer"),
    "max": ("number", "integer"),
    "min_length": ("string", "array"),
    "max_length": ("string", "array"),
    "pattern": ("string",),
    "choices": ("enum",),
    "schema": ("array", "object"),
}
"""Fields that only some types have."""


@dataclass(frozen=True, slots=True)
class Variable:
    """None is "not said". Lengths are characters of a string, items of an array."""

    name: str
    type: Kind
    required: bool = True
    default: Any = None
    description: str | None = None
    example: Any = None
    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    schema: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """As its author would write it, fields that are not said left out."""
        said = {field.name: getattr(self, field.name) for field in fields_of(self)}
        if self.choices is not None:
            said["choices"] = list(self.choices)
        return {name: value for name, value in said.items() if value is not None}


def read_variables(fields: Fields) -> tuple[Variable, ...]:
    """Takes `variables`. Raises InvalidField with the path of the first field that is wrong, by shape alone."""
    variables: list[Variable] = []
    for each in fields.each("variables", most=MAX_VARIABLES) or ():
        variable = read_variable(each)
        if any(variable.name == other.name for other in variables):
            path = each.at("name")
            raise InvalidField(f"{path}: another variable is {variable.name} too.", param=path, code="name_taken")
        variables.append(variable)
    return tuple(variables)


def read_variable(fields: Fields) -> Variable:
    name = _read_name(fields)
    kind: Kind = fields.word("type", KINDS) or "string"
    _refuse_strangers(fields, kind)
    default = fields.left.pop("default", None)
    required = fields.flag("required")
    variable = Variable(
        name=name,
        type=kind,
        required=default is None if required is None else required,
        default=default,
        description=fields.text("description", most=LONGEST_DESCRIPTION),
        example=fields.left.pop("example", None),
        min=_read_number(fields, "min"),
        max=_read_number(fields, "max"),
        min_length=fields.integer("min_length", 0, LONGEST_VALUE),
        max_length=fields.integer("max_length", 0, LONGEST_VALUE),
        pattern=fields.text("pattern", most=LONGEST_PATTERN),
        choices=_read_choices(fields, kind),
        schema=fields.mapping("schema"),
    )
    fields.rest()
    _refuse_empty_ranges(variable, fields)
    return variable


def _read_name(fields: Fields) -> str:
    name = fields.required_text("name")
    if not NAME.fullmatch(name):
        raise fields.wrong("name", name, "letters a to z, digits and _, no digit first, at most 64 characters")
    if name in RESERVED:
        raise fields.wrong("name", name, "another name: this is a word of the template language")
    return name


def _refuse_strangers(fields: Fields, kind: Kind) -> None:
    for name, kinds in APPLIES.items():
        if fields.left.get(name) is not None and kind not in kinds:
            path = fields.at(name)
            raise InvalidField(
                f"{path}: a variable of type {kind} has no {name}; only {' and '.join(kinds)} has.",
                param=path,
                code="field_does_not_apply",
            )


def _read_number(fields: Fields, name: str) -> float | None:
    """Kept as it was said: 1 stays 1 and 1.0 stays 1.0."""
    said = fields.left.get(name)
    fields.number(name, -1e15, 1e15)
    return said if isinstance(said, int | float) else None


def _read_choices(fields: Fields, kind: Kind) -> tuple[str, ...] | None:
    choices = fields.texts("choices", most=MAX_CHOICES, longest=LONGEST_CHOICE)
    if kind == "enum" and not choices:
        raise fields.wrong("choices", choices, "at least one choice")
    if choices is not None and len(set(choices)) < len(choices):
        twice = next(choice for choice in choices if choices.count(choice) > 1)
        raise fields.wrong("choices", twice, "each choice once")
    return None if choices is None else tuple(choices)


def _refuse_empty_ranges(variable: Variable, fields: Fields) -> None:
    for low, high in (("min", "max"), ("min_length", "max_length")):
        least, most = getattr(variable, low), getattr(variable, high)
        if least is not None and most is not None and least > most:
            raise fields.wrong(high, most, f"at least {least}, which is {low}")
