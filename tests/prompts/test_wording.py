"""What a version says is read strictly and written as the very same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from prompts.variables import KINDS
from prompts.wording import ROLES, Line, Wording, read_wording

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).map(lambda name: f"v{name}")
LINES = st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(ROLES), st.text())
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text(), max_size=3)


@st.composite
def variables(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [draw(declared(name)) for name in draw(st.lists(NAMES, unique=True, max_size=5))]


@st.composite
def declared(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    said: dict[str, Any] = {"name": name, "type": kind, "default": draw(VALUES), "example": draw(VALUES)}
    said |= draw(st.fixed_dictionaries({}, optional={"required": st.booleans(), "description": st.text()}))
    if kind == "enum":
        said["choices"] = draw(st.lists(st.text(), min_size=1, max_size=4, unique=True))
    if kind in ("string", "array"):
        said |= draw(
            st.fixed_dictionaries({}, optional={"min_length": st.integers(0, 5), "max_length": st.integers(5, 9)})
        )
    if kind in ("number", "integer"):
        said |= draw(
            st.fixed_dictionaries({}, optional={"min": st.integers(-5, 5) | st.floats(-5, 5), "max": st.just(5.5)})
        )
    return said


WORDINGS = st.fixed_dictionaries(
    {"messages": st.lists(LINES, min_size=1, max_size=4), "variables": variables()},
    optional={
        "model": st.none() | st.text(max_size=9),
        "options": st.fixed_dictionaries(
            {}, optional={"temperature": st.just(0.5), "stop": st.just(["a"]), "seed": st.just(3)}
        ),
        "optimized_for": st.lists(st.text(max_size=9), max_size=3),
        "response_schema": st.just({"type": "object"}),
    },
)


def read(body: object) -> Wording:
    return read_wording(Fields(body, "", strict=True))


@given(WORDINGS)
def test_what_is_written_is_read_back_as_the_same(body: dict[str, Any]) -> None:
    wording = read(body)
    written = wording.as_json()
    assert read(json.loads(json.dumps(written))) == wording
    assert read(written).as_json() == written


def test_the_least_that_a_wording_says() -> None:
    assert read({"messages": [{"role": "user", "content": "Hi"}]}) == Wording((Line("user", "Hi"),))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "a", "name": "b"}]}, "messages[0].name"),
        ({"messages": [{"role": "user", "content": "a" * 100_001}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "a" * 99_000}] * 5}, "messages"),
        ({"messages": [{"role": "user", "content": "a"}] * 101}, "messages"),
        ({"options": {"temperature": 3}}, "options.temperature"),
        ({"options": {"temprature": 1}}, "options.temprature"),
        ({"options": []}, "options"),
        ({"model": 1}, "model"),
        ({"optimized_for": "gpt"}, "optimized_for"),
        ({"response_schema": []}, "response_schema"),
        ({"note": "x"}, "note"),
        ({"variables": {}}, "variables"),
        ({"variables": [{"name": "a", "type": "string"}] * 101}, "variables"),
    ],
)
def test_a_wrong_shape_is_named_by_its_path(given: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidField) as caught:
        read({"messages": [{"role": "user", "content": "Hi"}], **given})
    assert caught.value.param == path
