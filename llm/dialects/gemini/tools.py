"""Tools, and which of them is to be called, as Gemini takes them."""

from __future__ import annotations

from llm.dialects.gemini.rendering import Rendering
from llm.types import JsonObject, Options, Tool, ToolChoice

MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def render_tools(options: Options, rendering: Rendering) -> JsonObject:
    """The fields of a request that speak of tools; none where none is left."""
    declared = [_declared(tool, f"tools[{at}]", rendering) for at, tool in enumerate(options.tools or ())]
    functions = [function for function in declared if function is not None]
    if not functions:
        return {}
    said: JsonObject = {"tools": [{"functionDeclarations": functions}]}
    if options.tool_choice is not None:
        said["toolConfig"] = {"functionCallingConfig": _choice(options.tool_choice, rendering)}
    if options.parallel_tool_calls is False:
        rendering.dropped.append("parallel_tool_calls")
    return said


def _declared(tool: Tool, path: str, rendering: Rendering) -> JsonObject | None:
    if tool.kind != "function":
        rendering.dropped.append(path)
        return None
    rendering.drop(tool.extra, path)
    if tool.strict:
        rendering.dropped.append(f"{path}.strict")
    said = {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters or None}
    return {name: value for name, value in said.items() if value is not None}


def _choice(choice: ToolChoice, rendering: Rendering) -> JsonObject:
    rendering.drop(choice.extra, "tool_choice")
    if choice.mode == "tool":
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"mode": MODES[choice.mode]}
