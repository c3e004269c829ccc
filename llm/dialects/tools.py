"""Tools, the choice between them and the form of the answer, as callers of every dialect of ours write them.

A function may stand bare (`{"name": …}`) or wrapped (`{"type": "function", "function": {"name": …}}`), and by its older
names (`functions`, `function_call`). What is of another type belongs to one vendor: strict readers refuse it.
"""

from __future__ import annotations

from typing import Literal

from llm.dialects.fields import Fields, wrong
from llm.errors import InvalidField
from llm.types import JsonObject, ResponseFormat, Tool, ToolCall, ToolChoice

MAX_TOOLS = 256
LONGEST_DESCRIPTION = 100_000
LONGEST_ID = 1_000_000
"""Characters. A vendor's signature may be packed into the id of a call, and grows with what the model thought."""

FUNCTION: tuple[Literal["function"]] = ("function",)
FORMATS: tuple[Literal["text", "json_object", "json_schema"], ...] = ("text", "json_object", "json_schema")
MODES: tuple[Literal["auto", "none", "required"], ...] = ("auto", "none", "required")


def read_tools(fields: Fields) -> list[Tool] | None:
    tools = fields.each("tools", most=MAX_TOOLS)
    functions = fields.each("functions", most=MAX_TOOLS)
    if functions is None:
        return [_tool(tool) for tool in tools] if tools is not None else None
    if tools is not None:
        raise InvalidField("Wanted tools or functions, not both.", param=fields.at("functions"))
    return [_function(function, None) for function in functions]


def _kind(fields: Fields) -> str:
    """`function` where nothing is said, and always for strict readers: they know no other."""
    if fields.strict:
        return fields.word("type", FUNCTION) or FUNCTION[0]
    return fields.text("type") or FUNCTION[0]


def _tool(fields: Fields) -> Tool:
    kind = _kind(fields)
    if kind != "function":
        return _foreign_tool(kind, fields)
    function = fields.inner("function")
    if function is None:
        return _function(fields, None)
    return _function(function, fields.rest())


def _function(fields: Fields, around: JsonObject | None) -> Tool:
    return Tool(
        name=fields.required_text("name"),
        description=fields.text("description", most=LONGEST_DESCRIPTION),
        parameters=fields.mapping("parameters"),
        strict=fields.flag("strict"),
        extra=nested("function", fields.rest(), around),
    )


def _foreign_tool(kind: str, fields: Fields) -> Tool:
    inner = fields.left.get(kind)
    named = inner if isinstance(inner, dict) else fields.left
    name = named.get("name")
    return Tool(name=name if isinstance(name, str) else kind, kind=kind, extra=fields.rest())


def nested(name: str, inside: JsonObject | None, around: JsonObject | None) -> JsonObject | None:
    """One `extra` for a thing that is wrapped on the wire: the wrapper's unknown fields, and the inner ones by name."""
    if inside is None:
        return around
    return {**(around or {}), name: inside}


def read_tool_choice(fields: Fields) -> ToolChoice | None:
    name = "tool_choice"
    choice = fields.left.pop(name, None)
    older = fields.left.pop("function_call", None)
    if older is not None:
        if choice is not None:
            raise InvalidField("Wanted tool_choice or function_call, not both.", param=fields.at("function_call"))
        name, choice = "function_call", older
    if choice is None:
        return None
    if isinstance(choice, dict):
        return _chosen(Fields(choice, fields.at(name), strict=fields.strict))
    for mode in MODES:
        if choice == mode:
            return ToolChoice(mode)
    raise fields.wrong(name, choice, f"one of {', '.join(MODES)}, or an object with the name of a tool")


def _chosen(fields: Fields) -> ToolChoice:
    kind = _kind(fields)
    if kind == "function":
        function = fields.inner("function")
        if function is None:
            return ToolChoice("tool", fields.required_text("name"), extra=fields.rest())
        chosen = function.required_text("name")
        return ToolChoice("tool", chosen, extra=nested("function", function.rest(), fields.rest()))
    inner = fields.left.get(kind)
    name = inner.get("name") if isinstance(inner, dict) else None
    return ToolChoice("tool" if name else "auto", name, extra={"type": kind, **fields.left})


def read_tool_call(fields: Fields) -> ToolCall:
    """One call that the model made on an earlier turn."""
    kind = _kind(fields)
    identity = fields.required_text("id", most=LONGEST_ID)
    if kind == "custom":
        return _custom_call(identity, fields)
    if kind != "function":
        raise fields.wrong("type", kind, "function")
    function = fields.inner("function")
    if function is None:
        name, arguments = name_and_arguments(fields)
        return ToolCall(identity, name, arguments, extra=fields.rest())
    name, arguments = name_and_arguments(function)
    return ToolCall(identity, name, arguments, extra=nested("function", function.rest(), fields.rest()))


def name_and_arguments(function: Fields) -> tuple[str, str]:
    return function.required_text("name"), function.text("arguments", most=None) or ""


def _custom_call(identity: str, fields: Fields) -> ToolCall:
    custom = fields.inner("custom")
    if custom is None:
        raise fields.wrong("custom", None, "an object")
    name, text = custom.required_text("name"), custom.text("input", most=None) or ""
    return ToolCall(identity, name, text, "custom", extra=nested("custom", custom.rest(), fields.rest()))


def read_response_format(fields: Fields) -> ResponseFormat | None:
    """A form that is none of ours stays with a reader who hands on what it does not know."""
    form = fields.left.get("response_format")
    if not fields.strict and isinstance(form, dict) and form.get("type") not in FORMATS:
        return None
    reader = fields.inner("response_format")
    if reader is None or not reader.left:
        return None
    kind = reader.word("type", FORMATS)
    if kind is None:
        raise reader.wrong("type", None, f"one of {', '.join(FORMATS)}")
    if kind != "json_schema":
        return ResponseFormat(kind, extra=reader.rest())
    schema = reader.inner("json_schema")
    if schema is None:
        raise wrong(reader.at("json_schema"), None, "an object")
    return ResponseFormat(
        kind,
        schema=schema.mapping("schema"),
        name=schema.text("name"),
        description=schema.text("description", most=LONGEST_DESCRIPTION),
        strict=schema.flag("strict"),
        extra=nested("json_schema", schema.rest(), reader.rest()),
    )
