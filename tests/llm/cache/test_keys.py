from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any, get_args

import pytest

from llm.cache import (
    CachedAnswer,
    cache_key,
    is_cacheable,
    reads_cache,
    worth_keeping,
)
from llm.types import (
    Block,
    CachePolicy,
    Choice,
    Completion,
    Context,
    Image,
    Message,
    Metadata,
    Options,
    Part,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    Usage,
)
from tests.llm.answers import STRANGE, WHOLE
from tests.llm.costs import cost

ASKED = Request([Message("user", [Text("What is this?")])], model="small", options=Options(temperature=0))


@pytest.mark.parametrize(
    "other",
    [
        {"messages": [Message("user", [Text("What is that?")])]},
        {"messages": [Message("user", [Refusal("What is this?")])]},
        {"messages": [Message("user", [Text("What is "), Text("this?")])]},
        {"messages": [Message("user", [Text("What is this?"), Image("https://example.org/a.png")])]},
        {"messages": [Message("system", [Text("What is this?")])]},
        {"messages": [Message("user", [Text("What is this?")], name="Ada")]},
        {"provider": "openai"},
        {"headers": {"anthropic-beta": "context-1m-2025-08-07"}},
        {"fallbacks": []},
        {"fallbacks": ["large"]},
        {"context": Context("Some facts.")},
        {"options": Options(temperature=0, seed=1)},
        {"options": Options(temperature=0, n=2)},
        {"options": Options(temperature=0, max_tokens=5)},
        {"options": Options(temperature=0, tools=[Tool("weather")])},
        {"options": Options(temperature=0, response_format=ResponseFormat("json_object"))},
        {"options": Options(temperature=0, reasoning_effort="low")},
        {"dialect": "openai"},
        {"extra": {"logit_bias": {"50256": -100}}},
    ],
)
def test_whatever_changes_the_answer_changes_the_key(other: dict[str, Any]) -> None:
    assert cache_key(1, "gpt-4o-mini", replace(ASKED, **other)) != cache_key(1, "gpt-4o-mini", ASKED)


def test_organisations_and_models_have_keys_of_their_own() -> None:
    assert len({cache_key(organisation, name, ASKED) for organisation in (1, 2) for name in ("a", "b")}) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"stream": True},
        {"include_usage": True},
        {"metadata": Metadata(user_id="u1", session_id="s1", request_id="r1", tags={"team": "a"})},
        {"extra": {"user": "u1", "safety_identifier": "s1", "stream_options": {"include_obfuscation": False}}},
        {"cache": CachePolicy("on", 60)},
        {"model": "gpt-4o-mini"},
    ],
)
def test_how_and_by_whom_it_is_asked_leaves_the_key_alone(other: dict[str, Any]) -> None:
    assert cache_key(1, "gpt-4o-mini", replace(ASKED, **other)) == cache_key(1, "gpt-4o-mini", ASKED)


def test_the_order_of_a_schema_counts() -> None:
    """A model asked for the reason first answers otherwise than one that is asked for it last."""

    def asked(*names: str) -> Request:
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
        return replace(ASKED, options=Options(response_format=ResponseFormat("json_schema", schema)))

    assert cache_key(1, "m", asked("reason", "verdict")) != cache_key(1, "m", asked("verdict", "reason"))


def test_no_two_kinds_of_part_look_alike_in_a_key() -> None:
    shapes = [tuple(field.name for field in fields(kind)) for kind in get_args(Part)]
    assert len(set(shapes)) == len(shapes)


def test_a_key_can_be_made_of_whatever_json_holds() -> None:
    odd = replace(ASKED, messages=[Message("user", [Text("\ud800")])], extra={"number": 2**80})
    assert len(cache_key(1, "m", odd)) == 64


@pytest.mark.alone
def test_a_key_is_cheap() -> None:
    assert cost(lambda: cache_key(1, "m", ASKED)) < cost(lambda: json.dumps(asdict(ASKED)))


@pytest.mark.parametrize(
    ("mode", "temperature", "model_caches", "cacheable"),
    [
        ("auto", 0, True, True),
        ("auto", 0.0, True, True),
        ("auto", 0.7, True, False),
        ("auto", None, True, False),
        ("on", 0.7, True, True),
        ("refresh", 0.7, True, True),
        ("off", 0, True, False),
        ("on", 0, False, False),
    ],
)
def test_the_mode_and_the_temperature_decide(
    mode: Any, temperature: float | None, model_caches: bool, cacheable: bool
) -> None:
    request = replace(ASKED, cache=CachePolicy(mode), options=Options(temperature=temperature))
    assert is_cacheable(request, model_caches=model_caches) is cacheable


def test_refresh_wants_a_new_answer() -> None:
    assert [reads_cache(replace(ASKED, cache=CachePolicy(mode))) for mode in ("auto", "on", "refresh")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("choices", "kept"),
    [
        ([Choice("Yes.", finish_reason="stop")], True),
        ([Choice("Yes. And", finish_reason="length")], True),
        ([Choice("Yes.", finish_reason="stop"), Choice("No.", finish_reason="stop")], True),
        ([Choice("Yes.", finish_reason="stop"), Choice("No")], False),
        ([Choice("Yes. An")], False),
        ([Choice("Yes.", finish_reason="content_filter")], False),
        ([Choice("", finish_reason="stop")], False),
        ([Choice("Sorry.", refusal="I would rather not.", finish_reason="stop")], False),
        ([Choice(tool_calls=[ToolCall("c", "f", "{}")], finish_reason="tool_calls")], False),
        ([Choice("Let me see.", tool_calls=[ToolCall("c", "f", "{}")], finish_reason="stop")], False),
        ([], False),
    ],
)
def test_only_whole_answers_are_worth_keeping(choices: list[Choice], kept: bool) -> None:
    assert worth_keeping(Completion(choices)) is kept


def test_an_answer_comes_back_as_it_was() -> None:
    whole = CachedAnswer(
        Completion(
            [Choice("é😀", "thought", "proof", "no", [ToolCall("c", "f", "{}", extra={"a": 1})], "stop", "end_turn")],
            Usage(1, 2, 3, 4, 5, 6, True, {"audio": 7}),
            "id",
            "gpt",
            {"fingerprint": "fp"},
        ),
        "openai",
        "gpt",
        "gpt-2024",
        None,
    )
    assert CachedAnswer.decode(whole.encode()) == whole
    blocks = [Block("reasoning", 7, "proof", {"a": 1}), Block("opaque", extra={"type": "search"})]
    whole.completion.choices[0].blocks = blocks
    assert CachedAnswer.decode(whole.encode()) == whole
    without_usage = replace(whole, completion=Completion())
    assert CachedAnswer.decode(without_usage.encode()) == without_usage


@pytest.mark.parametrize("raw", STRANGE)
def test_an_older_or_corrupt_entry_is_none(raw: bytes) -> None:
    assert CachedAnswer.decode(raw) is None


def test_entries_hold_no_more_than_the_answer() -> None:
    """Who asked, and with what, is not to be read out of the store."""
    _, stored = json.loads(WHOLE)
    assert set(stored) == {"completion", "provider", "model", "upstream_model", "cost"}
