"""Every word of the fake vendor's vocabulary works, alone and with any other, and is told of in its README."""

from __future__ import annotations

import re
import socket
from itertools import combinations
from pathlib import Path

import pytest

from tests.upstream import Upstream
from tests.upstream.answers import Question
from tests.upstream.asking import dial
from tests.upstream.naming import parse, table
from tests.upstream.perform import perform
from tests.upstream.shapes import SHAPES
from tests.upstream.shapes.shape import Shape
from tests.upstream.words import WORDS

EXAMPLES = {"n": "1", "code": "500", "time": "0ms", "seconds": "2", "text": "length"}
NAMES = [re.sub(r"{(\w+)}", lambda name: EXAMPLES[name[1]], word.template) for word in WORDS]
BREAKING = ["cut", "fin-first", "fin-mid", "no-http", "reset-first", "reset-mid"]
NEVER_ENDING = ["stall-first", "stall-head", "stall-body", "stall-mid", "stall-chunk"]


def read_while_open(raw: socket.socket, upstream: Upstream) -> None:
    raw.settimeout(0.02)
    while upstream.received[0].outcome == "open":
        try:
            raw.recv(65_536)
        except (TimeoutError, ConnectionResetError):
            continue


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_word_plays_to_its_end(upstream: Upstream, name: str, stream: bool) -> None:
    upstream.release()
    with dial(upstream, name, stream=stream) as raw:
        upstream.wait_for(lambda: upstream.served == 1)
        if name not in NEVER_ENDING:
            read_while_open(raw, upstream)
    expected = "aborted" if name in NEVER_ENDING else "broken" if name in BREAKING else "completed"

    upstream.wait_for(lambda: upstream.received[0].outcome == expected)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("stream", [False, True])
def test_any_two_words_go_together(shape: Shape, stream: bool) -> None:
    asked = Question("any", text="Say it again", prompt_tokens=3, streamed=stream, wants_usage=stream, root="http://x")
    for pair in combinations([name for name in NAMES if "mb" not in name], 2):
        assert perform(asked, shape, parse("+".join(pair)))


def test_every_example_is_its_own_word() -> None:
    assert [use.word.template for name in NAMES for use in parse(name)] == [word.template for word in WORDS]


def test_the_readme_tells_every_word() -> None:
    readme = Path(__file__).with_name("upstream") / "README.md"

    assert readme.read_text().endswith(table()), "python -m tests.upstream --words prints the tables"
    assert all(word.does for word in WORDS)
