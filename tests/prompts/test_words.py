"""Two texts are told apart word by word, and whatever they are it does not take long."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.words import Comparison, Piece

TEXTS = st.text() | st.lists(st.sampled_from(["a", "b", "c ", "dd", "\n", ". ", "é"]), max_size=60).map("".join)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    return Comparison().pieces(before, after)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "", ()),
        ("a", "a", (("same", "a"),)),
        ("", "a b", (("new", "a b"),)),
        ("a b", "", (("gone", "a b"),)),
        ("Be kind.", "Be very kind.", (("same", "Be "), ("new", "very "), ("same", "kind."))),
        ("0:1:0", ":1:0:1:", (("gone", "0"), ("same", ":1:0"), ("new", ":1:"))),
        ("Be kind.", "Be brief.", (("same", "Be "), ("gone", "kind"), ("new", "brief"), ("same", "."))),
        ("First words", "Third thoughts", (("gone", "First words"), ("new", "Third thoughts"))),
        (
            "0.3, 4",
            "0.5, 7",
            (("same", "0."), ("gone", "3"), ("new", "5"), ("same", ", "), ("gone", "4"), ("new", "7")),
        ),
        (
            "one\ntwo",
            "eins\nzwei",
            (("gone", "one"), ("new", "eins"), ("same", "\n"), ("gone", "two"), ("new", "zwei")),
        ),
        (
            "Sign with the name of the shop.",
            "Sign as the team. Greet by name.",
            (
                ("same", "Sign "),
                ("gone", "with"),
                ("new", "as"),
                ("same", " the "),
                ("gone", "name of the shop"),
                ("new", "team. Greet by name"),
                ("same", "."),
            ),
        ),
        ("東京に行く", "京都に行く", (("gone", "東"), ("same", "京"), ("new", "都"), ("same", "に行く"))),
    ],
)
def test_pieces_are_words(before: str, after: str, told: tuple[Piece, ...]) -> None:
    assert pieces(before, after) == told


@given(TEXTS, TEXTS)
def test_both_texts_can_be_put_together_from_the_pieces(before: str, after: str) -> None:
    told = pieces(before, after)
    assert "".join(text for kind, text in told if kind != "new") == before
    assert "".join(text for kind, text in told if kind != "gone") == after


@given(TEXTS, TEXTS)
def test_no_two_neighbours_are_of_a_kind_and_none_is_empty(before: str, after: str) -> None:
    told = pieces(before, after)
    assert all(text for _, text in told)
    assert all(first[0] != second[0] for first, second in pairwise(told))


def test_a_word_changed_here_and_there_in_a_long_text_is_found_alone() -> None:
    before = [f"word{index}" for index in range(10_000)]
    after = ["other" if index % 500 == 250 else word for index, word in enumerate(before)]
    told = pieces(" ".join(before), " ".join(after))
    assert "".join(text for kind, text in told if kind != "new") == " ".join(before)
    assert "".join(text for kind, text in told if kind != "gone") == " ".join(after)
    assert [text for kind, text in told if kind == "gone"] == [f"word{index}" for index in range(250, 10_000, 500)]


def long(kind: str, seed: int) -> str:
    draw = random.Random(seed)
    words = {
        "few words": ["alpha ", "beta ", "gamma\n"],
        "many words": [f"word{index} " for index in range(5_000)],
        "signs": list("!?.,"),
        "lines": ["\n", "a\n"],
        "ideographs": [chr(0x4E00 + index) for index in range(3_000)],
    }[kind]
    return "".join(draw.choice(words) for _ in range(100_000))[:100_000]


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["few words", "many words", "signs", "lines", "ideographs"])
def test_two_long_texts_without_likeness_take_two_tenths_of_a_second(kind: str) -> None:
    before, after = long(kind, 1), long(kind, 2)
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        told = pieces(before, after)
        best = min(best, time.process_time() - begun)
    assert best < 0.2
    assert "".join(text for piece, text in told if piece != "new") == before
