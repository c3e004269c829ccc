"""Declarations written as JSON Schema, for the validator, for clients and for forms."""

from __future__ import annotations

from collections.abc import Sequence

from llm.types import JsonObject
from prompts.variables.bounds import DRAFT
from prompts.variables.declaration import Variable

MAX_BODY = 32 * 1024 * 1024
IMAGE = r"^(https://|data:image/[a-z0-9.+-]+;base64,)"

TYPES = {"enum": "string", "image": "string"}
KEYWORDS = {
    "string": {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "number": {"min": "minimum", "max": "maximum"},
    "integer": {"min": "minimum", "max": "maximum"},
    "enum": {"choices": "enum"},
}
"""How each field is called in JSON Schema, by the variable's type."""


def json_schema(variables: Sequence[Variable]) -> JsonObject:
    """The schema of the whole object of variables."""
    schema: JsonObject = {
        "$schema": DRAFT,
        "type": "object",
        "properties": {variable.name: described(variable) for variable in variables},
        "required": [variable.name for variable in variables if variable.required],
        "additionalProperties": False,
    }
    return schema


def described(variable: Variable) -> JsonObject:
    """The schema of one value, with what a reader wants to know of it."""
    notes: JsonObject = {"description": variable.description, "default": variable.default}
    if variable.example is not None:
        notes["examples"] = [variable.example]
    if variable.type == "image":
        notes["format"] = "uri"
    if variable.schema and "$defs" in variable.schema:
        notes["$id"] = variable.name  # so that its references are looked up in itself, not in the whole
    return {**value_schema(variable), **{name: note for name, note in notes.items() if note is not None}}


def value_schema(variable: Variable, *, alone: bool = False) -> JsonObject:
    """What a value must be. `alone` leaves the author's own schema out, which stands beside the rest."""
    schema: JsonObject = {"type": TYPES.get(variable.type, variable.type)}
    for field, keyword in KEYWORDS.get(variable.type, {}).items():
        if (said := getattr(variable, field)) is not None:
            schema[keyword] = list(said) if isinstance(said, tuple) else said
    if variable.type == "image":
        schema |= {"pattern": IMAGE, "maxLength": MAX_BODY}
    return schema if alone or variable.schema is None else {**variable.schema, **schema}
