"""The line is what a shell makes of it: one runs it here, with a `curl` that tells what it was given."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.record_page import curl

URL = "https://llm.example/api/v1/generate/"
TELLS = 'curl() { printf "%s\\0" "$@"; }; '
HOSTILE = [
    "'",
    "'; touch /tmp/x; '",
    "$(id) `id` ${KEY} !! \\",
    "a\nb\r\n\t\0",
    '"\'"',
    "\u202e\u2028é\ud800",
    "@/etc/passwd",
]


def asks(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def run(line: str) -> list[str]:
    done = subprocess.run(["sh", "-c", TELLS + line], env={"KEY": "gh_k"}, capture_output=True, check=True, text=True)
    assert not done.stderr
    return done.stdout.split("\0")[:-1]


def sent(request: dict[str, Any]) -> tuple[list[str], Any]:
    line = curl.line(request, URL)
    assert line is not None
    assert line.isascii()
    assert "\n" not in line
    *words, body = run(line)
    return words, json.loads(body)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shell_hands_on_exactly_what_was_asked(text: str) -> None:
    words, body = sent(asks(text))

    assert words == [URL, "-H", "Authorization: Bearer gh_k", "-H", "Content-Type: application/json", "--data-raw"]
    assert body == asks(text)


@settings(max_examples=40)
@given(st.text())
def test_whatever_was_asked(text: str) -> None:
    assert sent(asks(text))[1] == asks(text)


def test_a_stream_is_not_held_back() -> None:
    assert sent(asks("x", stream=True))[0][0] == "-N"


def test_an_address_is_quoted_too() -> None:
    line = curl.line(asks("x"), "https://llm.example/';id;'")
    assert line is not None
    assert run(line)[0] == "https://llm.example/';id;'"


def test_a_context_is_not_given_twice() -> None:
    """The messages hold it already."""
    context = {"assembled_context": "Long ago", "sources": [{"id": "1"}]}

    assert sent(asks("Long ago", context=context))[1]["context"] == {"sources": [{"id": "1"}]}


@pytest.mark.parametrize("request_", [None, "text", {"model": "m"}, asks("x" * curl.LONGEST)])
def test_what_cannot_be_pasted_has_no_line(request_: Any) -> None:
    assert curl.line(request_, URL) is None


def test_a_prompt_that_the_messages_hold_is_not_asked_twice() -> None:
    asked = asks("Hello Ada", prompt={"name": "greeting", "variables": {"customer": "Ada"}})
    line = curl.line(asked, URL, written_out=True)

    assert line is not None
    assert json.loads(run(line)[-1]) == asks("Hello Ada")
