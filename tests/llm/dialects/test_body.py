"""Bytes become one JSON object, or a refusal that says why."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest

from llm.dialects.body import parse_body
from llm.errors import BodyTooLarge, MalformedBody
from tests.llm.costs import cost


def refusal(raw: bytes) -> MalformedBody:
    with pytest.raises(MalformedBody) as caught:
        parse_body(raw)
    return caught.value


def test_an_object_is_read() -> None:
    assert parse_body(b'{"model": "small", "n": 1}') == {"model": "small", "n": 1}


def test_size_is_counted_before_anything_is_read() -> None:
    with pytest.raises(BodyTooLarge) as caught:
        parse_body(b"[" * 101, max_bytes=100)

    assert "101 bytes" in caught.value.message
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"{",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1} {"a": 1}',
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert "not JSON" in refusal(raw).message


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_what_is_not_an_object_is_refused(raw: bytes) -> None:
    assert "not a JSON object" in refusal(raw).message


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_sixty_four_levels_are_read() -> None:
    assert parse_body(nested(64))


@pytest.mark.parametrize("raw", [nested(65), b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", nested(100_000)])
def test_deeper_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "body_too_deep"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'{"model": "a", "model": "b"}', "model"),
        (b'{"a": {"n": 1, "n": 2}}', "n"),
        (b'{"a": [{"n": 1}, {"n": 1, "n": 1}]}', "n"),
        (b'{"a": ":\\":", "a": "\\\\"}', "a"),
        (b'{"a": {"b": 1}, "a": {}}', "a"),
        (b'{"\\u0061": 1, "a": "\\u003a"}', "a"),
    ],
)
def test_a_field_named_twice_is_refused_by_its_name(raw: bytes, name: str) -> None:
    error = refusal(raw)

    assert (error.code, error.param) == ("duplicate_key", name)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "b: c", "d": "e\\": \\"f\\": ", "g:h": "\\\\"}',
        b'{"a": "\\\\\\": ", "b": ":"}',
        b'{"a": "\\u003a", "b": "https://example.org:80/"}',
        b'{"a": [{"n": 1}, {"n": 2}], "n": 3}',
    ],
)
def test_colons_in_strings_are_no_fields(raw: bytes) -> None:
    assert parse_body(raw)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        (b"", b"[", b""),
        (b'{"a":', b"9", b"}"),
        (b'{"a":[', b"[],", b"[]]}"),
        (b'{"a":[', b'"",', b'""]}'),
        (b'{"a":"', b'\\"', b""),
    ],
    ids=["brackets", "digits", "empty lists", "empty strings", "an open string"],
)
def test_a_hostile_body_is_refused_in_the_time_of_its_size(before: bytes, repeated: bytes, after: bytes) -> None:
    """Ten times the size may cost ten times as much, and more where no cache holds it, but not a hundred times."""
    small, large = (before + repeated * times + after for times in (500_000, 5_000_000))
    assert refusal(large)

    def read(raw: bytes) -> None:
        with suppress(MalformedBody):
            parse_body(raw)

    assert cost(lambda: read(large), 1) < 50 * cost(lambda: read(small), 1)


@pytest.mark.parametrize(
    "raw",
    [nested(1_000_000), b'{"a":[' + b'"",' * 1_100_000 + b'""]}'],
    ids=["nested", "of many strings"],
)
def test_a_hostile_body_is_refused_in_memory_of_its_size(raw: bytes) -> None:
    """The parser asks for twelve bytes for each of the body's, and uses few of them."""
    tracemalloc.start()
    try:
        assert refusal(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * len(raw)


def test_a_large_honest_body_is_read() -> None:
    text = 'He said: \\"yes, [really]\\", ' * 100_000

    assert parse_body(b'{"messages": ["%b"]}' % text.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2,"b":"\\u003a"}',
        b'{"a":1,"a":2,"b":"\\u003A"}',
        b'{"a":"x:y","a":"z"}',
        b'{"a":[{"k:":1,"k:":2}]}',
    ],
)
def test_no_colon_inside_a_string_hides_a_field_named_twice(raw: bytes) -> None:
    with pytest.raises(MalformedBody) as refused:
        parse_body(raw)
    assert refused.value.code == "duplicate_key"
