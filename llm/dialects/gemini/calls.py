"""Function calls of earlier turns and their results, as Gemini wants them back."""

from __future__ import annotations

import orjson

from llm.dialects.signatures import unsign, unsigned
from llm.errors import ProviderUnsupported
from llm.types import JsonObject, Message, Text, ToolCall

UNCHECKED = "skip_thought_signature_validator"
"""Gemini's own word for a call that another model made, and that therefore carries no signature of its."""


def render_call(call: ToolCall) -> JsonObject:
    identity, signature = unsign(call.id)
    said: JsonObject = {"functionCall": {"id": identity, "name": call.name, "args": _args(call)}}
    if signature:
        said["thoughtSignature"] = signature
    return said


def excuse(parts: list[JsonObject]) -> None:
    """From Gemini 3 on the first call of each step must be signed."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", UNCHECKED)


def render_result(message: Message, name: str | None, path: str) -> JsonObject:
    """`name` is that of the function which was called."""
    if name is None:
        raise ProviderUnsupported(
            f"{path}.tool_call_id: no call of this id comes before it.", param=f"{path}.tool_call_id"
        )
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    identity = unsigned(message.tool_call_id or "")
    return {"functionResponse": {"id": identity, "name": name, "response": _response(text, message.is_error)}}


def _args(call: ToolCall) -> JsonObject:
    """An object, whatever the model wrote."""
    args = _object(call.arguments)
    if args is not None:
        return args
    return {"input": call.arguments} if call.arguments.strip() else {}


def _response(text: str, is_error: bool) -> JsonObject:
    if is_error:
        return {"error": text}
    return _object(text) or {"output": text}


def _object(text: str) -> JsonObject | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return read if type(read) is dict else None
