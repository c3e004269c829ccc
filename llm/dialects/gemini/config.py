"""Sampling and the shape of the answer, as Gemini's `generationConfig`."""

from __future__ import annotations

from llm.dialects.gemini.rendering import Rendering
from llm.dialects.gemini.thinking import render_thinking
from llm.types import JsonObject, Options, ResponseFormat

SAME = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
}
MOST_STOPS = 5
SEEDS = range(-(2**31), 2**31)
JSON = "application/json"


def render_config(options: Options, max_tokens: int | None, rendering: Rendering) -> JsonObject:
    said: JsonObject = {theirs: getattr(options, ours) for ours, theirs in SAME.items()}
    said["maxOutputTokens"] = max_tokens
    said["stopSequences"] = _stops(options, rendering)
    said["seed"] = _seed(options, rendering)
    said["thinkingConfig"] = _thinking(options, rendering)
    if options.response_format is not None:
        said |= _format(options.response_format, rendering)
    if options.n is not None and options.n > 1:
        rendering.dropped.append("n")
    return {name: value for name, value in said.items() if value is not None}


def _stops(options: Options, rendering: Rendering) -> list[str] | None:
    stops = options.stop or []
    rendering.dropped += [f"stop[{at}]" for at in range(MOST_STOPS, len(stops))]
    return stops[:MOST_STOPS] or None


def _seed(options: Options, rendering: Rendering) -> int | None:
    if options.seed is None or options.seed in SEEDS:
        return options.seed
    rendering.dropped.append("seed")
    return None


def _thinking(options: Options, rendering: Rendering) -> JsonObject | None:
    effort = options.reasoning_effort
    if effort is None:
        return None
    thinking = render_thinking(effort, rendering)
    if thinking is None:
        rendering.dropped.append("reasoning_effort")
    return thinking


def _format(form: ResponseFormat, rendering: Rendering) -> JsonObject:
    """The name of a schema has no place here, nor the wish for strictness: Gemini always keeps to a schema."""
    rendering.drop(form.extra, "response_format")
    if form.kind == "text":
        return {}
    if form.kind == "json_object" or form.schema is None:
        return {"responseMimeType": JSON}
    described = {"description": form.description} if form.description else {}
    return {"responseMimeType": JSON, "responseJsonSchema": {**described, **form.schema}}
