"""Tools and the choice between them, both ways. A tool with a type of its own runs at the vendor and is its alone."""

from __future__ import annotations

from llm.dialects.anthropic.rendering import Rendering
from llm.dialects.fields import Fields
from llm.dialects.tools import LONGEST_DESCRIPTION, MAX_TOOLS
from llm.types import JsonObject, Options, Tool, ToolChoice

CUSTOM = "custom"
MODES = {"auto": "auto", "none": "none", "any": "required", "tool": "tool"}
WORDS = {mode: word for word, mode in MODES.items()}
PARALLEL = "disable_parallel_tool_use"


def read_tools(fields: Fields) -> list[Tool] | None:
    tools = fields.each("tools", most=MAX_TOOLS)
    return None if tools is None else [_tool(tool) for tool in tools]


def _tool(fields: Fields) -> Tool:
    kind = fields.left.get("type")
    if kind is not None and kind != CUSTOM:
        kind, name = fields.required_text("type"), fields.left.get("name")
        return Tool(name=name if isinstance(name, str) else kind, kind=kind, extra=fields.rest())
    return Tool(
        name=fields.required_text("name"),
        description=fields.text("description", most=LONGEST_DESCRIPTION),
        parameters=fields.mapping("input_schema"),
        strict=fields.flag("strict"),
        extra=fields.rest(),
    )


def read_tool_choice(fields: Fields) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several calls may be made at once."""
    choice = fields.inner("tool_choice")
    if choice is None:
        return None, None
    alone = choice.flag(PARALLEL)
    word = choice.word("type", tuple(MODES))
    parallel = None if alone is None else not alone
    match word:
        case None:
            raise choice.wrong("type", None, f"one of {', '.join(MODES)}")
        case "tool":
            return ToolChoice("tool", choice.required_text("name"), extra=choice.rest()), parallel
        case "any":
            return ToolChoice("required", extra=choice.rest()), parallel
        case "none":
            return ToolChoice("none", extra=choice.rest()), parallel
        case _:
            return ToolChoice("auto", extra=choice.rest()), parallel


def render_tools(options: Options, rendering: Rendering, *, one_call: bool) -> JsonObject:
    """The fields of a request that speak of tools; `one_call`: its client can take one call at a time."""
    tools = [_rendered(tool, f"tools[{at}]", rendering) for at, tool in enumerate(options.tools or ())]
    taken = [tool for tool in tools if tool is not None]
    if not taken:
        return {}
    choice = _choice(options.tool_choice, rendering)
    parallel = False if one_call else options.parallel_tool_calls
    if parallel is not None and choice.get("type") != "none" and (choice or not parallel):
        choice = {"type": "auto", **choice, PARALLEL: not parallel}
    return {"tools": taken, "tool_choice": choice} if choice else {"tools": taken}


def _rendered(tool: Tool, path: str, rendering: Rendering) -> JsonObject | None:
    if tool.kind != "function":
        if rendering.same:
            return {"type": tool.kind, **(tool.extra or {})}
        rendering.dropped.append(path)
        return None
    said: JsonObject = {"name": tool.name}
    if tool.description is not None:
        said["description"] = tool.description
    if rendering.same:
        said |= {} if tool.parameters is None else {"input_schema": tool.parameters}
    else:
        said["input_schema"] = {"type": "object", **(tool.parameters or {})}
    if tool.strict is not None and (rendering.same or rendering.target.structured):
        said["strict"] = tool.strict
    elif tool.strict:
        rendering.dropped.append(f"{path}.strict")
    return said | rendering.kept(tool.extra, path)


def _choice(choice: ToolChoice | None, rendering: Rendering) -> JsonObject:
    if choice is None:
        return {}
    named = {"name": choice.name} if choice.mode == "tool" else {}
    return {"type": WORDS[choice.mode], **named, **rendering.kept(choice.extra, "tool_choice")}
