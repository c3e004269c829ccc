"""Each field is taken once, checked, and named by its path when it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llm.dialects.fields import Fields
from llm.errors import InvalidField

Read = Callable[[Fields], object]


def read(value: object, reader: Read) -> object:
    return reader(Fields({"x": value}, "options", strict=True))


def refusal(value: object, reader: Read) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        read(value, reader)
    return caught.value


READERS: dict[str, tuple[Read, Any, list[Any]]] = {
    "text": (lambda f: f.text("x"), "a", [1, True, [], {}, "a" * 257]),
    "required_text": (lambda f: f.required_text("x"), "a", [None, "", 1]),
    "number": (lambda f: f.number("x", 0, 2), 1.5, [True, "1", -0.1, 2.1, []]),
    "integer": (lambda f: f.integer("x", 1, 9), 4, [True, 4.5, "4", 0, 10, 1e300]),
    "flag": (lambda f: f.flag("x"), True, [1, 0, "true"]),
    "word": (lambda f: f.word("x", ("a", "b")), "b", ["c", 1, [], {}]),
    "mapping": (lambda f: f.mapping("x"), {"a": 1}, [[], "a", 1]),
    "items": (lambda f: f.items("x", most=2), [1, 2], [[1, 2, 3], {}, "ab"]),
    "texts": (lambda f: f.texts("x", most=2), ["a"], ["a", [1], ["a", "b", "c"], [None]]),
    "inner": (lambda f: f.inner("x") and {}, {}, [[], "a", 1]),
    "each": (lambda f: f.each("x", most=1), [], [[1], [{}, {}], "a"]),
}
GOOD = [(reader, good) for reader, good, _ in READERS.values()]
BAD = [pytest.param(reader, value, id=f"{name}-{value}") for name, (reader, _, bad) in READERS.items() for value in bad]
OPTIONAL = [reader for name, (reader, _, _) in READERS.items() if name != "required_text"]


@pytest.mark.parametrize(("reader", "value"), GOOD, ids=READERS)
def test_what_is_right_is_handed_over(reader: Read, value: object) -> None:
    assert read(value, reader) == value


@pytest.mark.parametrize(("reader", "value"), BAD)
def test_what_is_wrong_is_refused_with_its_path(reader: Read, value: object) -> None:
    error = refusal(value, reader)

    assert error.status == 422
    assert (error.param or "").startswith("options.x")
    assert error.message.startswith(f"{error.param}: got ")
    assert "wanted" in error.message


def test_a_whole_number_may_be_written_with_a_point() -> None:
    whole = read(4.0, lambda f: f.integer("x", 1, 9))

    assert (whole, type(whole)) == (4, int)


def test_a_number_that_lost_digits_on_its_way_is_refused() -> None:
    """JSON readers make a float of -9223372036854775809, which is then the least number allowed."""
    assert refusal(float(-(2**63)), lambda f: f.integer("x", -(2**63), 2**63 - 1)).param == "options.x"


@pytest.mark.parametrize("reader", OPTIONAL)
def test_null_is_the_same_as_absent(reader: Read) -> None:
    assert read(None, reader) is None


def test_the_message_says_what_came_and_what_was_wanted() -> None:
    assert refusal(3, lambda f: f.number("x", 0, 2)).message == "options.x: got 3, wanted a number from 0 to 2."
    assert refusal("red", lambda f: f.integer("x", 1, 2)).message == (
        'options.x: got "red", wanted a whole number from 1 to 2.'
    )


def test_a_long_string_is_not_repeated_in_the_message() -> None:
    assert "a string of 5000 characters" in refusal("a" * 5_000, lambda f: f.flag("x")).message


def test_items_are_named_by_their_place() -> None:
    assert refusal(["a", 1], lambda f: f.texts("x", most=2)).param == "options.x[1]"
    assert refusal([{}, 1], lambda f: f.each("x", most=2)).param == "options.x[1]"


def test_a_strict_reader_refuses_what_nobody_took() -> None:
    fields = Fields({"a": 1, "b": 2}, "options", strict=True)
    fields.integer("a", 0, 9)

    with pytest.raises(InvalidField) as caught:
        fields.rest()

    assert (caught.value.param, caught.value.code) == ("options.b", "unknown_field")


def test_any_other_reader_hands_on_what_nobody_took() -> None:
    fields = Fields({"a": 1, "b": 2}, "", strict=False)
    fields.integer("a", 0, 9)

    assert fields.rest() == {"b": 2}


def test_reading_leaves_the_body_as_it_was() -> None:
    body = {"a": 1}
    Fields(body, "", strict=True).integer("a", 0, 9)

    assert body == {"a": 1}
