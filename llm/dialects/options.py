"""Sampling and the shape of the answer, under the names that our native and the OpenAI dialect share."""

from __future__ import annotations

from llm.dialects.fields import Fields
from llm.dialects.tools import read_response_format, read_tool_choice, read_tools
from llm.types import Options

MAX_STOPS = 16
MOST_TOKENS = 100_000_000
SEED = 2**63


def read_options(fields: Fields) -> Options:
    return Options(
        temperature=fields.number("temperature", 0, 2),
        max_tokens=fields.integer("max_tokens", 1, MOST_TOKENS),
        top_p=fields.number("top_p", 0, 1),
        top_k=fields.integer("top_k", 0, MOST_TOKENS),
        frequency_penalty=fields.number("frequency_penalty", -2, 2),
        presence_penalty=fields.number("presence_penalty", -2, 2),
        stop=_stop(fields),
        seed=fields.integer("seed", -SEED, SEED - 1),
        tools=read_tools(fields),
        tool_choice=read_tool_choice(fields),
        parallel_tool_calls=fields.flag("parallel_tool_calls"),
        response_format=read_response_format(fields),
        reasoning_effort=fields.text("reasoning_effort"),
    )


def _stop(fields: Fields) -> list[str] | None:
    if isinstance(fields.left.get("stop"), str):
        return [fields.required_text("stop", most=1_000)]
    return fields.texts("stop", most=MAX_STOPS, longest=1_000) or None
