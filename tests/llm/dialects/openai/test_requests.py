"""Chat completion requests: read from clients without losing a field, written to vendors in their words."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects import native, openai
from llm.dialects.openai import OPENAI, Profile
from llm.errors import InvalidField
from llm.types import (
    Audio,
    File,
    Image,
    Message,
    Opaque,
    Options,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
PNG = "data:image/png;base64,iVBORw0KGgo="


def parse(**fields: Any) -> Request:
    return openai.parse_request({"model": "small", "messages": HELLO, **fields})


def refusal(**fields: Any) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        parse(**fields)
    return caught.value


def render(
    request: Request, profile: Profile = OPENAI, max_tokens: int | None = None
) -> tuple[dict[str, Any], list[str]]:
    dropped: list[str] = []
    body = openai.render_request(request, model="gpt-x", max_tokens=max_tokens, profile=profile, dropped=dropped)
    return body, dropped


def sent(**fields: Any) -> dict[str, Any]:
    body, dropped = render(parse(**fields))
    assert dropped == []
    return body


def test_unknown_fields_reach_the_vendor_at_their_level() -> None:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}], "x": 1},
        {"role": "assistant", "content": None, "audio": {"id": "audio_1"}},
        {"role": "user", "content": [{"type": "video_url", "video_url": {"url": "https://a.example/"}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG, "x": 1}, "y": 2}]},
    ]
    tools = [{"type": "function", "function": {"name": "f", "x": 1}, "y": 2}, {"type": "web_search", "z": 3}]
    extra = {"logit_bias": {"1": 2}, "metadata": {"k": "v"}, "store": True, "x_new": [1, None]}

    body = sent(messages=messages, tools=tools, **extra)

    assert body == {"model": "gpt-x", "messages": messages, "tools": tools, **extra}


def test_our_own_object_never_leaves_the_house() -> None:
    ours = {"fallbacks": [], "cache": {"mode": "off"}, "metadata": {"user_id": "u1", "tags": {"team": "a"}}}
    request = parse(gatehouse=ours)

    assert (request.fallbacks, request.cache.mode, request.metadata.tags) == ([], "off", {"team": "a"})
    assert "gatehouse" not in render(request)[0]


def test_our_own_object_is_read_strictly() -> None:
    assert refusal(gatehouse={"fallback": []}).param == "gatehouse.fallback"
    assert refusal(gatehouse=5).param == "gatehouse"


def test_the_user_is_known_to_us_and_to_the_vendor() -> None:
    request = parse(user="u1")

    assert request.metadata.user_id == "u1"
    assert render(request)[0]["user"] == "u1"


def test_a_user_of_our_own_surface_is_not_told_to_the_vendor() -> None:
    request = native.parse_request({"messages": HELLO, "metadata": {"user_id": "u1"}})

    assert "user" not in render(request)[0]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_bound_are_one(name: str) -> None:
    assert parse(**{name: 5}).options.max_tokens == 5


def test_two_bounds_must_agree() -> None:
    assert parse(max_tokens=5, max_completion_tokens=5).options.max_tokens == 5
    assert refusal(max_tokens=5, max_completion_tokens=6).param == "max_tokens"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"model": 1}, "model"),
        ({"n": 9}, "n"),
        ({"n": 0}, "n"),
        ({"temperature": "hot"}, "temperature"),
        ({"tool_choice": "auto", "function_call": "auto"}, "function_call"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "cat"}}]}]},
         "messages[0].content[0].image_url.url"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": ""}}]}]},
         "messages[0].content[0].file.file_data"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "!"}}]}]},
         "messages[0].content[0].input_audio.data"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]}]},
         "messages[0].tool_calls[0].function.name"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_its_path(fields: dict[str, Any], param: str) -> None:
    assert refusal(**fields).param == param


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ({"type": "text", "text": "a"}, Text("a")),
        ({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}, Image(PNG, "low")),
        ({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}, Audio("QQ==", "wav")),
        ({"type": "file", "file": {"file_id": "f1"}}, File(None, "f1")),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64,QQ==", "filename": "a"}},
         File("data:text/plain;base64,QQ==", None, "a")),
        ({"type": "refusal", "refusal": "No."}, Refusal("No.")),
        ({"type": "clip", "clip": 1}, Opaque({"type": "clip", "clip": 1})),
    ],
)  # fmt: skip
def test_parts(part: dict[str, Any], read: Part) -> None:
    assert parse(messages=[{"role": "user", "content": [part]}]).messages[0].parts == [read]


def test_several_calls_and_their_results_are_read() -> None:
    request = parse(
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "Two cities.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "4 + 4"}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "sun"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "8"}]},
        ]
    )

    assert request.messages[1:] == [
        Message(
            "assistant", [Reasoning("Two cities."), ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "4 + 4", "custom")]
        ),
        Message("tool", [Text("sun")], tool_call_id="c1"),
        Message("tool", [Text("8")], tool_call_id="c2"),
    ]


def test_the_older_functions_are_asked_for_as_tools_one_at_a_time() -> None:
    request = parse(
        messages=[
            *HELLO,
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "4"},
        ],
        functions=[{"name": "f", "parameters": {}}],
        function_call="auto",
    )
    body, dropped = render(request)

    assert request.legacy_functions
    assert request.options == Options(tools=[Tool("f", None, {})], tool_choice=ToolChoice("auto"))
    assert body["parallel_tool_calls"] is False
    assert body["messages"][1]["tool_calls"][0]["id"] == body["messages"][2]["tool_call_id"]
    assert dropped == []


def test_tools_are_not_legacy() -> None:
    assert not parse(tools=[{"type": "function", "function": {"name": "f"}}]).legacy_functions


@pytest.mark.parametrize(
    "choice",
    [
        "auto",
        "none",
        "required",
        {"type": "function", "function": {"name": "f"}},
        {"type": "function", "function": {"name": "f", "x": 1}, "y": 2},
        {"type": "custom", "custom": {"name": "f"}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
    ],
)
def test_every_choice_of_tool_survives(choice: object) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]

    assert sent(tools=tools, tool_choice=choice)["tool_choice"] == choice


@pytest.mark.parametrize(
    "form",
    [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "cat", "schema": {"type": "object"}, "strict": True}},
        {"type": "json_schema", "json_schema": {"name": "cat", "schema": {}, "x": 1}, "y": 2},
        {"type": "grammar", "grammar": "root ::= 'a'"},
    ],
)
def test_every_form_of_answer_survives(form: dict[str, Any]) -> None:
    assert sent(response_format=form)["response_format"] == form


def test_a_schema_without_a_name_is_given_one() -> None:
    request = Request(
        [Message("user", [Text("a")])], options=Options(response_format=ResponseFormat("json_schema", {}))
    )

    assert render(request)[0]["response_format"]["json_schema"] == {"name": "answer", "schema": {}}


def test_usage_is_always_asked_for_in_a_stream() -> None:
    asked = sent(stream=True, stream_options={"include_obfuscation": False})

    assert asked["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert not parse(stream=True).include_usage
    assert parse(stream=True, stream_options={"include_usage": True}).include_usage
    assert "stream" not in sent(stream=False)


def test_a_profile_speaks_the_vendors_words() -> None:
    mistral = Profile(
        output_bound="max_tokens",
        refused=frozenset({"logit_bias", "parallel_tool_calls"}),
        renamed={"seed": "random_seed"},
        stream_options=False,
    )
    request = parse(seed=4, logit_bias={}, stream=True, messages=[{"role": "developer", "content": "Be terse."}])
    body, dropped = render(request, mistral, max_tokens=9)

    assert body == {
        "model": "gpt-x",
        "messages": [{"role": "system", "content": "Be terse."}],
        "max_tokens": 9,
        "random_seed": 4,
        "stream": True,
    }
    assert dropped == ["logit_bias"]


def test_earlier_reasoning_goes_where_the_vendor_takes_it() -> None:
    turn = [*HELLO, {"role": "assistant", "content": "4", "reasoning": "2 + 2"}]
    request = parse(messages=turn)

    assert render(request, Profile(reasoning_field="reasoning_content"))[0]["messages"][1] == {
        "role": "assistant",
        "content": "4",
        "reasoning_content": "2 + 2",
    }
    assert render(request)[1] == ["messages[1].reasoning"]


def test_texts_become_one_string_though_another_dialect_said_more_of_them() -> None:
    said = Message("user", [Text("a", {"cache_control": {}}), Text("b")])

    body, dropped = render(Request([said], dialect="anthropic"), Profile(text_parts=False))

    assert body["messages"][0]["content"] == "a\nb"
    assert dropped == ["messages[0].content[0].cache_control"]


def test_what_another_dialect_said_is_dropped_by_name() -> None:
    request = Request(
        messages=[
            Message("user", [Text("a", {"cache_control": {}}), Opaque({"type": "document"})], extra={"x": 1}),
            Message("tool", [Text("b")], tool_call_id="c1", is_error=True),
        ],
        options=Options(tools=[Tool("web", kind="web_search_1", extra={"max_uses": 1})], top_k=5),
        dialect="anthropic",
        extra={"thinking": {}},
    )
    body, dropped = render(request)

    assert body == {
        "model": "gpt-x",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "tool", "content": "b", "tool_call_id": "c1"},
        ],
    }
    assert sorted(dropped) == [
        "messages[0].content[0].cache_control",
        "messages[0].content[1]",
        "messages[0].x",
        "messages[1].is_error",
        "thinking",
        "tools[0]",
        "top_k",
    ]
