"""What a template is written on: its values, the pieces so far, and how much may still be done.

Everything is counted and nothing is timed, so that the same values always give the same answer, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prompts.language.errors import OutOfBounds

MOST_OUTPUT = 1_000_000
"""Characters put out by all templates of one page."""

MOST_TURNS = 10_000
"""Turns of all loops, those inside one another multiplied."""

MOST_STEPS = 300_000
"""A tag costs a step or a few, and so do a hundred characters that a filter reads: a tenth of a second in all."""


MOST_PICTURES = 100
LARGEST_PICTURES = 32 * 1024 * 1024
"""Characters of their addresses together: what a request's body may hold."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image among the values: it can be put out and asked for, and nothing else."""

    url: str


Piece = str | Picture


class Page:
    __slots__ = ("picture_room", "pictures", "pieces", "room", "steps", "turns", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        """`values` are plain data as JSON has it, and pictures; loops put their names into it and take them out."""
        self.values = values
        self.pieces: list[Piece] = []
        self.room = MOST_OUTPUT
        self.steps = MOST_STEPS
        self.turns = MOST_TURNS
        self.pictures = MOST_PICTURES
        self.picture_room = LARGEST_PICTURES

    def write(self, text: str) -> None:
        self.room -= len(text)
        if self.room < 0:
            raise OutOfBounds(f"The text grows longer than {MOST_OUTPUT} characters")
        self.pieces.append(text)

    def show(self, picture: Picture) -> None:
        self.pictures -= 1
        self.picture_room -= len(picture.url)
        if self.pictures < 0:
            raise OutOfBounds(f"More than {MOST_PICTURES} images are put out")
        if self.picture_room < 0:
            raise OutOfBounds(f"The images grow longer than {LARGEST_PICTURES} characters")
        self.pieces.append(picture)

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise OutOfBounds("The template has too much to do")

    def spend_on(self, *texts: str) -> None:
        """For work that grows with its text."""
        self.spend(sum(len(text) for text in texts) // 100)

    def loop(self, turns: int) -> None:
        self.turns -= turns
        if self.turns < 0:
            raise OutOfBounds(f"Loops make more than {MOST_TURNS} turns")

    def take(self) -> list[Piece]:
        """The pieces so far, leaving the page blank; what was spent stays spent."""
        pieces, self.pieces = self.pieces, []
        return pieces
