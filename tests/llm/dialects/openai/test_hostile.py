"""Whatever JSON arrives, from callers or vendors, it ends in an answer or in one of our errors."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm.dialects import native, openai
from llm.dialects.complaints import parse_error
from llm.dialects.openai import ChunkParser
from llm.errors import InvalidField, ProviderError
from tests.llm.dialects.generated import json_values

Field = tuple[str, ...]

REQUEST_FIELDS = [
    "model",
    "n",
    "stop",
    "seed",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "tool_choice",
    "stream",
    "stream_options",
    "response_format",
    "functions",
    "function_call",
    "user",
    "metadata",
    "gatehouse",
    "options",
]
MESSAGE_FIELDS = ["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "reasoning"]
PART_FIELDS = ["type", "text", "image_url", "input_audio", "file", "refusal"]
WORDS = [
    *PART_FIELDS,
    "function",
    "custom",
    "json_schema",
    "name",
    "id",
    "arguments",
    "url",
    "data",
    "metadata",
    "tags",
]

likely_values = st.recursive(
    json_values | st.sampled_from(["auto", "assistant", "tool", "function", "custom", "json_schema", *PART_FIELDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)


def objects(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), likely_values, max_size=4)


bodies = st.builds(
    lambda body, messages: {**body, "messages": messages},
    objects(REQUEST_FIELDS),
    likely_values
    | st.lists(objects(MESSAGE_FIELDS) | objects(PART_FIELDS).map(lambda p: {"role": "user", "content": [p]})),
)


@pytest.mark.parametrize("parse", [native.parse_request, openai.parse_request])
@given(body=bodies)
def test_a_request_is_read_or_refused_by_the_field(parse: Any, body: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidField):
        request = parse(body)
        openai.render_request(request, model="m", max_tokens=1, dropped=[])
        native.render_request(request)


CHOICE_FIELDS = ["index", "delta", "message", "finish_reason", "logprobs", "usage", "error", "x"]
DELTA_FIELDS = [
    "role",
    "content",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
    "tool_calls",
    "function_call",
    "audio",
]
vendor_words = st.sampled_from(["thinking", "text", "type", "index", "id", "function", "custom", "name", "arguments"])
vendor_values = st.recursive(
    json_values | st.sampled_from(["thinking", "custom", "function", 0, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(vendor_words, inner, max_size=4),
    max_leaves=8,
)
deltas = vendor_values | st.dictionaries(st.sampled_from(DELTA_FIELDS), vendor_values, max_size=4)
vendor_choices = vendor_values | st.dictionaries(st.sampled_from(CHOICE_FIELDS), deltas, max_size=4)
USAGE_FIELDS = ["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"]
answers = vendor_values | st.fixed_dictionaries(
    {},
    optional={
        "choices": vendor_values | st.lists(vendor_choices, max_size=3),
        "usage": vendor_values | st.dictionaries(st.sampled_from(USAGE_FIELDS), vendor_values),
        "error": vendor_values,
        "id": vendor_values,
        "model": vendor_values,
        "object": vendor_values,
        "service_tier": vendor_values,
    },
)


@given(chunks=st.lists(answers, max_size=3))
@example(chunks=[{"choices": [{"delta": {"content": {"type": "thinking", "thinking": 5}}}]}])
def test_a_stream_is_read_or_becomes_a_provider_error(chunks: list[Any]) -> None:
    parser = ChunkParser()
    with contextlib.suppress(ProviderError):
        for chunk in chunks:
            parser.parse_chunk(chunk)


@given(body=answers)
def test_an_answer_is_read_or_becomes_a_provider_error(body: Any) -> None:
    with contextlib.suppress(ProviderError):
        openai.parse_completion(body)


@given(
    status=st.none() | st.integers(200, 599),
    body=vendor_values
    | st.dictionaries(
        st.sampled_from(["error", "message", "detail", "code", "type", "details", "param", "innererror"]), vendor_values
    ),
    retry_after=st.text(st.characters(max_codepoint=127)),
)
def test_an_error_is_always_told_in_words(status: int | None, body: Any, retry_after: str) -> None:
    error = parse_error(status, body, {"Retry-After": retry_after})

    assert isinstance(error.message, str)
    assert 0 < len(error.message) <= 500
    assert error.retry_after is None or 0 <= error.retry_after <= 86_400
