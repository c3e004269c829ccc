"""A recorded request as one line for a shell, to be asked again. The key stays with whoever pastes it."""

from __future__ import annotations

import json
from shlex import quote
from typing import Any

LONGEST = 100_000
"""Characters of a body; shells take a little more in one argument."""


def line(request: Any, url: str, *, written_out: bool = False) -> str | None:
    """None for what is no native request, or too long to paste. `written_out` says that its messages begin with its
    prompt's.

    The body is ASCII: nothing in it can turn the line around, or hide, on a screen.
    """
    if not isinstance(request, dict) or "messages" not in request:
        return None
    body = json.dumps(_unprepared(request, written_out))
    if len(body) > LONGEST:
        return None
    unbuffered = "-N " if request.get("stream") else ""
    return (
        f"curl {unbuffered}{quote(url)} "
        '-H "Authorization: Bearer $KEY" '
        f"-H 'Content-Type: application/json' --data-raw {quote(body)}"
    )


def _unprepared(request: dict[str, Any], written_out: bool) -> dict[str, Any]:
    """Without the prompt and the context that the messages hold already: asked again, they would be in there twice."""
    if written_out:
        request = {name: value for name, value in request.items() if name != "prompt"}
    context = request.get("context")
    if not isinstance(context, dict):
        return request
    return request | {"context": {name: value for name, value in context.items() if name != "assembled_context"}}
