"""Changes of a number are told in whole percent."""

from __future__ import annotations

import pytest

from prompts.percent import change, in_words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (200, 300, "50 % dearer"),
        (66.0, 60.0, "9 % cheaper"),
        (1_000, 1_004, ""),
        (5, 5, ""),
        (0, 5, ""),
        (None, 5, ""),
        (5, None, ""),
    ],
)
def test_a_change_is_told_in_words(before: float | None, after: float | None, words: str) -> None:
    assert in_words(change(before, after), "dearer", "cheaper") == words
