"""The colours of our own pages can be read in both themes: WCAG 2.2 AA."""

from __future__ import annotations

import re

import pytest

from config.env import ROOT

CSS = (ROOT / "static" / "gatehouse" / "pages.css").read_text()
READ_ON = {
    "ground": ("ink", "quiet", "link", "good", "bad", "odd"),
    "raised": ("ink", "quiet", "link"),
    "good-ground": ("good",),
    "bad-ground": ("bad", "ink"),
    "odd-ground": ("odd",),
}
TEXT, GRAPHIC = 4.5, 3.0


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


LIGHT, DARK, PRINT = (tokens(block) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [LIGHT, DARK, LIGHT | PRINT], ids=["light", "dark", "print"])
def test_text_stands_out_from_what_it_stands_on(theme: dict[str, str]) -> None:
    pairs = [(ink, ground) for ground, inks in READ_ON.items() for ink in inks]

    assert {pair: ratio for pair in pairs if (ratio := contrast(theme[pair[0]], theme[pair[1]])) < TEXT} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK, LIGHT | PRINT], ids=["light", "dark", "print"])
def test_bars_stand_out_from_their_track(theme: dict[str, str]) -> None:
    assert [name for name in ("good", "bad", "odd") if contrast(theme[name], theme["track"]) < GRAPHIC] == []


def test_every_colour_has_a_value_in_both_themes() -> None:
    assert set(LIGHT) == set(DARK)
    assert not re.findall(r"(?<!: )#[0-9a-f]{3,6}\b", re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL))
