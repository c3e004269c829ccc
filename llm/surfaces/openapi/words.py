"""JSON schema in a few words, and schemas with a name of their own in the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension

from llm.dialects.fields import NAME

Schema = dict[str, Any]

ANY: Schema = {"type": "object", "additionalProperties": True}
FLAG: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}


def text(most: int | None = NAME, **more: Any) -> Schema:
    bound = {} if most is None else {"maxLength": most}
    return {"type": "string", **bound, **more}


def said(most: int | None = NAME, **more: Any) -> Schema:
    """A text that is not empty."""
    return text(most, minLength=1, **more)


def number(low: float, high: float, **more: Any) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high, **more}


def integer(low: int, high: int, **more: Any) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, **more}


def listing(items: Schema, most: int, **more: Any) -> Schema:
    return {"type": "array", "items": items, "maxItems": most, **more}


def word(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def either(*schemas: Schema, **more: Any) -> Schema:
    return {"anyOf": list(schemas), **more}


def thing(properties: Schema, *required: str, **more: Any) -> Schema:
    """An object of these fields alone."""
    return open_thing(properties, *required, additionalProperties=False, **more)


def open_thing(properties: Schema, *required: str, **more: Any) -> Schema:
    """An object of these fields and whatever else is in it."""
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **wanted, **more}


def maybe(schema: Schema) -> Schema:
    """Or null, which says as little as leaving the field out."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], NULL]}
    allowed = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **allowed}


def optional(properties: Schema) -> Schema:
    return {name: maybe(schema) for name, schema in properties.items()}


def given(name: str, schema: Schema) -> Schema:
    """The condition that the field is there and is so."""
    return {"required": [name], "properties": {name: schema}}


def not_both(first: str, second: str) -> Schema:
    """The condition that of two fields at most one is said."""
    return either(*({"properties": {name: NULL}} for name in (first, second)))


@dataclass(frozen=True, eq=False)
class Named:
    """A schema that the document keeps under `components` and refers to."""

    name: str
    schema: Schema


class NamedSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # its `__init_subclass__` has no types
    target_class = Named

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        named: Named = self.target
        return named.name

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        named: Named = self.target
        return named.schema
