"""The form of a wording: what is typed is what is saved, and what is wrong is said where it was typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as some

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from prompts.admin.editor import texts
from prompts.admin.editor.changing import changed
from prompts.admin.editor.sheet import Sheet, rows_of, sentence
from prompts.judging import Problem
from prompts.wording import Wording, read_wording
from tests.prompts.conftest import wording

TYPED = some.text(some.characters(codec="utf-8", exclude_characters="\r\x00"))
"""Browsers send line ends in their own way, and fields take no NUL."""

WHOLE = some.integers(-(2**53), 2**53)
JSON = some.none() | some.booleans() | WHOLE | TYPED
LINES = some.lists(TYPED.filter(bool), min_size=1, max_size=3, unique=True)
OF_KIND: dict[str, some.SearchStrategy[Any]] = {
    "string": TYPED,
    "image": TYPED,
    "integer": WHOLE,
    "number": WHOLE | some.floats(-1e15, 1e15),
    "boolean": some.booleans(),
    "array": some.lists(JSON, max_size=3),
    "object": some.dictionaries(TYPED, JSON, max_size=3),
}
"""What a variable's default and example may be. Of an enum there are choices besides."""
BOUNDS: dict[str, dict[str, some.SearchStrategy[Any]]] = {
    "string": {"pattern": TYPED.filter(bool), "min_length": some.integers(0, 9)},
    "integer": {"min": some.integers(-(10**15), 10**15)},
    "array": {"max_length": some.integers(0, 9), "schema": some.just({"items": {"type": "string"}})},
}


@some.composite
def wordings(draw: some.DrawFn) -> Wording:
    options = {"temperature": some.floats(0, 2), "stop": LINES, "max_tokens": some.integers(1, 99), "seed": WHOLE}
    said = {
        "messages": [{"role": "user", "content": text} for text in draw(some.lists(TYPED, min_size=1, max_size=3))],
        "variables": [declared(draw, f"v{index}") for index in range(draw(some.integers(0, 3)))],
        "model": draw(some.none() | some.just("echo")),
        "options": draw(some.fixed_dictionaries({}, optional=options)),
        "optimized_for": draw(some.just([]) | LINES),
        "response_schema": draw(some.none() | some.just({}) | some.just({"type": "object"})),
    }
    return read_wording(Fields(said, "", strict=True))


def declared(draw: some.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(some.sampled_from([*OF_KIND, "enum"]))
    value = OF_KIND.get(kind, TYPED)
    more = {"default": value, "example": value, "description": TYPED.filter(bool), **BOUNDS.get(kind, {})}
    said = {
        "name": name,
        "type": kind,
        "required": draw(some.booleans()),
        **draw(some.fixed_dictionaries({}, optional=more)),
    }
    return said | ({"choices": draw(LINES)} if kind == "enum" else {})


def sent(rows: tuple[Any, Any, dict[str, Any]], **more: str) -> QueryDict:
    """What a browser sends of a page that was filled with `rows`."""
    messages, variables, settings = rows
    said = QueryDict(mutable=True)
    for noun, lines in (("messages", messages), ("variables", variables)):
        said[f"{noun}-TOTAL_FORMS"], said[f"{noun}-INITIAL_FORMS"] = str(len(lines)), "0"
        for index, line in enumerate(lines):
            said.update({f"{noun}-{index}-{name}": value for name, value in line.items() if value is not False})
    said.update({"base": "0", "note": "", **settings, **more})
    return said


def sheet(rows: tuple[Any, Any, dict[str, Any]], **more: str) -> Sheet:
    made = Sheet.sent(sent(rows, **more), models=[])
    assert made.is_readable()
    return made


@given(wordings())
def test_a_wording_opened_and_sent_unchanged_is_the_same_wording(said: Wording) -> None:
    assert sheet(rows_of(said)).wording() == said


@given(some.sampled_from(["string", "enum", "image"]), TYPED)
def test_a_text_comes_back_from_its_field_as_it_was(kind: str, value: str) -> None:
    assert texts.read_value(kind, texts.write_value(kind, value)) == value


@given(some.lists(TYPED, min_size=1))
def test_lines_come_back_from_their_field_as_they_were(values: list[str]) -> None:
    assert texts.read_lines(texts.write_lines(values)) == values


@pytest.mark.parametrize("typed", ['"hello"', '"', "[name]", " ", '{"a": 1}'])
def test_quotes_and_brackets_that_somebody_types_are_text(typed: str) -> None:
    assert texts.read_value("string", typed) == typed


@pytest.mark.parametrize("option", [{"temperature": 0.5}, {"stop": "END"}, {"stop": ["[", "END"]}, {"seed": 7}])
def test_options_come_back_as_they_were(option: dict[str, Any]) -> None:
    said = wording("Hello", options=option)

    assert sheet(rows_of(said)).wording() == said


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("temperature", "hot", "options.temperature"),
        ("options", "[1]", "options"),
        ("options", "{", "options"),
        ("response_schema", "nonsense", "response_schema"),
        ("variables-0-min_length", "few", "variables[0].min_length"),
        ("variables-0-choices", "a\nb", "variables[0].choices"),
        ("variables-0-name", "two words", "variables[0].name"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(name: str, value: str, param: str) -> None:
    made = sheet(rows_of(wording()), **{name: value})
    with pytest.raises(InvalidField) as caught:
        made.wording()

    assert caught.value.param == param
    assert made.field(param) == name


@pytest.mark.parametrize(
    ("param", "words"),
    [
        ("variables[3].name", "Another variable has it."),
        ("options.max_tokens", "Another variable has it."),
        ("model", "Another variable has it."),
        ("options.seed", "options.seed: another variable has it."),
        ("response_schema.type", "response_schema.type: another variable has it."),
        ("variables", "variables: another variable has it."),
    ],
)
def test_the_path_to_a_field_is_not_said_beside_it(param: str, words: str) -> None:
    assert sentence(InvalidField(f"{param}: another variable has it.", param=param)) == words


@pytest.mark.parametrize("path", ["", "messages[7].content", "messages[0]", "nowhere", "variables[0].unheard_of"])
def test_what_has_no_field_is_said_above_the_form(path: str) -> None:
    made = sheet(rows_of(wording()))
    made.blame(Problem("error", "No.", path))

    forms = [*made.messages.forms, *made.variables.forms, made.settings]
    assert [form.non_field_errors() for form in forms if form.errors] == [["No."]]


@pytest.mark.parametrize(
    "wish", ["", "add", "messages", "messages:9:out", "messages:x:up", "nobody:add", "messages:0:up"]
)
def test_a_wish_that_makes_no_sense_changes_nothing(wish: str) -> None:
    rows = rows_of(wording())
    again = changed(sent(rows), wish, models=[])

    assert [form["content"].value() for form in again.messages.forms] == ["Hello {{ customer }}"]


def test_rows_are_added_taken_out_and_put_in_order_with_all_that_was_typed() -> None:
    lines = [{"role": "user", "content": name} for name in ("a", "b", "c")]
    rows: tuple[Any, Any, dict[str, Any]] = (lines, [], {})
    contents = {
        wish: [form["content"].value() for form in changed(sent(rows), wish, models=[]).messages.forms]
        for wish in ("messages:add", "messages:1:out", "messages:2:up", "messages:0:down")
    }

    assert contents == {
        "messages:add": ["a", "b", "c", ""],
        "messages:1:out": ["a", "c"],
        "messages:2:up": ["a", "c", "b"],
        "messages:0:down": ["b", "a", "c"],
    }
