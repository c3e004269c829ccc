"""Two texts held against each other, word by word, in bounded time.

Rows of words that occur once in both texts, in the same order, are taken to be the same place. What lies between two
such places is compared in full as long as that stays cheap; beyond it, all old text is gone and all new text is new.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

Kind = Literal["same", "gone", "new"]
Piece = tuple[Kind, str]

ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Chinese and Japanese put no spaces between words, so that each sign stands for itself."""

WORD = re.compile(rf"[^\W{ALONE}]+|\s+|[^\w\s]|[{ALONE}]")

ROW = 3
"""Words and signs, spaces among them, that make a row."""

MOST_PAIRS = 300_000
"""Pairs of words that are looked at: a tenth of a second."""


class Comparison:
    """One allowance for all the texts that are compared with it."""

    def __init__(self) -> None:
        self._pairs = MOST_PAIRS

    def pieces(self, before: str, after: str) -> tuple[Piece, ...]:
        """In reading order. "same" and "gone" make up the old text, "same" and "new" the new one."""
        found = list(_stretches(self._pieces(WORD.findall(before), WORD.findall(after))))
        return tuple(piece for stretch in _folded(found) for piece in stretch.pieces())

    def _pieces(self, before: list[str], after: list[str]) -> Iterator[Piece]:
        head, tail = _ends(before, after)
        yield "same", "".join(before[:head])
        yield from self._between(before[head : len(before) - tail], after[head : len(after) - tail])
        yield "same", "".join(before[len(before) - tail :])

    def _between(self, before: list[str], after: list[str]) -> Iterator[Piece]:
        if len(before) * len(after) <= ROW * ROW:
            yield from self._gap(before, after)
            return
        row = column = 0
        for here, there in _anchors(before, after):
            if here < row or there < column:
                continue  # inside the row before
            yield from self._gap(before[row:here], after[column:there])
            yield "same", "".join(before[here : here + ROW])
            row, column = here + ROW, there + ROW
        yield from self._gap(before[row:], after[column:])

    def _gap(self, before: list[str], after: list[str]) -> Iterator[Piece]:
        pairs = len(before) * len(after)
        if pairs > self._pairs:
            yield "gone", "".join(before)
            yield "new", "".join(after)
        else:
            self._pairs -= pairs
            yield from _aligned(before, after)


def _ends(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many words both begin with, and how many both end with after that."""
    most = min(len(before), len(after))
    head = next((index for index in range(most) if before[index] != after[index]), most)
    most -= head
    tail = next((index for index in range(most) if before[-1 - index] != after[-1 - index]), most)
    return head, tail


def _anchors(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    """Where rows that occur once in each begin, rising in both."""
    old, new = _rows(before), _rows(after)
    last, later = dict(zip(old, count(), strict=False)), dict(zip(new, count(), strict=False))
    first, sooner = _first_places(old), _first_places(new)
    shared = [row for row in last if row in later and last[row] == first[row] and later[row] == sooner[row]]
    return _rising(sorted((last[row], later[row]) for row in shared))


def _rows(words: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(ROW)), strict=False))


def _first_places(rows: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return dict(zip(reversed(rows), range(len(rows) - 1, -1, -1), strict=True))


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest choice of pairs whose second halves rise, the first rising already."""
    ends: list[int] = []
    chosen: list[int] = []
    before: list[int | None] = []
    for index, (_, there) in enumerate(pairs):
        length = bisect_left(ends, there)
        ends[length : length + 1] = [there]
        chosen[length : length + 1] = [index]
        before.append(chosen[length - 1] if length else None)
    rising: list[tuple[int, int]] = []
    at = chosen[-1] if chosen else None
    while at is not None:
        rising.append(pairs[at])
        at = before[at]
    return rising[::-1]


def _aligned(before: list[str], after: list[str]) -> Iterator[Piece]:
    lengths = _common_lengths(before, after)
    row = column = 0
    while row < len(before) and column < len(after):
        if before[row] == after[column]:
            yield "same", before[row]
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            yield "gone", before[row]
            row += 1
        else:
            yield "new", after[column]
            column += 1
    yield "gone", "".join(before[row:])
    yield "new", "".join(after[column:])


def _common_lengths(before: list[str], after: list[str]) -> list[list[int]]:
    """For each pair of places, how many words the rests have in common at most."""
    below = [0] * (len(after) + 1)
    rows = [below]
    for word in reversed(before):
        row = [0] * (len(after) + 1)
        for column in range(len(after) - 1, -1, -1):
            if word == after[column]:
                row[column] = below[column + 1] + 1
            else:
                row[column] = max(below[column], row[column + 1])
        rows.append(row)
        below = row
    rows.reverse()
    return rows


@dataclass(slots=True)
class Stretch:
    """Text that stays, and what is gone and new after it."""

    same: str = ""
    gone: str = ""
    new: str = ""

    def pieces(self) -> Iterator[Piece]:
        told: tuple[Piece, ...] = (("same", self.same), ("gone", self.gone), ("new", self.new))
        return (piece for piece in told if piece[1])


@dataclass(slots=True)
class Fold:
    """Stretches `first` to `last` as one, with how many characters are gone and new in it."""

    first: int
    last: int
    gone: int
    new: int

    def takes(self, same: str, other: Fold) -> bool:
        """Whether what stays between two exchanges is too little to read them apart."""
        are_exchanges = all((self.gone, self.new, other.gone, other.new))
        size = min(max(self.gone, self.new), max(other.gone, other.new))
        return are_exchanges and len(same) <= size and "\n" not in same

    def take(self, same: str, other: Fold) -> None:
        self.last = other.last
        self.gone += len(same) + other.gone
        self.new += len(same) + other.new


def _stretches(found: Iterable[Piece]) -> Iterator[Stretch]:
    """In each, what is gone comes before what is new."""
    texts: dict[Kind, list[str]] = {"same": [], "gone": [], "new": []}
    for kind, text in found:
        if not text:
            continue
        if kind == "same" and (texts["gone"] or texts["new"]):
            yield _joined(texts)
        texts[kind].append(text)
    yield _joined(texts)


def _joined(texts: dict[Kind, list[str]]) -> Stretch:
    said = Stretch(**{kind: "".join(parts) for kind, parts in texts.items()})
    for parts in texts.values():
        parts.clear()
    return said


def _folded(stretches: list[Stretch]) -> Iterator[Stretch]:
    """With a word or two between changes changed along with them: whole phrases are read more easily than a word here
    and a word there."""
    folds: list[Fold] = []
    for index, stretch in enumerate(stretches):
        folds.append(Fold(index, index, len(stretch.gone), len(stretch.new)))
        while len(folds) > 1 and folds[-2].takes(same := stretches[folds[-1].first].same, folds[-1]):
            last = folds.pop()
            folds[-1].take(same, last)
    return (_together(stretches[fold.first : fold.last + 1]) for fold in folds)


def _together(stretches: list[Stretch]) -> Stretch:
    first, *rest = stretches
    gone = first.gone + "".join(each.same + each.gone for each in rest)
    new = first.new + "".join(each.same + each.new for each in rest)
    return Stretch(first.same, gone, new)
