"""Token counts as vendors of this dialect report them, under their several names for the same thing."""

from __future__ import annotations

from typing import Any

from llm.types import JsonObject, Usage

CACHED = ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")
WRITTEN = ("cache_write_tokens", "cache_creation_input_tokens")
REASONED = ("reasoning_tokens",)
PROMPT = ("prompt_tokens", "input_tokens")
COMPLETION = ("completion_tokens", "output_tokens")
OURS = {
    *(*PROMPT, *COMPLETION, "total_tokens"),
    *(f"{name}_details" for name in (*PROMPT, *COMPLETION)),
}


def parse_usage(said: JsonObject) -> Usage:
    prompt_details, completion_details = _details(said, PROMPT), _details(said, COMPLETION)
    prompt, completion = _first(PROMPT, said), _first(COMPLETION, said)
    reasoning = _first(REASONED, completion_details, said)
    total = _count(said.get("total_tokens"))
    if reasoning and total == prompt + completion + reasoning:
        # Some vendors count reasoning beside the completion; here it is a part of it.
        completion += reasoning
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=total or prompt + completion,
        cached_tokens=_first(CACHED, prompt_details, said),
        cache_write_tokens=_first(WRITTEN, prompt_details, said),
        reasoning_tokens=reasoning,
        extra=_extra(said, prompt_details, completion_details),
    )


def render_usage(usage: Usage, *, same: bool) -> JsonObject:
    """With the vendor's further counts where they are this dialect's own (`same`)."""
    extra = dict(usage.extra) if same and usage.extra else {}
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            **extra.pop("prompt_tokens_details", {}),
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            **extra.pop("completion_tokens_details", {}),
        },
        **extra,
    }


def _details(said: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return next((found for name in names if isinstance(found := said.get(f"{name}_details"), dict)), {})


def _count(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and value > 0 else 0


def _first(names: tuple[str, ...], *places: JsonObject) -> int:
    return next((count for place in places for name in names if (count := _count(place.get(name)))), 0)


def _extra(said: JsonObject, prompt: JsonObject, completion: JsonObject) -> JsonObject | None:
    extra = {name: value for name, value in said.items() if name not in OURS and value is not None}
    for side, details, known in (("prompt", prompt, CACHED + WRITTEN), ("completion", completion, REASONED)):
        if further := {name: value for name, value in details.items() if name not in known}:
            extra[f"{side}_tokens_details"] = further
    return extra or None
