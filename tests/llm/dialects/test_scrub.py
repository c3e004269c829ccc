"""A vendor's error text can be stored and shown: nothing in it opens a door."""

from __future__ import annotations

import pytest

from llm.dialects.scrub import LONGEST, scrub
from tests.llm.costs import cost

SECRETS = [
    "sk-proj-abcDEF123456",
    "sk-ant-api03-x_y-z123456",
    "gsk_abcdefghij",
    "AIzaSyA-1234567890abcdef",
    "gh_0123456789abcdef",
    "ght_gAAAAABpZmxZ",
    "xai-abcdefghijkl",
    "sk-12****************89",
    "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIzNDU2Nzg5MA==",
    "0123456789abcdef0123456789abcdef",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_key_is_hidden(secret: str) -> None:
    assert secret[6:] not in scrub(f"Incorrect API key provided: {secret}. You can find yours in the console.")


def test_credentials_are_hidden_whatever_they_look_like() -> None:
    assert scrub("Bearer open.sesame refused") == "[hidden] refused"
    assert scrub("cannot reach https://me:word@proxy.example/") == "cannot reach https://[hidden]@proxy.example/"


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-5.2-pro` does not exist.",
        "This model's maximum context length is 1048565 tokens, you requested 1250025.",
        "context_length_exceeded_in_the_messages_of_the_request",
        "scikit-learn: task-oriented",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert scrub(text) == text


def test_a_long_text_is_cut_with_no_half_of_a_key_at_its_end() -> None:
    text = scrub("word " * 98 + "sk-proj-abcDEF123456 " + "word " * 2_000)

    assert len(text) == LONGEST
    assert "abcDEF" not in text


def test_control_characters_become_spaces() -> None:
    assert scrub("a\x00b\r\n\x1b[31mc\ud800") == "a b [31mc"


@pytest.mark.alone
def test_a_hostile_text_costs_its_length_only() -> None:
    assert cost(lambda: scrub("a-" * 500_000), 1) < 15 * cost(lambda: scrub("a-" * 100_000), 1)
