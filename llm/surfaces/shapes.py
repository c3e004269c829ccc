"""What goes into a generation endpoint and what comes out, for the API's schema. The dialects are what really decide."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.utils import OpenApiResponse, extend_schema

from llm.dialects.gatehouse import CACHE_MODES, LONGEST_TTL, MAX_FALLBACKS
from llm.types import FinishReason, Priority, Purpose, Role

Schema = dict[str, Any]


def text(**more: Any) -> Schema:
    return {"type": "string", **more}


def number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


def integer(low: int, **more: Any) -> Schema:
    return {"type": "integer", "minimum": low, **more}


def listing(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def thing(properties: Schema, *required: str, **more: Any) -> Schema:
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **wanted, **more}


def one_of(*schemas: Schema) -> Schema:
    return {"oneOf": list(schemas)}


def choice(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


ANY: Schema = {"type": "object", "additionalProperties": True}
