"""What one request's rendering knows: the vendor's profile, whether its extras are understood, what was dropped."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from llm.dialects.openai.profile import Profile
from llm.dialects.signatures import unsigned
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

    def call_id(self, identity: str | None) -> str | None:
        """The id of a call as this vendor takes it: without what another one signed."""
        if identity is None:
            return None
        identity, length = unsigned(identity), self.profile.call_id_length
        if length is None:
            return identity
        if len(identity) == length and identity.isascii() and identity.isalnum():
            return identity
        return sha256(identity.encode()).hexdigest()[:length]

    def accepted(self, body: JsonObject) -> JsonObject:
        """`body` in the vendor's words and without what it refuses.

        A vendor that cannot be told to call no tool is shown none.
        """
        if body.get("tool_choice") == "none" and "tool_choice" in self.profile.refused:
            del body["tools"]
        for name in self.profile.refused & body.keys():
            del body[name]
            self.dropped.append(name)
        for ours, theirs in self.profile.renamed.items():
            if ours in body:
                body[theirs] = body.pop(ours)
        return body
