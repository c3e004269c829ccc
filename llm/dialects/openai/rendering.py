"""What one request's rendering knows: the vendor's profile, whether its extras are understood, what was dropped."""

from __future__ import annotations

from dataclasses import dataclass

from llm.dialects.openai.profile import Profile
from llm.types import JsonObject


@dataclass(slots=True)
class Rendering:
    profile: Profile
    same: bool
    dropped: list[str]

    def kept(self, extra: JsonObject | None, path: str) -> JsonObject:
        """A copy of `extra`, or nothing where these are another dialect's words."""
        if not extra:
            return {}
        if self.same:
            return dict(extra)
        self.dropped += [f"{path}.{name}" if path else name for name in extra]
        return {}

    def wrapped(self, name: str, inside: JsonObject, around: JsonObject, extra: JsonObject) -> JsonObject:
        """`inside` under `name`, each level with its own unknown fields."""
        return {**around, name: {**inside, **extra.pop(name, {})}, **extra}

    def accepted(self, body: JsonObject) -> JsonObject:
        """`body` in the vendor's words and without what it refuses."""
        for name in self.profile.refused & body.keys():
            del body[name]
            self.dropped.append(name)
        for ours, theirs in self.profile.renamed.items():
            if ours in body:
                body[theirs] = body.pop(ours)
        return body
