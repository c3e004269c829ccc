"""What one request's rendering knows: whom it is for, whether its extras are understood, what was dropped."""

from __future__ import annotations

from dataclasses import dataclass

from llm.dialects.anthropic.target import Target
from llm.dialects.signatures import is_signed
from llm.types import JsonObject, Part, Reasoning


@dataclass(slots=True)
class Rendering:
    target: Target
    same: bool
    dropped: list[str]

    def is_foreign(self, part: Part) -> bool:
        """What another vendor signed, or did not sign where this one would have: it would refuse all for it."""
        unproven = isinstance(part, Reasoning) and not part.signature and self.target.signs
        return unproven or is_signed(part)

    def kept(self, extra: JsonObject | None, path: str) -> JsonObject:
        """A copy of `extra`, or nothing where these are another dialect's words."""
        if not extra:
            return {}
        if self.same:
            return dict(extra)
        self.dropped += [f"{path}.{name}" if path else name for name in extra]
        return {}
