"""Wordings in few words, for tests."""

from __future__ import annotations

from typing import Any

from llm.dialects.fields import Fields
from llm.types import Image, Message, Text
from prompts.language import Page, Picture, Template
from prompts.render import compiled
from prompts.wording import Wording, read_wording


def wording(*messages: tuple[str, str], variables: list[dict[str, Any]] | None = None, **rest: Any) -> Wording:
    lines = [{"role": role, "content": content} for role, content in messages]
    return read_wording(Fields({"messages": lines, "variables": variables or [], **rest}, "", strict=True))


def said(content: str, **values: Any) -> str:
    """What a template makes of plain values, without declarations."""
    page = Page(values)
    Template(content).put(page)
    return "".join(f"<{piece.url}>" if isinstance(piece, Picture) else piece for piece in page.take())


def rendered(draft: Wording, **values: Any) -> list[Message]:
    return compiled(draft).render(values)


def texts(messages: list[Message]) -> list[str]:
    """Of each message; an image is its address between angle brackets."""
    return ["".join(_written(part) for part in message.parts) for message in messages]


def _written(part: object) -> str:
    if isinstance(part, Image):
        return f"<{part.url}>"
    assert isinstance(part, Text)
    return part.text
