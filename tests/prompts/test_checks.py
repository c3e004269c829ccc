"""What an example asks of an answer, and which answers pass."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from prompts.checks import KINDS, Check, judge, read_checks


def read(*checks: dict[str, Any]) -> tuple[Check, ...]:
    return read_checks(Fields({"checks": list(checks)}, "", strict=True))


def failure(text: str, **check: Any) -> str | None:
    (one,) = read(check)
    found = judge(one, text)
    return None if found is None else found.message


PERSON = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["age"]}

GOOD: list[tuple[dict[str, Any], str]] = [
    ({"type": "equals", "value": "Yes"}, "Yes\n"),
    ({"type": "equals", "value": ""}, " \n"),
    ({"type": "equals", "value": "yes", "ignore_case": True}, "YES"),
    ({"type": "contains", "value": "a b"}, "x a b y"),
    ({"type": "contains", "value": "STRASSE", "ignore_case": True}, "Straße"),
    ({"type": "not_contains", "value": "no"}, "yes"),
    ({"type": "regex", "pattern": "^[0-9]{2}$"}, "42"),
    ({"type": "json_schema", "schema": PERSON}, ' {"age": 3}\n'),
    ({"type": "number_range", "min": 1, "max": 2.5}, "It is about 2.5 metres."),
    ({"type": "number_range", "max": 0}, "-1e3"),
    ({"type": "max_length", "max": 3}, "abc"),
    ({"type": "graded", "question": "Is it kind?", "model": "m"}, "PASS: it is."),
    ({"type": "graded", "question": "Is it kind?"}, "**pass**"),
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "equals", "value": "Yes"}, "yes", 'wanted "Yes", got "yes"'),
    ({"type": "contains", "value": "a"}, "A", 'wanted "a" in it, got "A"'),
    ({"type": "not_contains", "value": "no"}, "I know", "at character 4"),
    ({"type": "regex", "pattern": "^a"}, "ba", "wanted text that matches ^a"),
    ({"type": "regex", "pattern": "a"}, "b" * 40_000, "no more than 30000 characters"),
    ({"type": "json_schema", "schema": PERSON}, '{"age": "3"}', "answer.age: got"),
    ({"type": "json_schema", "schema": PERSON}, "{}", "answer.age: it is missing"),
    ({"type": "json_schema", "schema": PERSON}, "Sure! {}", "it is not JSON"),
    ({"type": "json_schema", "schema": {}}, "[" * 40 + "]" * 40, "deeper than 32"),
    ({"type": "number_range", "min": 1}, "0.5", "wanted at least 1, got 0.5"),
    ({"type": "number_range", "max": 1}, "1.5", "wanted at most 1, got 1.5"),
    ({"type": "number_range", "max": 1}, "none", "got none"),
    ({"type": "number_range", "max": 9}, "1 to 2", "got 2"),
    ({"type": "max_length", "max": 3}, "abcd", "wanted at most 3 characters, got 4"),
    ({"type": "graded", "question": "?"}, "FAIL: rude", "the grader: FAIL: rude"),
    ({"type": "graded", "question": "?"}, "It seems fine.", "no verdict"),
    ({"type": "graded", "question": "?"}, "passable", "no verdict"),
]


@pytest.mark.parametrize(("check", "text"), GOOD)
def test_an_answer_passes(check: dict[str, Any], text: str) -> None:
    assert failure(text, **check) is None


@pytest.mark.parametrize(("check", "text", "words"), BAD)
def test_an_answer_fails_with_a_sentence(check: dict[str, Any], text: str, words: str) -> None:
    assert words in (failure(text, **check) or "")


def test_every_kind_passes_and_fails_somewhere() -> None:
    assert {check["type"] for check, _ in GOOD} == {check["type"] for check, _, _ in BAD} == set(KINDS)


@pytest.mark.parametrize("check", [check for check, _ in GOOD])
def test_a_check_is_written_as_it_was_read(check: dict[str, Any]) -> None:
    (one,) = read(check)
    assert one.as_json() == check
    assert read(json.loads(json.dumps(one.as_json()))) == (one,)


@pytest.mark.parametrize(
    ("check", "path"),
    [
        ({}, "type"),
        ({"type": "like"}, "type"),
        ({"type": "equals"}, "value"),
        ({"type": "contains", "value": ""}, "value"),
        ({"type": "equals", "value": 3}, "value"),
        ({"type": "equals", "value": "a", "pattern": "a"}, "pattern"),
        ({"type": "regex", "pattern": ""}, "pattern"),
        ({"type": "regex", "pattern": "(?=a)"}, "pattern"),
        ({"type": "regex", "pattern": "("}, "pattern"),
        ({"type": "json_schema"}, "schema"),
        ({"type": "json_schema", "schema": {"type": "text"}}, "schema.type"),
        ({"type": "json_schema", "schema": {"$ref": "#"}}, "schema.$ref"),
        ({"type": "json_schema", "schema": {"$schema": "https://example.org/x"}}, "schema.$schema"),
        ({"type": "number_range"}, "min"),
        ({"type": "number_range", "min": 2, "max": 1}, "max"),
        ({"type": "number_range", "min": True}, "min"),
        ({"type": "max_length"}, "max"),
        ({"type": "max_length", "max": 1.5}, "max"),
        ({"type": "max_length", "max": 0}, "max"),
        ({"type": "graded", "model": "m"}, "question"),
        ({"type": "graded", "question": "q", "min": 1}, "min"),
        ({"type": "equals", "value": "a", "weight": 1}, "weight"),
    ],
)
def test_nonsense_is_refused_with_its_path(check: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidField) as caught:
        read({"type": "equals", "value": "a"}, check)
    assert caught.value.param == f"checks[1].{path}"


@given(st.text())
def test_any_answer_is_judged(text: str) -> None:
    for check in read(*(check for check, _ in GOOD)):
        found = judge(check, text)
        assert found is None or len(found.message) < 1_000


@pytest.mark.alone
@pytest.mark.parametrize("text", ["x" * 2_000_000, "1" * 2_000_000, "1 " * 1_000_000, "[" * 2_000_000, "[1," * 500_000])
def test_a_giant_answer_is_judged_in_a_second(text: str) -> None:
    checks = read(*(check for check, _ in GOOD))
    begun = time.process_time()
    for check in checks:
        judge(check, text)
    assert time.process_time() - begun < 1
