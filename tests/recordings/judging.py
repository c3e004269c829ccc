"""Whether what was heard is what was recorded, and if not, why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.recordings.cases import Case
from tests.recordings.heard import Heard

REFUSED = frozenset({"provider_refused", "context_length_exceeded", "content_filter", "invalid_field"})
"""What the vendor would refuse may be refused by the gateway already."""
BROKEN = frozenset({"provider_broken", "provider_overloaded", "provider_timeout", "provider_unreachable"})

CLASSES: dict[str, frozenset[str]] = {
    "bad_request": REFUSED,
    "authentication": frozenset({"provider_auth"}),
    "permission": frozenset({"provider_auth"}),
    "billing": frozenset({"provider_auth", "provider_rate_limited"}),
    "not_found": frozenset({"provider_model_not_found"}),
    "rate_limit": frozenset({"provider_rate_limited"}),
    "overloaded": frozenset({"provider_overloaded"}),
    "timeout": frozenset({"provider_timeout"}),
    "content_filter": frozenset({"content_filter"}),
    "upstream": BROKEN,
}
"""The recordings' classes of errors, and the codes of ours that say the same."""

HINTS: dict[str, str] = {
    "bad_key": "provider_auth",
    "context_length": "context_length_exceeded",
    "model_not_found": "provider_model_not_found",
}
"""Where a recording tells more than the class, so must we."""


def disagreements(case: Case, heard: Heard) -> Iterator[str]:
    """In words; none where the two agree."""
    expected = case.expected
    if expected["error"] or heard.error:
        yield from _errors(expected["error"], heard)
        return
    for name in ("text", "reasoning", "refusal"):
        if (told := getattr(heard, name)) != (expected[name] or ""):
            yield f"{name}: heard {told[:80]!r}, recorded {(expected[name] or '')[:80]!r}"
    if (calls := [_call(*call) for call in heard.calls]) != (wanted := [_wanted(c) for c in expected["tool_calls"]]):
        yield f"calls: heard {calls}, recorded {wanted}"
    ends = [end for end in (expected["finish"], *expected["finish_also"]) if end]
    if heard.finish not in ends:
        yield f"finish: heard {heard.finish}, recorded {' or '.join(ends)}"
    yield from _usages(expected["usage"] or {}, heard.usage or {})


def _errors(expected: dict[str, Any] | None, heard: Heard) -> Iterator[str]:
    if expected is None:
        yield f"error: heard {heard.error}, recorded none"
        return
    hint = HINTS.get(expected["hint"] or "")
    wanted = {hint} if hint else CLASSES[expected["class"]]
    if heard.error not in wanted:
        yield f"error: heard {heard.error}, recorded {expected['class']} ({' or '.join(sorted(wanted))})"


def _usages(expected: dict[str, int | None], heard: dict[str, int]) -> Iterator[str]:
    """Each count that was recorded and that this dialect has a word for."""
    for name, count in expected.items():
        if count is not None and name in heard and heard[name] != count:
            yield f"usage: heard {heard[name]} {name} tokens, recorded {count}"


def _call(name: str, arguments: str) -> tuple[str, Any]:
    """Arguments that are no JSON are compared as they stand; none at all are an empty object."""
    try:
        return name, json.loads(arguments or "{}")
    except json.JSONDecodeError:
        return name, arguments


def _wanted(call: dict[str, Any]) -> tuple[str, Any]:
    return call["name"], call["raw"] if call["arguments"] is None else call["arguments"]
