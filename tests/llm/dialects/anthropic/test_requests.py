"""Requests as clients of Anthropic write them, and as vendors of that dialect are asked on behalf of any caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from llm.dialects import anthropic
from llm.dialects.anthropic import Target, target_of
from llm.errors import InvalidField
from llm.types import (
    Audio,
    File,
    Image,
    JsonObject,
    Message,
    Opaque,
    Options,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)

HI: list[JsonObject] = [{"role": "user", "content": "Hi"}]
OLD, NEW = Target("claude-haiku-4-5"), target_of("claude-haiku-5-5", {})


def read(**body: Any) -> Request:
    return anthropic.parse_request({"model": "m", "max_tokens": 10, "messages": HI, **body})


def wrong(**body: Any) -> str | None:
    with pytest.raises(InvalidField) as caught:
        read(**body)
    return caught.value.param


def render(request: Request, target: Target = OLD, max_tokens: int | None = None) -> tuple[JsonObject, list[str]]:
    dropped: list[str] = []
    return anthropic.render_request(request, target=target, max_tokens=max_tokens, dropped=dropped), dropped


def asked(*messages: Message, **options: Any) -> Request:
    """By a caller of another dialect."""
    return Request([*messages] or [Message("user", [Text("Hi")])], options=Options(**options), dialect="openai")


class TestReading:
    def test_results_become_messages_of_their_own(self) -> None:
        call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": "ok", "is_error": True, "cache_control": {}}
        turns = [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
        ]

        assert read(system="Be brief.", messages=turns).messages == [
            Message("system", [Text("Be brief.")]),
            Message("assistant", [ToolCall("t1", "f", '{"a":1}')]),
            Message("tool", [Text("ok")], tool_call_id="t1", is_error=True, extra={"cache_control": {}}),
            Message("user", [Text("And?")]),
        ]

    def test_blocks_become_parts_and_what_is_unknown_stays_with_them(self) -> None:
        blocks: list[JsonObject] = [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            {"type": "image", "source": {"type": "file", "file_id": "f1"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "AB"}, "title": "T"},
            {"type": "document", "source": {"type": "content", "content": "x"}},
            {"type": "search_result", "source": "x", "title": "y", "content": []},
        ]

        assert read(messages=[{"role": "user", "content": blocks}]).messages[0].parts == [
            Text("a", {"cache_control": {"type": "ephemeral"}}),
            Image("data:image/png;base64,QQ=="),
            Opaque(blocks[2]),
            File("data:text/plain;base64,QUI=", name="T"),
            Opaque(blocks[4]),
            Opaque(blocks[5]),
        ]

    def test_options_are_read_under_their_names_here(self) -> None:
        form = {"type": "json_schema", "schema": {"type": "object"}}
        request = read(
            stop_sequences=["END"],
            top_k=3,
            tools=[{"name": "f", "input_schema": {"type": "object"}}, {"type": "web_search_20250305", "name": "w"}],
            tool_choice={"type": "any", "disable_parallel_tool_use": True},
            output_config={"effort": "xhigh", "format": form, "other": 1},
            metadata={"user_id": "u1", "x": 1},
        )

        assert request.options == Options(
            max_tokens=10,
            stop=["END"],
            top_k=3,
            tools=[
                Tool("f", parameters={"type": "object"}),
                Tool("w", kind="web_search_20250305", extra={"name": "w"}),
            ],
            tool_choice=ToolChoice("required"),
            parallel_tool_calls=False,
            reasoning_effort="xhigh",
            response_format=ResponseFormat("json_schema", {"type": "object"}),
        )
        assert request.extra == {"output_config": {"other": 1}, "metadata": {"user_id": "u1", "x": 1}}
        assert request.metadata.user_id == "u1"

    @pytest.mark.parametrize(
        ("thinking", "effort"),
        [
            ({"type": "enabled", "budget_tokens": 1024}, "low"),
            ({"type": "enabled", "budget_tokens": 8000}, "medium"),
            ({"type": "enabled", "budget_tokens": 32000}, "high"),
            ({"type": "adaptive"}, None),
            ({"type": "disabled"}, None),
            ("perhaps", None),
        ],
    )
    def test_a_budget_for_thought_comes_to_an_effort(self, thinking: Any, effort: str | None) -> None:
        request = read(thinking=thinking)

        assert (request.options.reasoning_effort, request.extra) == (effort, {"thinking": thinking})

    def test_nothing_may_be_bound_to_nothing(self) -> None:
        """Which fills a cache and generates no answer."""
        assert read(max_tokens=0).options.max_tokens == 0

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({"max_tokens": None}, "max_tokens"),
            ({"max_tokens": -1}, "max_tokens"),
            ({"messages": None}, "messages"),
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "developer", "content": "x"}]}, "messages[0].role"),
            ({"messages": [{"role": "user"}]}, "messages[0].content"),
            ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
            ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].source"),
            ({"system": 7}, "system"),
            ({"system": [{"type": "text", "text": 7}]}, "system[0].text"),
            ({"temperature": 1.5}, "temperature"),
            ({"tools": [{"description": "x"}]}, "tools[0].name"),
            ({"tool_choice": {"type": "perhaps"}}, "tool_choice.type"),
            ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
            ({"gatehouse": {"cash": 1}}, "gatehouse.cash"),
        ],
    )
    def test_a_wrong_field_is_named_by_its_path(self, body: JsonObject, param: str) -> None:
        assert wrong(**body) == param

    @pytest.mark.parametrize(
        ("source", "end"),
        [
            ({"type": "base64", "media_type": "image/png", "data": "!"}, "source.data"),
            ({"type": "base64", "media_type": "text/html", "data": "QQ=="}, "source.media_type"),
            ({"type": "url", "url": "file:///etc/passwd"}, "source.url"),
        ],
    )
    def test_a_picture_that_is_none_is_refused(self, source: JsonObject, end: str) -> None:
        turn = {"role": "user", "content": [{"type": "image", "source": source}]}

        assert wrong(messages=[turn]) == f"messages[0].content[0].{end}"

    def test_a_result_must_have_been_called_for(self) -> None:
        result = {"type": "tool_result", "tool_use_id": "t1"}

        assert wrong(messages=[{"role": "user", "content": [result]}]) == "messages[0].content[0].tool_use_id"

    def test_a_count_needs_no_bound(self) -> None:
        assert anthropic.parse_question({"messages": HI}).options.max_tokens is None


class TestAsSent:
    def test_only_the_model_and_a_lower_bound_are_ours(self) -> None:
        body = {"max_tokens": 99, "x": [1.0, None], "messages": HI, "gatehouse": {}, "model": "m", "system": ""}

        sent, dropped = render(anthropic.parse_request(body), max_tokens=7)

        assert list(sent.items()) == [
            *[("max_tokens", 7), ("x", [1.0, None]), ("messages", HI), ("model", "claude-haiku-4-5"), ("system", "")]
        ]
        assert dropped == []

    def test_options_of_the_providers_row_stand_beside_what_was_said(self) -> None:
        request = read(top_p=0.5)
        request = replace(request, options=replace(request.options, temperature=0.3, top_p=0.9))

        sent, _ = render(request)

        assert (sent["temperature"], sent["top_p"]) == (0.3, 0.5)

    def test_without_a_version_of_its_own_a_newer_model_is_not_asked_what_it_refuses(self) -> None:
        request = read(temperature=0.5)

        assert render(request, NEW)[1] == ["temperature"]
        request.headers = {"anthropic-version": "2026-10-21"}
        assert render(request, NEW) == ({"model": NEW.model, "max_tokens": 10, "messages": HI, "temperature": 0.5}, [])

    def test_other_messages_are_written_anew(self) -> None:
        request = read(system="Be brief.", messages=[*HI, {"role": "user", "content": "Ho"}])
        sent, _ = render(replace(request, messages=[*request.messages, Message("assistant", [Text("So")])]))

        assert sent["system"] == "Be brief."
        assert sent["messages"] == [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "Ho"}]},
            {"role": "assistant", "content": "So"},
        ]


class TestTranslating:
    def test_rules_stand_apart_and_turns_alternate(self) -> None:
        sent, _ = render(
            asked(
                Message("system", [Text("A")]),
                Message("user", [Text("Hi"), Text("")]),
                Message("assistant", [Refusal("No.")]),
                Message("developer", [Text("B")]),
                Message("user", [Text("Ho")]),
            )
        )

        assert sent["system"] == [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
        assert sent["messages"] == [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "No."},
            {"role": "user", "content": "Ho"},
        ]

    def test_rules_alone_are_the_question(self) -> None:
        sent, _ = render(asked(Message("system", [Text("Write a poem.")])))

        assert sent["messages"] == [{"role": "user", "content": "Write a poem."}]
        assert "system" not in sent

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {"input": "[1]"}), ('{"a": ', {"input": '{"a": '})],
    )
    def test_arguments_are_an_object_whatever_was_written(self, arguments: str, told: JsonObject) -> None:
        sent, _ = render(asked(Message("assistant", [ToolCall("c1", "f", arguments)])))

        assert sent["messages"][0]["content"] == [{"type": "tool_use", "id": "c1", "name": "f", "input": told}]

    def test_signed_thought_goes_back_and_unsigned_does_not(self) -> None:
        sent, dropped = render(asked(Message("assistant", [Reasoning("a", "s"), Reasoning("b"), Text("c")])))

        assert sent["messages"][0]["content"][0] == {"type": "thinking", "thinking": "a", "signature": "s"}
        assert dropped == ["messages[0].content[1]"]

    @pytest.mark.parametrize(("model", "goes"), [("claude-haiku-4-5", False), ("a-local-model", True)])
    def test_an_unsigned_thought_goes_back_to_no_claude(self, model: str, goes: bool) -> None:
        thought = {"type": "thinking", "thinking": "a", "signature": ""}
        turns = [{"role": "assistant", "content": [thought, {"type": "text", "text": "c"}]}, *HI]

        sent, dropped = render(read(max_tokens=5, messages=turns), Target(model))

        assert (thought in list(sent["messages"][0]["content"])) is goes
        assert dropped == ([] if goes else ["messages[0].content[0]"])

    def test_what_has_no_word_here_is_named(self) -> None:
        request = asked(
            Message("user", [Audio("QQ==", "wav"), Image("https://x.org/y", "high"), Opaque({"type": "z"})], "Ada"),
            frequency_penalty=1.0,
            seed=7,
            n=2,
            temperature=1.5,
            top_k=3,
            response_format=ResponseFormat("json_object"),
            tools=[Tool("w", kind="custom")],
        )
        request.extra = {"logit_bias": {}}

        _, dropped = render(request)

        assert sorted(dropped) == [
            "frequency_penalty",
            "logit_bias",
            "messages[0].content[0]",
            "messages[0].content[1].detail",
            "messages[0].content[2]",
            "messages[0].name",
            "n",
            "response_format",
            "seed",
            "temperature",
            "tools[0]",
        ]

    def test_beside_a_temperature_no_top_p(self) -> None:
        sent, dropped = render(asked(temperature=0.5, top_p=0.5))

        assert (sent["temperature"], dropped) == (0.5, ["top_p"])

    def test_a_newer_model_takes_neither(self) -> None:
        sent, dropped = render(asked(temperature=0.5, top_p=0.5, top_k=1), NEW)

        assert (set(sent), dropped) == ({"model", "max_tokens", "messages"}, ["temperature", "top_p", "top_k"])

    def test_an_answer_after_a_schema(self) -> None:
        form = ResponseFormat("json_schema", {"type": "object"}, name="x", strict=True)

        assert render(asked(response_format=form))[0]["output_config"] == {
            "format": {"type": "json_schema", "schema": {"type": "object"}}
        }
        assert render(asked(response_format=form), replace(OLD, structured=False))[1] == ["response_format"]

    @pytest.mark.parametrize(
        ("effort", "target", "bound", "thinking", "dropped"),
        [
            ("high", OLD, 50_000, {"type": "enabled", "budget_tokens": 24_576}, []),
            ("high", OLD, 4_000, {"type": "enabled", "budget_tokens": 3_999}, []),
            ("high", OLD, 500, None, ["reasoning_effort"]),
            ("none", OLD, 500, {"type": "disabled"}, []),
            ("sometimes", OLD, 5_000, None, ["reasoning_effort"]),
            ("minimal", NEW, 500, {"type": "adaptive"}, []),
            ("sometimes", NEW, 500, None, ["reasoning_effort"]),
        ],
    )
    def test_an_effort_is_told_as_the_model_understands_it(
        self, effort: str, target: Target, bound: int, thinking: JsonObject | None, dropped: list[str]
    ) -> None:
        sent, told = render(asked(reasoning_effort=effort), target, bound)

        assert (sent.get("thinking"), told) == (thinking, dropped)

    def test_while_it_thinks_nothing_is_sampled(self) -> None:
        assert render(asked(reasoning_effort="low", temperature=0.2), OLD, 9_000)[1] == ["temperature"]

    @pytest.mark.parametrize(
        ("choice", "parallel", "told"),
        [
            (ToolChoice("required"), None, {"type": "any"}),
            (ToolChoice("tool", "f"), None, {"type": "tool", "name": "f"}),
            (ToolChoice("none"), False, {"type": "none"}),
            (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
            (None, True, None),
        ],
    )
    def test_the_choice_between_tools(
        self, choice: ToolChoice | None, parallel: bool | None, told: JsonObject | None
    ) -> None:
        sent, _ = render(asked(tools=[Tool("f")], tool_choice=choice, parallel_tool_calls=parallel))

        assert sent["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]
        assert sent.get("tool_choice") == told


@pytest.mark.parametrize(
    ("model", "newer"),
    [
        ("claude-2.1", False),
        ("claude-3-5-haiku-20241022", False),
        ("claude-opus-4-20250514", False),
        ("claude-opus-4-0", False),
        ("claude-sonnet-4-6", False),
        ("claude-haiku-4-5-20251001", False),
        ("anthropic.claude-opus-4-1-20250805-v1:0", False),
        ("claude-opus-4-7", True),
        ("claude-opus-4-10", True),
        ("claude-sonnet-5", True),
        ("claude-haiku-5-5", True),
        ("claude-fable-6", True),
        ("kimi-k2", False),
    ],
)
def test_the_name_of_a_model_tells_its_age(model: str, newer: bool) -> None:
    target = target_of(model, {})

    assert (target.version, target.effort, target.samples) == (
        "2026-10-21" if newer else "2023-06-01",
        newer,
        not newer,
    )
