"""Changes in words, for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llm.types import JsonObject
from prompts.transfer.importing import Change

AROUND = 80
"""Characters of what stays the same that are shown on each side of a change."""

MARKS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What would steer a terminal, or turn its text around."""


def told(change: Change) -> Iterator[str]:
    """Line by line: what it is, and below it word by word what is [-gone-] and {+new+}."""
    yield plain(str(change))
    for each in change.difference:
        yield plain(f"  {each['subject']} {each['name']}: {_happening(each)}")
        text = "".join(MARKS[piece["kind"]].format(_short(piece)) for piece in each["pieces"])
        yield from (f"    {plain(line)}" for line in text.split("\n"))


def plain(text: str) -> str:
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _happening(said: JsonObject) -> str:
    if said["subject"] == "message" and said["change"] == "changed" and said["before"] != said["after"]:
        return f"changed, from {said['before']} to {said['after']}"
    return str(said["change"])


def _short(piece: JsonObject) -> str:
    text: str = piece["text"]
    if piece["kind"] != "same" or len(text) <= 3 * AROUND:
        return text
    return f"{text[:AROUND]} … {text[-AROUND:]}"
