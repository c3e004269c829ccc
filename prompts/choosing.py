"""Which version a split label means for one caller: the same one every time."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TypedDict

HEX = 13
"""Digits of the digest that decide; as many as a float tells apart."""


class Share(TypedDict):
    version: int
    weight: float


Split = list[Share]
"""The versions that a label means, with the weight that each has; mostly one."""


def in_words(split: Split) -> str:
    """For people: `version 3`, or `versions 3 (90 %), 4 (5 %) and 5 (5 %)`."""
    if not split:
        return "no version"
    if len(split) == 1:
        return f"version {split[0]['version']}"
    whole = sum(share["weight"] for share in split)
    *first, last = [f"{one['version']} ({100 * one['weight'] / whole:.3g} %)" for one in split]
    return f"versions {', '.join(first)} and {last}"


def chosen(split: Split, lot: str) -> int:
    """By weight over all lots. Moving weight from one version to another moves no lot between two others."""
    if len(split) == 1:
        return split[0]["version"]
    return max(split, key=lambda share: _score(share["version"], share["weight"], lot))["version"]


def _score(version: int, weight: float, lot: str) -> float:
    """Weighted rendezvous hashing: the highest of `-weight / log(u)` falls to each version by its weight."""
    point = (int(sha256(f"{version}:{lot}".encode()).hexdigest()[:HEX], 16) + 1) / (16**HEX + 1)
    return -weight / math.log(point)
