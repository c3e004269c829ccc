"""Token counts in this dialect, whose input counts neither what was read from a cache nor what was written to it."""

from __future__ import annotations

from typing import Any

from llm.types import JsonObject, Usage

OURS = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "output_tokens_details",
    }
)
HOUR, MINUTES = "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"


def parse_usage(said: JsonObject, *, estimated: bool = False) -> Usage:
    read, written = _count(said.get("cache_read_input_tokens")), _count(said.get("cache_creation_input_tokens"))
    creation, details = _object(said.get("cache_creation")), _object(said.get("output_tokens_details"))
    hour = _count(creation.pop(HOUR, None))
    written = max(written, hour + _count(creation.pop(MINUTES, None)))
    prompt, completion = _count(said.get("input_tokens")) + read + written, _count(said.get("output_tokens"))
    extra = {name: value for name, value in said.items() if name not in OURS and value is not None}
    reasoning = _count(details.pop("thinking_tokens", None))
    if details:
        extra["output_tokens_details"] = details
    if creation:
        extra["cache_creation"] = creation
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=read,
        cache_write_tokens=written,
        hour_write_tokens=hour,
        reasoning_tokens=reasoning,
        estimated=estimated,
        extra=extra or None,
    )


def render_usage(usage: Usage, *, same: bool) -> JsonObject:
    """With the vendor's further counts where they are this dialect's own (`same`)."""
    extra = dict(usage.extra) if same and usage.extra else {}
    read, written, hour = usage.cached_tokens, usage.cache_write_tokens, usage.hour_write_tokens
    return {
        "input_tokens": max(usage.prompt_tokens - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {MINUTES: max(written - hour, 0), HOUR: hour, **extra.pop("cache_creation", {})},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {
            "thinking_tokens": usage.reasoning_tokens,
            **extra.pop("output_tokens_details", {}),
        },
        **extra,
    }


def _object(value: Any) -> JsonObject:
    return dict(value) if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and value > 0 else 0
