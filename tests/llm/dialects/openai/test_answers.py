"""A whole answer as the SDK's own types and older clients read it."""

from __future__ import annotations

from hypothesis import given
from openai.types.chat import ChatCompletion

from llm.dialects import openai
from llm.types import Choice, Completion, Request, ToolCall, Usage
from tests.llm.dialects.generated import completions
from tests.llm.dialects.records import IDENTITY, a_record


@given(completion=completions)
def test_the_sdks_own_types_accept_every_answer(completion: Completion) -> None:
    ChatCompletion.model_validate(openai.render_completion(Request([]), a_record(), completion))


def test_an_answer() -> None:
    choice = Choice(text="Hi", reasoning="Hm", finish_reason="stop")
    completion = Completion([choice], Usage(3, 2, 5, 1, 0, 1), "up-1", "gpt-x")

    assert openai.render_completion(Request([]), a_record(), completion) == {
        "id": f"gen_{IDENTITY}",
        "object": "chat.completion",
        "created": 1795176000,
        "model": "gpt-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None, "reasoning_content": "Hm"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
    }


def test_without_the_vendors_name_the_public_one_stands() -> None:
    assert openai.render_completion(Request([]), a_record(), Completion([Choice()]))["model"] == "small"


def test_beside_calls_content_is_null() -> None:
    completion = Completion([Choice(tool_calls=[ToolCall("c1", "f", "{}")], finish_reason="tool_calls")])
    message = openai.render_completion(Request([]), a_record(), completion)["choices"][0]["message"]

    assert message["content"] is None
    assert message["tool_calls"] == [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


def test_clients_of_the_older_functions_get_one_function_call() -> None:
    calls = [ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "{}")]
    completion = Completion([Choice(tool_calls=calls, finish_reason="tool_calls")])
    choice = openai.render_completion(Request([], legacy_functions=True), a_record(), completion)["choices"][0]

    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"


def test_extras_survive_within_the_dialect_only() -> None:
    extra = {"logprobs": {"content": []}, "message": {"annotations": [1]}}
    ours = Completion([Choice(text="a", extra=extra)], None, None, None, {"service_tier": "flex"}, "openai")
    theirs = Completion([Choice(text="a", extra=extra)], None, None, None, {"container": {}}, "anthropic")

    kept = openai.render_completion(Request([]), a_record(), ours)
    dropped = openai.render_completion(Request([]), a_record(), theirs)

    assert kept["service_tier"] == "flex"
    assert kept["choices"][0]["logprobs"] == {"content": []}
    assert kept["choices"][0]["message"]["annotations"] == [1]
    assert "container" not in dropped
    assert dropped["choices"][0]["logprobs"] is None
