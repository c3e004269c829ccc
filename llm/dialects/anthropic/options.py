"""Sampling, thinking and the shape of the answer, both ways."""

from __future__ import annotations

from llm.dialects.anthropic.rendering import Rendering
from llm.dialects.anthropic.tools import read_tool_choice, read_tools, render_tools
from llm.dialects.fields import Fields
from llm.dialects.options import MAX_STOPS, MOST_TOKENS
from llm.types import JsonObject, Options, Request, ResponseFormat

SAMPLING = ("temperature", "top_p", "top_k")
UNKNOWN = ("frequency_penalty", "presence_penalty", "seed")
BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 32_768, "max": 32_768}
"""What an effort comes to where a model thinks within a budget, in tokens."""
LEAST_BUDGET = 1_024
MEDIUM_FROM, HIGH_FROM = 4_096, 16_384
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


def read_options(fields: Fields) -> Options:
    options = Options(
        temperature=fields.number("temperature", 0, 1),
        max_tokens=fields.integer("max_tokens", 0, MOST_TOKENS),
        top_p=fields.number("top_p", 0, 1),
        top_k=fields.integer("top_k", 0, MOST_TOKENS),
        stop=fields.texts("stop_sequences", most=MAX_STOPS, longest=1_000) or None,
        tools=read_tools(fields),
    )
    options.tool_choice, options.parallel_tool_calls = read_tool_choice(fields)
    _read_output(fields, options)
    if options.reasoning_effort is None:
        options.reasoning_effort = _effort(fields.left.get("thinking"))
    return options


def _read_output(fields: Fields, options: Options) -> None:
    """The effort and the form are ours to know; what else is in `output_config` stays with the extras."""
    config = fields.mapping("output_config") or {}
    older = fields.left.get("output_format")
    if _is_schema(older):
        options.response_format = _format(fields.left.pop("output_format"))
    if _is_schema(config.get("format")):
        options.response_format = _format(config["format"])
        config = {name: value for name, value in config.items() if name != "format"}
    if isinstance(config.get("effort"), str):
        options.reasoning_effort = config["effort"]
        config = {name: value for name, value in config.items() if name != "effort"}
    if config:
        fields.left["output_config"] = config


def _is_schema(form: object) -> bool:
    return isinstance(form, dict) and form.get("type") == "json_schema" and isinstance(form.get("schema"), dict)


def _format(form: JsonObject) -> ResponseFormat:
    extra = {name: value for name, value in form.items() if name not in ("type", "schema")}
    return ResponseFormat("json_schema", schema=form["schema"], extra=extra or None)


def _effort(thinking: object) -> str | None:
    """What a budget comes to for vendors that know efforts."""
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if type(budget) is not int:
        return None
    return "high" if budget >= HIGH_FROM else "medium" if budget >= MEDIUM_FROM else "low"


def render_options(request: Request, rendering: Rendering, bound: int) -> JsonObject:
    """`bound` is the most that the answer may have, thought counted in."""
    options = request.options
    said = _render_thinking(request, rendering, bound)
    said |= _render_format(options, rendering, said.pop("output_config", {}))
    said |= _render_sampling(options, rendering, thinks=said.get("thinking", {}).get("type") == "enabled")
    if stop := [text for text in options.stop or () if text.strip() or rendering.same]:
        said["stop_sequences"] = stop
    if len(stop) < len(options.stop or ()):
        rendering.dropped.append("stop")
    rendering.dropped += [name for name in UNKNOWN if getattr(options, name) is not None]
    if (options.n or 1) > 1:
        rendering.dropped.append("n")
    return said | render_tools(options, rendering, one_call=request.legacy_functions)


def _render_sampling(options: Options, rendering: Rendering, *, thinks: bool) -> JsonObject:
    """A temperature over 1 is dropped, which leaves the vendor's own of 1. Beside a temperature newer models refuse a
    `top_p`, and while they think all three."""
    said = {name: value for name in SAMPLING if (value := getattr(options, name)) is not None}
    refused = set(SAMPLING) if thinks or not rendering.target.samples else set()
    if said.get("temperature", 0) > 1:
        refused.add("temperature")
    elif "temperature" in said and not rendering.same:
        refused.add("top_p")
    rendering.dropped += [name for name in said if name in refused]
    return {name: value for name, value in said.items() if name not in refused}


def _render_thinking(request: Request, rendering: Rendering, bound: int) -> JsonObject:
    effort = request.options.reasoning_effort
    if effort is None:
        return {}
    if rendering.same:
        # An effort that was read from a budget is told by that budget, which is among the extras.
        thinking = (request.extra or {}).get("thinking")
        return {} if _effort(thinking) == effort else {"output_config": {"effort": effort}}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if rendering.target.effort and effort in EFFORTS:
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": EFFORTS[effort]}}
    budget = min(BUDGETS.get(effort, 0), bound - 1)
    if rendering.target.effort or budget < LEAST_BUDGET:
        rendering.dropped.append("reasoning_effort")
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _render_format(options: Options, rendering: Rendering, config: JsonObject) -> JsonObject:
    form = options.response_format
    if form is not None and form.kind == "json_schema" and form.schema is not None and rendering.target.structured:
        extra = rendering.kept(form.extra, "response_format")
        config["format"] = {"type": "json_schema", "schema": form.schema, **extra}
    elif form is not None and form.kind != "text":
        rendering.dropped.append("response_format")
    return {"output_config": config} if config else {}
