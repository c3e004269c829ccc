"""Characters that cannot be seen or that look like others, found for whoever writes a prompt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from prompts.language import Places

SOFT_HYPHEN, NO_BREAK_SPACE, JOINER = "\u00ad", "\u00a0", "\u200d"
EMOJI_STYLE, KEYCAP = "\ufe0f", "\u20e3"
BLACK_FLAG, CANCEL_TAG = "\U0001f3f4", "\U000e007f"

SYMBOLS = ("So", "Sk", "Sm", "Po")
PICTURES = (EMOJI_STYLE, "\u2139", "\u3030", "\u00a9", "\u00ae")
"""Categories of Unicode that emoji are of, and emoji that are of none of them."""

UNSEEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Controls, fillers, directions, tags and everything else that takes no room."""

WORD = re.compile(r"[^\W\d_]+")
OUTPUT = re.compile(r"\{[{%].{0,1000}?[%}]\}", re.DOTALL)
STRANGERS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look Latin."""

SCIENCE = frozenset("µμΩ")
"""Greek letters that stand among Latin ones by right, as in µs and kΩ."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Line and column count from 1. `name` is such as "ZERO WIDTH SPACE (U+200B)"."""

    line: int
    column: int
    name: str
    character: str
    message: str
    """A sentence for whoever wrote it."""


def suspicious(text: str) -> list[Suspicion]:
    """In the order of the text; emoji joined by invisible characters are what they ought to be."""
    if text.isascii() and UNSEEN.search(text) is None:
        return []
    found = dict.fromkeys(_unseen(text), "cannot be seen")
    found |= dict.fromkeys(_hard_spaces(text), "is not the space it looks like")
    found |= dict.fromkeys(_lookalikes(text), "looks like a Latin letter and is none")
    places = Places(text)
    return [_suspicion(text[index], places.at(index), why) for index, why in sorted(found.items())]


def named(character: str) -> str:
    code = ord(character)
    return f"{unicodedata.name(character, CONTROLS.get(code, 'CONTROL CHARACTER'))} (U+{code:04X})"


CONTROLS = {
    0x00: "NULL",
    0x07: "BELL",
    0x08: "BACKSPACE",
    0x0B: "LINE TABULATION",
    0x0C: "FORM FEED",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
}
"""Unicode gives control characters no names."""


def _suspicion(character: str, place: tuple[int, int], why: str) -> Suspicion:
    line, column = place
    name = named(character)
    return Suspicion(line, column, name, character, f"{name} {why}.")


def _unseen(text: str) -> Iterator[int]:
    for match in UNSEEN.finditer(text):
        if not _belongs(text, match.start()):
            yield match.start()


def _belongs(text: str, index: int) -> bool:
    """Whether an invisible character does its work: inside an emoji, or between letters whose script wants joining."""
    character, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if character == JOINER:
        return (_is_emoji(before) and _is_emoji(after)) or _joins_letters(before, after)
    if character == "\u200c":
        return _joins_letters(before, after)
    if character == EMOJI_STYLE:
        return _is_emoji(before) or after == KEYCAP
    if character == "\ufe0e":
        return _is_emoji(before)
    return "\U000e0020" <= character <= CANCEL_TAG and _is_flag(text, index)


def _is_emoji(character: str) -> bool:
    """Of one character: a symbol, a skin tone, or the mark that makes a picture of a symbol."""
    return character in PICTURES or (character > NO_BREAK_SPACE and unicodedata.category(character) in SYMBOLS)


def _joins_letters(before: str, after: str) -> bool:
    """Arabic and the scripts of India write with joiners, Latin does not."""
    return all(side and unicodedata.name(side, "").partition(" ")[0] in JOINING for side in (before, after or before))


JOINING = frozenset(
    {
        *("ARABIC", "SYRIAC", "NKO", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
        *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR"),
    }
)


def _is_flag(text: str, index: int) -> bool:
    """Flags of regions, such as Scotland's, are a black flag, a few tags and an end."""
    start = text.rfind(BLACK_FLAG, max(index - 8, 0), index)
    end = text.find(CANCEL_TAG, index, index + 8)
    return start >= 0 and end >= 0 and all("\U000e0020" <= each <= CANCEL_TAG for each in text[start + 1 : end])


def _hard_spaces(text: str) -> Iterator[int]:
    """Inside of tags, where they part no words."""
    if NO_BREAK_SPACE in text:
        for match in OUTPUT.finditer(text):
            yield from (match.start() + index for index, each in enumerate(match.group()) if each == NO_BREAK_SPACE)


def _lookalikes(text: str) -> Iterator[int]:
    """Letters of another script in a word that is Latin as well."""
    for match in WORD.finditer(text):
        word = match.group()
        if word.isascii() or not any(each.isascii() for each in word):
            continue
        for index, letter in enumerate(word):
            if letter > "\u036f" and letter not in SCIENCE and unicodedata.name(letter, "").startswith(STRANGERS):
                yield match.start() + index
