"""The vendors that speak OpenAI's dialect with an accent: a row of data each, by the kind of their provider."""

from __future__ import annotations

from types import MappingProxyType

from llm.dialects.openai.profile import MAX_COMPLETION_TOKENS, Profile

OPENAIS = frozenset(
    {
        *("audio", "modalities", "moderation", "prediction", "safety_identifier", "service_tier", "store", "user"),
        *("logit_bias", "logprobs", "top_logprobs", "verbosity", "web_search_options", "metadata"),
        *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
    }
)
"""Fields of OpenAI's own that vendors refuse who check every field."""
OTHER_MODELS = frozenset({"models", "route"})
"""They would have the vendor answer with a model that the caller may not use, at a price that nobody set aside."""

COMPATIBLE: dict[str, Profile] = {
    "compatible": Profile(text_parts=False),
    "groq": Profile(
        base_url="https://api.groq.com/openai/v1",
        output_bound=MAX_COMPLETION_TOKENS,
        refused=frozenset({"logit_bias", "logprobs", "top_logprobs", "n", "top_k"}),
        names=False,
        text_parts=False,
    ),
    "openrouter": Profile(
        base_url="https://openrouter.ai/api/v1",
        proof="key",
        refused=OTHER_MODELS,
        reasoning_field="reasoning",
    ),
    "cohere": Profile(
        base_url="https://api.cohere.ai/compatibility/v1",
        models="../../v1/models",
        refused=OPENAIS | {"n", "parallel_tool_calls", "top_k"},
        stream_options=False,
        names=False,
        text_parts=False,
    ),
    "deepseek": Profile(
        base_url="https://api.deepseek.com/v1",
        refused=frozenset({"logit_bias", "n", "parallel_tool_calls", "seed", "top_k"}),
        json_schema=False,
        text_parts=False,
        reasoning_field="reasoning_content",
        reasoning_with_calls=True,
    ),
    "mistral": Profile(
        base_url="https://api.mistral.ai/v1",
        refused=OPENAIS | {"top_k"},
        renamed=MappingProxyType({"seed": "random_seed"}),
        stream_options=False,
        names=False,
        call_id_length=9,
    ),
    "ollama": Profile(
        base_url="http://127.0.0.1:11434/v1",
        refused=frozenset({"logit_bias", "n", "parallel_tool_calls", "tool_choice", "top_k"}),
        text_parts=False,
        reasoning_field="reasoning",
    ),
}
