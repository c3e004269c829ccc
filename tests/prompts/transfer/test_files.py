"""A file is read as what it says, or refused at small cost; nothing in it is evaluated."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from llm.errors import MalformedBody
from prompts.transfer import read
from tests.prompts.transfer.bombs import BOMBS

DEAR = ("late", "deep", "many", "nine", "billion", "keys of", "comments", "directives", "colons")
"""What might cost something is measured, in a process of its own."""

ALONE = "import django; django.setup(); from tests.prompts.transfer.bombs import main; main()"


@pytest.mark.parametrize("name", [name for name in BOMBS if not any(word in name for word in DEAR)])
def test_what_is_not_plain_is_refused_in_words(name: str) -> None:
    status, words, raw = BOMBS[name]
    with pytest.raises(MalformedBody) as caught:
        read(raw)
    assert (caught.value.status, words in caught.value.message) == (status, True), caught.value.message


@pytest.mark.parametrize("name", [name for name in BOMBS if any(word in name for word in DEAR)])
def test_a_bomb_is_refused_in_a_second_and_64_megabytes(name: str) -> None:
    status, words, _ = BOMBS[name]
    command = [sys.executable, "-c", ALONE, name]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr[-2_000:]
    told = json.loads(run.stdout)
    assert (told["status"], words in told["said"]) == (status, True), told
    assert len(told["said"]) < 500
    assert told["seconds"] < 1, told
    assert told["grown"] < 64 * 2**20, told


@pytest.mark.parametrize(
    "word", ["2020-01-01", "yes", "off", ".nan", "NaN", ".inf", "0x1F", "012", "1_000", "12:30:45", "1e"]
)
def test_what_other_readers_take_for_something_else_is_text(word: str) -> None:
    assert read(f"a: {word}".encode()) == {"a": word}


@pytest.mark.parametrize(("word", "value"), [("true", True), ("null", None), ("-7", -7), ("1.5", 1.5), ("1e5", 1e5)])
def test_what_json_has_is_what_it_is(word: str, value: object) -> None:
    assert read(f"a: {word}".encode()) == {"a": value}


def test_a_merge_key_merges_nothing() -> None:
    assert read(b"a: {<<: {b: 1}}") == {"a": {"<<": {"b": 1}}}
