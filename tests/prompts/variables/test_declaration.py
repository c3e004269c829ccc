"""Declarations are read strictly, and each mistake is named by its path."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from prompts.variables import KINDS, Variable, read_variables


def read(*variables: dict[str, Any]) -> tuple[Variable, ...]:
    return read_variables(Fields({"variables": list(variables)}, "", strict=True))


def refusal(*variables: dict[str, Any]) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        read(*variables)
    return caught.value


FULL: dict[str, dict[str, Any]] = {
    "string": {"min_length": 1, "max_length": 9, "pattern": "^a", "default": "a"},
    "number": {"min": -1, "max": 2.5, "default": 0},
    "integer": {"min": 1, "max": 2, "example": 1},
    "boolean": {"default": False},
    "array": {"min_length": 0, "max_length": 3, "schema": {"items": {"type": "string"}}},
    "object": {"schema": {"required": ["a"]}, "example": {"a": 1}},
    "enum": {"choices": ["a", "b"], "default": "a"},
    "image": {"description": "a photo"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_declaration_is_written_as_it_was_read(kind: str) -> None:
    said = {"name": "a", "type": kind, "required": "default" not in FULL[kind], **FULL[kind]}
    (variable,) = read(said)
    assert variable.as_json() == said
    assert read(variable.as_json()) == (variable,)


@pytest.mark.parametrize(("given", "required"), [({}, True), ({"default": "a"}, False), ({"required": False}, False)])
def test_a_variable_is_required_unless_it_has_a_default(given: dict[str, Any], required: bool) -> None:
    assert read({"name": "a", "type": "string", **given})[0].required is required


@pytest.mark.parametrize(
    "name", ["", "1a", "a-b", "a b", "a.b", "é", "а", "a" * 65, "for", "forloop", "true", "limit", "{{a}}"]
)
def test_a_name_is_letters_digits_and_underscores_and_no_word_of_the_language(name: str) -> None:
    assert refusal({"name": name, "type": "string"}).param == "variables[0].name"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("number", "pattern", "a"),
        ("string", "min", 1),
        ("string", "choices", ["a"]),
        ("boolean", "max_length", 1),
        ("image", "schema", {}),
        ("enum", "schema", {}),
        ("object", "min_length", 1),
    ],
)
def test_a_field_that_the_type_does_not_have_is_named(kind: str, field: str, value: Any) -> None:
    error = refusal({"name": "a", "type": "string"}, {"name": "b", "type": kind, field: value})
    assert (error.param, error.code) == (f"variables[1].{field}", "field_does_not_apply")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"type": "text"}, "type"),
        ({"type": "enum"}, "choices"),
        ({"type": "enum", "choices": ["a", "a"]}, "choices"),
        ({"type": "number", "min": 2, "max": 1}, "max"),
        ({"type": "number", "min": True}, "min"),
        ({"type": "string", "min_length": 2, "max_length": 1}, "max_length"),
        ({"type": "string", "max_length": -1}, "max_length"),
        ({"type": "string", "pattern": "a" * 501}, "pattern"),
        ({"type": "string", "size": 3}, "size"),
        ({"type": "string", "required": 1}, "required"),
    ],
)
def test_nonsense_is_refused_with_its_path(given: dict[str, Any], path: str) -> None:
    assert refusal({"name": "a", **given}).param == f"variables[0].{path}"


def test_a_name_is_taken_once_and_a_hundred_variables_at_most() -> None:
    assert refusal({"name": "a", "type": "string"}, {"name": "a", "type": "number"}).param == "variables[1].name"
    assert refusal(*({"name": f"a{i}", "type": "string"} for i in range(101))).param == "variables"


def test_a_variable_without_a_type_is_a_string() -> None:
    assert read({"name": "a"})[0].type == "string"
