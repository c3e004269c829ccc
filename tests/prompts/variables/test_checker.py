"""Values are held to their declarations, before anything else, and each misfit is named by its path."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest
from jsonschema_rs import is_valid

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from prompts.variables import Checker, faults, json_schema, read_variables

PNG = "data:image/png;base64," + base64.b64encode(b"pixels").decode()

ADDRESS = {
    "type": "object",
    "properties": {"address": {"type": "array", "items": {"$ref": "#/$defs/place"}}},
    "$defs": {
        "place": {
            "type": "object",
            "properties": {"zip": {"type": "string", "pattern": "^[0-9]+$"}},
            "required": ["zip"],
        }
    },
}


def checker(*variables: dict[str, Any]) -> Checker:
    return Checker(read_variables(Fields({"variables": list(variables)}, "", strict=True)))


def one(kind: str, value: Any, **fields: Any) -> Any:
    return checker({"name": "a", "type": kind, **fields}).check({"a": value})["a"]


def refusal(kind: str, value: Any, **fields: Any) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        one(kind, value, **fields)
    return caught.value


def fault(**fields: Any) -> InvalidField:
    (found,) = faults(read_variables(Fields({"variables": [{"name": "a", **fields}]}, "", strict=True)))
    return found


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        ("string", "", {}),
        ("string", "é" * 3, {"max_length": 3}),
        ("string", "x12", {"pattern": "^x[0-9]+$"}),
        ("string", "Åsa", {"pattern": r"^\p{L}+$"}),
        ("number", 1.5, {"min": 1.5, "max": 1.5}),
        ("number", 3, {}),
        ("integer", 3, {}),
        ("boolean", False, {}),
        ("array", [1, "a", None], {"max_length": 3}),
        ("object", {"address": [{"zip": "1"}]}, {"schema": ADDRESS}),
        ("enum", "b", {"choices": ["a", "b"]}),
        ("image", "https://example.org/a.png", {}),
        ("image", PNG, {}),
    ],
)
def test_a_value_that_fits_is_handed_on(kind: str, value: Any, fields: dict[str, Any]) -> None:
    assert one(kind, value, **fields) == value


def test_a_whole_number_is_written_as_one() -> None:
    assert repr(one("integer", 4.0)) == "4"


@pytest.mark.parametrize(
    ("kind", "value", "fields", "words", "code"),
    [
        ("string", 3, {}, "got 3, wanted a string", "variable_invalid"),
        ("string", "abcd", {"max_length": 3}, "got 4 characters, wanted at most 3 characters", "variable_too_long"),
        ("string", "ab", {"min_length": 3}, "got 2 characters, wanted at least 3 characters", "variable_invalid"),
        ("string", "ab", {"pattern": "^x"}, 'got "ab", wanted text that matches ^x', "variable_invalid"),
        ("string", "\ud800", {}, "half a character", "variable_invalid"),
        ("number", "3", {}, 'got "3", wanted a number', "variable_invalid"),
        ("number", True, {}, "got true, wanted a number", "variable_invalid"),
        ("number", 3, {"max": 2}, "got 3, wanted at most 2", "variable_invalid"),
        ("number", float("nan"), {}, "too large for JSON", "variable_invalid"),
        ("integer", 1.5, {}, "got 1.5, wanted a whole number", "variable_invalid"),
        ("integer", 2**64, {}, "too large for JSON", "variable_invalid"),
        ("boolean", 1, {}, "got 1, wanted true or false", "variable_invalid"),
        ("array", {}, {}, "got an object, wanted a list", "variable_invalid"),
        ("array", [1, 2], {"max_length": 1}, "got 2, wanted at most 1 items", "variable_too_long"),
        ("array", (1, 2), {}, "got a tuple", "variable_invalid"),
        ("object", {"a": date(2026, 1, 1)}, {}, "got a date", "variable_invalid"),
        ("object", {1: 1}, {}, "names that are no text", "variable_invalid"),
        ("enum", "c", {"choices": ["a", "b"]}, 'got "c", wanted one of a, b', "variable_invalid"),
        ("image", "http://example.org/a.png", {}, "wanted an https:// address", "variable_invalid"),
        ("image", "data:text/html;base64,QQ==", {}, "wanted an https:// address", "variable_invalid"),
        ("image", PNG + "!", {}, "wanted an https:// address", "variable_invalid"),
        ("image", ["x"], {}, "got a list", "variable_invalid"),
    ],
)
def test_a_misfit_is_told_with_got_and_wanted(
    kind: str, value: Any, fields: dict[str, Any], words: str, code: str
) -> None:
    error = refusal(kind, value, **fields)
    assert (error.param, error.code) == ("variables.a", code)
    assert error.message.startswith("variables.a: ")
    assert words in error.message


@pytest.mark.parametrize(
    ("value", "path", "code"),
    [
        ({"address": [{"zip": 1}]}, "variables.a.address[0].zip", "variable_invalid"),
        ({"address": [{"zip": "1"}, {"zip": "x"}]}, "variables.a.address[1].zip", "variable_invalid"),
        ({"address": [{}]}, "variables.a.address[0].zip", "variable_missing"),
        ({"address": 1}, "variables.a.address", "variable_invalid"),
    ],
)
def test_a_misfit_inside_is_named_by_its_whole_path(value: Any, path: str, code: str) -> None:
    error = refusal("object", value, schema=ADDRESS)
    assert (error.param, error.code) == (path, code)


def test_a_missing_variable_is_named_and_null_is_missing_too() -> None:
    asks = checker({"name": "customer", "type": "string", "description": "who writes"}, {"name": "b", "type": "number"})
    for given in ({"b": 1}, {"b": 1, "customer": None}):
        with pytest.raises(InvalidField) as caught:
            asks.check(given)
        assert (caught.value.param, caught.value.code) == ("variables.customer", "variable_missing")
        assert "who writes" in (caught.value.hint or "")


def test_an_unknown_variable_is_refused_with_near_names() -> None:
    with pytest.raises(InvalidField) as caught:
        checker({"name": "customer", "type": "string"}).check({"customer": "a", "custmer": "b"})
    assert (caught.value.param, caught.value.code) == ("variables.custmer", "variable_unknown")
    assert caught.value.hint == "did you mean customer?"


def test_defaults_are_filled_in_and_what_is_optional_may_be_left_out() -> None:
    asks = checker({"name": "a", "type": "string", "default": "x"}, {"name": "b", "type": "object", "required": False})
    assert asks.check({}) == {"a": "x", "b": None}
    assert asks.check({"a": "y", "b": {}}) == {"a": "y", "b": {}}


@pytest.mark.parametrize("value", ["x" * 1_000_000, ["x" * 999_999], {"x" * 1_000_000: 1}, [[]] * 200_000])
def test_all_values_together_are_bounded(value: Any) -> None:
    kind = "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
    error = refusal(kind, value)
    assert (error.param, error.code) == ("variables.a", "variable_too_long")


@pytest.mark.parametrize("value", ["x" * 900_000, ["y" * 900_000], {"z" * 900_000: 1}])
def test_a_giant_value_is_never_echoed(value: Any) -> None:
    for kind, fields in (
        ("number", {}),
        ("enum", {"choices": ["a"]}),
        ("object", {"schema": {"additionalProperties": False}}),
    ):
        error = refusal(kind, value, **fields)
        assert len(error.message) < 400
        assert len(error.param or "") < 100


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"type": "string", "pattern": "(?=a)"}, "pattern", "invalid_pattern"),
        ({"type": "string", "pattern": r"(a)\1"}, "pattern", "invalid_pattern"),
        ({"type": "string", "pattern": "("}, "pattern", "invalid_pattern"),
        ({"type": "string", "pattern": "(a{1000}){1000}"}, "pattern", "invalid_pattern"),
        ({"type": "array", "schema": {"items": {"pattern": "(?<!a)"}}}, "schema.items.pattern", "invalid_pattern"),
        ({"type": "object", "schema": {"properties": {"a": 1}}}, "schema.properties.a", "invalid_schema"),
        ({"type": "object", "schema": {"minProperties": -1}}, "schema.minProperties", "invalid_schema"),
        ({"type": "object", "schema": {"type": "array"}}, "schema.type", "invalid_schema"),
        ({"type": "array", "min_length": 1, "schema": {"minItems": 2}}, "schema.minItems", "invalid_schema"),
        ({"type": "object", "schema": {"$ref": "https://example.org/x"}}, "schema.$ref", "invalid_schema"),
        ({"type": "object", "schema": {"$ref": "#/$defs/x"}}, "schema.$ref", "invalid_schema"),
        ({"type": "object", "schema": {"$id": "x"}}, "schema.$id", "invalid_schema"),
        (
            {"type": "object", "schema": {"unevaluatedProperties": False}},
            "schema.unevaluatedProperties",
            "invalid_schema",
        ),
        ({"type": "object", "schema": {"allOf": {}}}, "schema.allOf", "invalid_schema"),
        ({"type": "string", "default": 3}, "default", "variable_invalid"),
        ({"type": "string", "max_length": 2, "example": "abc"}, "example", "variable_too_long"),
        ({"type": "enum", "choices": ["a"], "default": "b"}, "default", "variable_invalid"),
        ({"type": "image", "example": "x"}, "example", "variable_invalid"),
    ],
)
def test_a_declaration_that_cannot_be_held_to_is_a_fault(fields: dict[str, Any], path: str, code: str) -> None:
    found = fault(**fields)
    assert (found.param, found.code) == (f"variables[0].{path}", code)


def test_the_schema_for_clients_says_all_that_is_declared() -> None:
    asks = (
        {"name": "a", "type": "string", "max_length": 3, "description": "who", "example": "Ada"},
        {"name": "b", "type": "enum", "choices": ["x"], "default": "x"},
        {"name": "c", "type": "object", "schema": ADDRESS, "required": False},
    )
    schema = json_schema(read_variables(Fields({"variables": list(asks)}, "", strict=True)))
    assert schema["required"] == ["a"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["a"] == {"type": "string", "maxLength": 3, "description": "who", "examples": ["Ada"]}
    assert schema["properties"]["b"] == {"type": "string", "enum": ["x"], "default": "x"}
    assert schema["properties"]["c"] == {**ADDRESS, "$id": "c"}


def test_the_schema_for_clients_judges_as_we_do() -> None:
    asks = checker({"name": "c", "type": "object", "schema": ADDRESS}, {"name": "i", "type": "image"})
    schema = json_schema(asks.variables)
    good, bad = {"c": {"address": [{"zip": "1"}]}, "i": PNG}, {"c": {"address": [{"zip": "x"}]}, "i": PNG}
    assert asks.check(good) == good
    assert is_valid(schema, good)
    assert not is_valid(schema, bad)
    assert not is_valid(schema, {**good, "i": "ftp://x"})


def test_a_pattern_looks_at_so_many_characters_and_no_more() -> None:
    assert one("string", "a" * 29_000, pattern="a")
    assert refusal("string", "a" * 30_001, pattern="a").code == "variable_too_long"


def test_a_schema_has_a_thousand_parts_at_most_its_references_followed() -> None:
    defs = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(12)}
    found = fault(type="object", schema={"$defs": {**defs, "d12": True}, "$ref": "#/$defs/d0"})
    assert found.code == "invalid_schema"
    assert "more than 1000 parts" in found.message
