"""What hides or pretends is found and named; what belongs is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.characters import suspicious

HIDDEN = [
    ("\u200b", "ZERO WIDTH SPACE (U+200B)"),
    ("\u200d", "ZERO WIDTH JOINER (U+200D)"),
    ("\ufeff", "ZERO WIDTH NO-BREAK SPACE (U+FEFF)"),
    ("\u2060", "WORD JOINER (U+2060)"),
    ("\u202e", "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
    ("\u2066", "LEFT-TO-RIGHT ISOLATE (U+2066)"),
    ("\u200f", "RIGHT-TO-LEFT MARK (U+200F)"),
    ("\u00ad", "SOFT HYPHEN (U+00AD)"),
    ("\x00", "NULL (U+0000)"),
    ("\x1b", "ESCAPE (U+001B)"),
    ("\U000e0041", "TAG LATIN CAPITAL LETTER A (U+E0041)"),
    ("\u3164", "HANGUL FILLER (U+3164)"),
    ("\ufe0f", "VARIATION SELECTOR-16 (U+FE0F)"),
    ("\u2028", "LINE SEPARATOR (U+2028)"),
    ("\x9b", "CONTROL CHARACTER (U+009B)"),
]


@pytest.mark.parametrize(("character", "name"), HIDDEN)
def test_a_hidden_character_is_named_with_its_place(character: str, name: str) -> None:
    found = suspicious(f"first\r\nab{character}cd")
    assert [(each.line, each.column, each.name, each.character) for each in found] == [(2, 3, name, character)]
    assert found[0].message == f"{name} cannot be seen."


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦",
        "❤️‍🔥",
        "👍🏽",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "1️⃣ #️⃣",
        "☀️ ↔️ ‼️ ℹ️ 〰️ ©️",
        "🏳️‍🌈 🏳️‍⚧️",
        "नमस्ते क्‍ष",
        "می‌خواهم",
        "naïve café Ωmega 5 kΩ 3 µs",
        "Привет, Ada",
        "日本語",
        "مرحبا",
        "a\tb\r\nc",
    ],
)
def test_what_belongs_is_not_suspicious(text: str) -> None:
    assert [each.name for each in suspicious(text)] == []


@pytest.mark.parametrize(("word", "columns"), [("pаypal", [2]), ("{{ nаme }}", [5]), ("Αdmin", [1]), ("scоpе", [3, 5])])
def test_a_letter_that_looks_latin_in_a_latin_word_is_found(word: str, columns: list[int]) -> None:
    found = suspicious(word)
    assert [each.column for each in found] == columns
    assert "looks like a Latin letter" in found[0].message


def test_a_hard_space_is_found_inside_of_tags_alone() -> None:
    found = suspicious("10\u00a0km {{\u00a0name }}\n{%\u00a0if a %}")
    assert [(each.line, each.column) for each in found] == [(1, 9), (2, 3)]


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32)))
def test_plain_ascii_is_never_suspicious(text: str) -> None:
    assert suspicious(text) == []


@given(st.text())
def test_places_are_those_of_the_characters(text: str) -> None:
    lines = text.replace("\r\n", "\n\n")
    for each in suspicious(text):
        assert each.character in lines
