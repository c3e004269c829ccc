"""The native request: every field of the contract is read, every other one refused by its path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from llm.dialects import native
from llm.errors import InvalidField
from llm.types import (
    Audio,
    CachePolicy,
    Context,
    File,
    Image,
    Message,
    Metadata,
    Opaque,
    Options,
    PromptReference,
    Reasoning,
    Request,
    Requirements,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)
from tests.llm.dialects.generated import native_requests

HELLO = [{"role": "user", "content": "Hello"}]
TEXT_FILE = "data:text/plain;base64,QQ=="


def content(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [part]}]


def parse(**fields: Any) -> Request:
    return native.parse_request({"messages": HELLO, **fields})


def refusal(**fields: Any) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        parse(**fields)
    return caught.value


@given(request=native_requests())
def test_a_request_survives_a_round_trip(request: Request) -> None:
    assert native.parse_request(native.render_request(request)) == request


def test_the_whole_contract_is_read() -> None:
    request = native.parse_request(
        {
            "model": "gpt-4o-mini",
            "provider": "openai",
            "messages": [
                {"role": "system", "content": "Be terse."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image", "image": "https://example.org/cat.png"},
                    ],
                },
            ],
            "prompt": {"name": "support", "label": "production", "version": None, "variables": {"customer": "Ada"}},
            "context": {"assembled_context": "Cats.", "sources": [{"id": "doc-1"}], "metadata": {"k": 5}},
            "options": {"temperature": 0.7, "max_tokens": 500, "top_p": 1, "stop": "END", "seed": 1},
            "fallbacks": ["claude-haiku-4-5"],
            "cache": {"mode": "on", "ttl": 3600},
            "metadata": {"user_id": "u1", "purpose": "code", "priority": "low", "tags": {"team": "a"}},
            "stream": True,
        }
    )

    assert request == Request(
        messages=[
            Message("system", [Text("Be terse.")]),
            Message("user", [Text("What is this?"), Image("https://example.org/cat.png")]),
        ],
        model="gpt-4o-mini",
        provider="openai",
        prompt=PromptReference("support", "production", None, {"customer": "Ada"}),
        context=Context("Cats.", [{"id": "doc-1"}], {"k": 5}),
        options=Options(temperature=0.7, max_tokens=500, top_p=1, stop=["END"], seed=1),
        fallbacks=["claude-haiku-4-5"],
        cache=CachePolicy("on", 3600),
        metadata=Metadata(user_id="u1", purpose="code", priority="low", tags={"team": "a"}),
        stream=True,
    )


def test_no_fallbacks_are_not_the_same_as_none_named() -> None:
    assert parse(fallbacks=[]).fallbacks == []
    assert parse().fallbacks is None


@pytest.mark.parametrize("cost", ["0.0125", 0.0125])
def test_requirements_are_read_and_written_back(cost: object) -> None:
    asked = {"capabilities": ["vision", "tools"], "context_window": 8_000, "min_quality": 7, "max_latency_ms": 800}

    request = parse(model="auto", requirements={**asked, "max_cost": cost})

    wanted = Requirements(frozenset({"tools", "vision"}), 8_000, 12_500_000_000, 7, 800)
    assert request.requirements == wanted
    written = native.render_request(request)
    assert written["requirements"] == {**asked, "capabilities": ["tools", "vision"], "max_cost": "0.0125"}
    assert native.parse_request(written).requirements == wanted


def test_requirements_that_ask_for_nothing_are_some_all_the_same() -> None:
    assert parse(requirements={}).requirements == Requirements()
    assert parse().requirements is None


def test_a_prompt_stands_in_for_messages() -> None:
    assert native.parse_request({"prompt": {"name": "support"}}).messages == []


@pytest.mark.parametrize("messages", [None, []])
def test_without_either_there_is_nothing_to_do(messages: object) -> None:
    assert refusal(messages=messages).param == "messages"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"modle": "x"}, "modle"),
        ({"options": {"temprature": 1}}, "options.temprature"),
        ({"options": {"n": 2}}, "options.n"),
        ({"options": {"tools": [{"name": "f", "x": 1}]}}, "options.tools[0].x"),
        ({"metadata": {"team": "a"}}, "metadata.team"),
        ({"cache": {"tll": 1}}, "cache.tll"),
        ({"requirements": {"speed": 1}}, "requirements.speed"),
        ({"prompt": {"name": "a", "x": 1}}, "prompt.x"),
        ({"context": {"text": "a"}}, "context.text"),
        ({"messages": [{"role": "user", "content": "a", "x": 1}]}, "messages[0].x"),
        ({"messages": content({"type": "text", "text": "a", "x": 1})}, "messages[0].content[0].x"),
        ({"options": {"tool_choice": {"function": {"name": "f", "x": 1}}}}, "options.tool_choice.function.x"),
        ({"messages": [*HELLO, {"role": "assistant", "tool_calls": [{"id": "a", "name": "f", "x": 1}]}]},
         "messages[1].tool_calls[0].x"),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_by_its_path(fields: dict[str, Any], param: str) -> None:
    error = refusal(**fields)

    assert (error.param, error.code, error.status) == (param, "unknown_field", 422)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": content({"type": "film"})}, "messages[0].content[0].type"),
        ({"messages": content({"type": "image", "image": "cat.png"})}, "messages[0].content[0].image"),
        ({"messages": content({"type": "file", "file_id": ""})}, "messages[0].content[0].file"),
        ({"messages": content({"type": "file", "file": "", "file_id": "a"})}, "messages[0].content[0].file"),
        ({"messages": [{"role": "tool", "content": "4"}]}, "messages[0].tool_call_id"),
        ({"messages": HELLO * 2_001}, "messages"),
        ({"options": []}, "options"),
        ({"options": {"temperature": 2.1}}, "options.temperature"),
        ({"options": {"temperature": True}}, "options.temperature"),
        ({"options": {"top_p": -0.1}}, "options.top_p"),
        ({"options": {"max_tokens": 0}}, "options.max_tokens"),
        ({"options": {"max_tokens": 1.5}}, "options.max_tokens"),
        ({"options": {"presence_penalty": 2.1}}, "options.presence_penalty"),
        ({"options": {"stop": ["a"] * 17}}, "options.stop"),
        ({"options": {"stop": [1]}}, "options.stop[0]"),
        ({"options": {"tools": [{"name": "f"}] * 257}}, "options.tools"),
        ({"options": {"tools": [{"description": "f"}]}}, "options.tools[0].name"),
        ({"options": {"tools": [{"type": "custom", "custom": {"name": "f"}}]}}, "options.tools[0].type"),
        ({"options": {"tools": [], "functions": []}}, "options.functions"),
        ({"options": {"tool_choice": "maybe"}}, "options.tool_choice"),
        ({"options": {"tool_choice": {"type": "function"}}}, "options.tool_choice.name"),
        ({"options": {"tool_choice": {"type": "", "name": "f"}}}, "options.tool_choice.type"),
        ({"options": {"tool_choice": "auto", "function_call": "auto"}}, "options.function_call"),
        ({"options": {"tools": [{"type": "", "name": "f"}]}}, "options.tools[0].type"),
        ({"options": {"response_format": {"type": "xml"}}}, "options.response_format.type"),
        ({"options": {"response_format": {"type": "json_schema"}}}, "options.response_format.json_schema"),
        ({"prompt": {}}, "prompt.name"),
        ({"prompt": {"name": "a", "version": 0}}, "prompt.version"),
        ({"context": {"sources": ["doc-1"]}}, "context.sources[0]"),
        ({"fallbacks": "small"}, "fallbacks"),
        ({"requirements": []}, "requirements"),
        ({"requirements": {"capabilities": ["tools", "flying"]}}, "requirements.capabilities[1]"),
        ({"requirements": {"context_window": 0}}, "requirements.context_window"),
        ({"requirements": {"max_cost": "a lot"}}, "requirements.max_cost"),
        ({"requirements": {"max_cost": -0.1}}, "requirements.max_cost"),
        ({"requirements": {"max_cost": "NaN"}}, "requirements.max_cost"),
        ({"requirements": {"max_cost": True}}, "requirements.max_cost"),
        ({"requirements": {"max_cost": [1]}}, "requirements.max_cost"),
        ({"requirements": {"max_cost": "1e999999999"}}, "requirements.max_cost"),
        ({"requirements": {"min_quality": 11}}, "requirements.min_quality"),
        ({"requirements": {"max_latency_ms": 0}}, "requirements.max_latency_ms"),
        ({"fallbacks": [1]}, "fallbacks[0]"),
        ({"cache": {"mode": "maybe"}}, "cache.mode"),
        ({"cache": {"ttl": -1}}, "cache.ttl"),
        ({"metadata": {"purpose": "fun"}}, "metadata.purpose"),
        ({"metadata": {"priority": 1}}, "metadata.priority"),
        ({"metadata": {"tags": {"a": 1}}}, "metadata.tags.a"),
        ({"metadata": {"tags": {str(n): "a" for n in range(65)}}}, "metadata.tags"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_its_path(fields: dict[str, Any], param: str) -> None:
    assert refusal(**fields).param == param


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ({"type": "image", "image": "https://a.example/", "detail": "low"}, Image("https://a.example/", "low")),
        ({"type": "audio", "audio": "QQ==", "format": "wav"}, Audio("QQ==", "wav")),
        ({"type": "file", "file": TEXT_FILE, "name": "a.txt"}, File(TEXT_FILE, None, "a.txt")),
        ({"type": "file", "file_id": "file-1"}, File(None, "file-1")),
    ],
)  # fmt: skip
def test_parts(part: dict[str, Any], read: object) -> None:
    request = parse(messages=content(part))

    assert request.messages[0].parts == [read]


def test_an_answer_can_be_handed_back_as_it_came() -> None:
    answer = {
        "content": "",
        "reasoning": None,
        "refusal": None,
        "tool_calls": [{"id": "c1", "name": "f", "arguments": "{}"}],
    }
    request = parse(messages=[*HELLO, {"role": "assistant", **answer}])

    assert request.messages[1] == Message("assistant", [Text(""), ToolCall("c1", "f", "{}")])


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"reasoning": "Hm", "reasoning_signature": "s"}, [Reasoning("Hm", "s")]),
        ({"reasoning_signature": "s"}, [Reasoning("", "s")]),
        ({"reasoning": None, "reasoning_signature": None}, []),
    ],
)
def test_reasoning_is_handed_back_with_its_signature_or_with_that_alone(
    said: dict[str, Any], read: list[object]
) -> None:
    assert parse(messages=[*HELLO, {"role": "assistant", **said}]).messages[1].parts == read


def test_tools_may_be_wrapped_as_openai_wraps_them() -> None:
    bare = parse(options={"tools": [{"name": "f", "parameters": {}}], "tool_choice": {"name": "f"}})
    wrapped = parse(
        options={
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
        }
    )

    assert bare == wrapped
    assert bare.options.tools == [Tool("f", None, {})]
    assert bare.options.tool_choice == ToolChoice("tool", "f")


def test_the_older_functions_become_tools() -> None:
    request = parse(
        messages=[
            *HELLO,
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "4"},
        ],
        options={"functions": [{"name": "f", "parameters": {}}], "function_call": {"name": "f"}},
    )

    assert request.messages[1:] == [
        Message("assistant", [ToolCall("call_1", "f", "{}")]),
        Message("tool", [Text("4")], "f", "call_1"),
    ]
    assert request.options == Options(tools=[Tool("f", None, {})], tool_choice=ToolChoice("tool", "f"))


def test_an_empty_response_format_asks_for_nothing() -> None:
    assert parse(options={"response_format": {}}).options.response_format is None


def test_a_schema_is_read() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "cat", "schema": {"type": "object"}, "strict": True}}

    assert parse(options={"response_format": form}).options.response_format == ResponseFormat(
        "json_schema", {"type": "object"}, "cat", strict=True
    )


def test_a_block_of_another_dialect_is_shown_as_it_came() -> None:
    block = {"type": "video_url", "video_url": {"url": "https://a.example/"}}

    assert native.render_request(Request([Message("user", [Opaque(block)])]))["messages"][0]["content"] == [block]
