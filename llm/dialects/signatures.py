"""A vendor's proof of what a model thought, hidden in what clients hand back anyway: the id of a call, a signature.

Gemini signs single parts of an answer and wants each signature back beside its part, but no other dialect has a place
for one beside a call. So it is packed into the call's id. Only Gemini's dialect unpacks it: to another vendor the
signature says nothing, and the id without it is short enough for everyone.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from llm.types import Part, Reasoning, ToolCall

MARK = "__thought_"


def sign(identity: str, signature: str) -> str:
    """Letters, digits, `_` and `-` only, if `identity` has no others: some vendors take nothing else in an id."""
    return f"{identity}{MARK}{urlsafe_b64encode(signature.encode()).decode().rstrip('=')}"


def unsign(signed: str) -> tuple[str, str | None]:
    """What was signed, and the signature; None where there is none."""
    identity, mark, packed = signed.partition(MARK)
    if not mark:
        return signed, None
    try:
        return identity, urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode() or None
    except ValueError:
        return signed, None


def unsigned(signed: str) -> str:
    return unsign(signed)[0]


def is_signed(part: Part) -> bool:
    """Whether something is hidden in `part`."""
    match part:
        case ToolCall(id=signed) | Reasoning(signature=str(signed)):
            return MARK in signed
    return False
