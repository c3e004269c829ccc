"""Answers for caches to keep, readable and not."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from llm.cache import CachedAnswer, Lease
from llm.cache.answers import FORMAT
from llm.types import Choice, Completion, Usage

PATIENT = 5.0


def answer(text: str = "An answer.", **changes: Any) -> CachedAnswer:
    choice = Choice(text, finish_reason="stop", **changes)
    return CachedAnswer(Completion([choice], Usage(20, 5, 25)), "openai", "gpt-4o-mini", "gpt-4o-mini-2024", 6_000_000)


def some_key() -> str:
    return f"test-{uuid4()}"


def leads(found: CachedAnswer | Lease | None) -> Lease:
    """The lease that was found; fails where it is none."""
    assert found is not None
    assert not isinstance(found, CachedAnswer)
    return found


WHOLE = answer().encode()
STRANGE = [
    b"",
    b"\x80garbage",
    b"null",
    b"[1]",
    b"[1, []]",
    WHOLE[:-5],
    WHOLE.replace(b"[%d" % FORMAT, b"[%d" % (FORMAT + 1), 1),
    WHOLE.replace(b'"provider"', b'"vendor"'),
    WHOLE.replace(b'"completion":', b'"completion":null,"x":'),
    WHOLE.replace(b'"choices":[', b'"choices":[7,'),
    WHOLE.replace(b'"prompt_tokens"', b'"tokens_of_prompt"'),
]
