"""Options in native words: tools stand bare, without the wrapper other dialects put around them."""

from __future__ import annotations

from dataclasses import fields

from llm.types import JsonObject, Options, ResponseFormat, Tool, ToolChoice

SAME = tuple(
    field.name for field in fields(Options) if field.name not in ("tools", "tool_choice", "response_format", "n")
)


def render_options(options: Options) -> JsonObject:
    said: JsonObject = {name: getattr(options, name) for name in SAME}
    if options.tools is not None:
        said["tools"] = [_tool(tool) for tool in options.tools]
    if options.tool_choice is not None:
        said["tool_choice"] = _choice(options.tool_choice)
    if options.response_format is not None:
        said["response_format"] = _format(options.response_format)
    return _without_nulls(said)


def _tool(tool: Tool) -> JsonObject:
    said = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    return _without_nulls(said)


def _choice(choice: ToolChoice) -> str | JsonObject:
    return {"name": choice.name} if choice.mode == "tool" else choice.mode


def _format(form: ResponseFormat) -> JsonObject:
    if form.kind != "json_schema":
        return {"type": form.kind}
    schema = {"name": form.name, "description": form.description, "schema": form.schema, "strict": form.strict}
    return {"type": form.kind, "json_schema": _without_nulls(schema)}


def _without_nulls(said: JsonObject) -> JsonObject:
    return {name: value for name, value in said.items() if value is not None}
