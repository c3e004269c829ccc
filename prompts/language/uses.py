"""Which variables a template uses, where and how: told while its tree is built, not while it is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Manner = Literal["output", "test", "part", "filter", "comparison", "loop", "index"]
"""Whole into the text, whole in an `if`, or in a way that looks inside."""


@dataclass(frozen=True, slots=True)
class Use:
    """`path` is as it is written, `name` its root. Line and column count from 1."""

    name: str
    path: str
    line: int
    column: int
    manner: Manner
