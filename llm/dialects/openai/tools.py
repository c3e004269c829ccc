"""Tools, the choice between them and the answer's form, as vendors of this dialect take them."""

from __future__ import annotations

import orjson

from llm.dialects.openai.profile import Profile
from llm.dialects.openai.rendering import Rendering
from llm.types import JsonObject, ResponseFormat, Tool, ToolCall, ToolChoice

UNNAMED = "answer"
"""A schema must have a name here."""
IN_WORDS = "Answer with one JSON object that follows this JSON schema:\n"


def render_tool(tool: Tool, path: str, rendering: Rendering) -> JsonObject | None:
    if tool.kind != "function":
        if not rendering.same:
            rendering.dropped.append(path)
            return None
        return {"type": tool.kind, **(tool.extra or {})}
    function = _said(name=tool.name, description=tool.description, parameters=tool.parameters, strict=tool.strict)
    return rendering.wrapped("function", function, {"type": "function"}, rendering.kept(tool.extra, path))


def render_choice(choice: ToolChoice, rendering: Rendering) -> str | JsonObject:
    extra = rendering.kept(choice.extra, "tool_choice")
    if "type" in extra:
        return extra
    if choice.mode == "tool":
        return rendering.wrapped("function", {"name": choice.name}, {"type": "function"}, extra)
    return choice.mode


def render_call(call: ToolCall, path: str, rendering: Rendering) -> JsonObject:
    extra = rendering.kept(call.extra, path)
    around: JsonObject = {"id": rendering.call_id(call.id), "type": call.kind}
    if call.kind == "custom":
        return rendering.wrapped("custom", {"name": call.name, "input": call.arguments}, around, extra)
    return rendering.wrapped("function", {"name": call.name, "arguments": call.arguments}, around, extra)


def render_format(form: ResponseFormat, rendering: Rendering) -> JsonObject:
    extra = rendering.kept(form.extra, "response_format")
    if form.kind == "json_schema" and not rendering.profile.json_schema:
        rendering.dropped.append("response_format.json_schema")
        return {"type": "json_object"}
    if form.kind != "json_schema":
        return {"type": form.kind, **extra}
    schema = _said(name=form.name or UNNAMED, description=form.description, schema=form.schema, strict=form.strict)
    return rendering.wrapped("json_schema", schema, {"type": form.kind}, extra)


def schema_in_words(form: ResponseFormat | None, profile: Profile) -> list[JsonObject]:
    """For a vendor that takes no schema, and makes JSON only where the messages speak of it."""
    if form is None or form.kind != "json_schema" or profile.json_schema:
        return []
    return [{"role": "system", "content": IN_WORDS + orjson.dumps(form.schema or {}).decode()}]


def _said(**fields: object) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}
