"""Each filter, and what it makes of edges."""

from __future__ import annotations

from typing import Any

import pytest

from prompts.language import FILTERS, OutOfBounds
from tests.prompts.drafts import said

CASES: list[tuple[str, Any, str]] = [
    ("capitalize", "mcDonald", "McDonald"),
    ("capitalize", "", ""),
    ("default: 'x'", None, "x"),
    ("default: 'x'", "", "x"),
    ("default: 'x'", [], "x"),
    ("default: 'x'", False, "false"),
    ("default: 'x'", 0, "0"),
    ("default: nowhere | default: 1", None, "1"),
    ("downcase", "ÀB", "àb"),
    ("first", [1, 2], "1"),
    ("first", "abc", "a"),
    ("first", [], ""),
    ("join", ["a", 1, None, True], "a, 1, , true"),
    ("join: '-'", ["a", ["b"]], 'a-["b"]'),
    ("join: ''", [" a ", "\n"], " a \n"),
    ("json", 'a"b\n', '"a\\"b\\n"'),
    ("json", {"a": "é"}, '{"a":"é"}'),
    ("last", [1, 2], "2"),
    ("last", "", ""),
    ("size", "héé", "3"),
    ("size", {"a": 1}, "1"),
    ("strip", " \n a b \t", "a b"),
    ("truncate: 5", "abcdef", "abcd…"),
    ("truncate: 6", "abcdef", "abcdef"),
    ("truncate: 5, '...'", "abcdef", "ab..."),
    ("truncate: 0, ''", "abcdef", ""),
    ("truncate: 1, '...'", "abcdef", "..."),
    ("upcase", "straße", "STRASSE"),
    ("upcase", True, "TRUE"),
    ("strip | upcase | truncate: 2, ''", " abc ", "AB"),
]


@pytest.mark.parametrize(("chain", "value", "text"), CASES)
def test_a_filter_makes(chain: str, value: Any, text: str) -> None:
    assert said(f"{{{{ a | {chain} }}}}", a=value) == text


def test_every_filter_has_a_case() -> None:
    assert {chain.partition(":")[0].partition(" ")[0] for chain, _, _ in CASES} == set(FILTERS)


def test_a_filter_cannot_make_more_than_may_be_put_out() -> None:
    with pytest.raises(OutOfBounds):
        said("{{ a | upcase }}", a="ŉ" * 900_000)
