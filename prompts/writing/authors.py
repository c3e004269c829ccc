"""Who writes, a person of the staff or a key, and what beside the words of prompts is theirs to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from llm.call import Caller

PUBLISH = "prompts.publish_prompt"
"""The right to move protected labels."""
SECURE = "prompts.secure_prompt"
"""The right to say what that takes: who could both publish and lift the rules would be held by none."""


@dataclass(slots=True, frozen=True)
class Author:
    """`user_id` is None of keys and commands, which anybody may be behind."""

    name: str
    user_id: int | None = None
    may_publish: bool = False
    may_secure: bool = False

    @classmethod
    def of_user(cls, user: Any) -> Self:
        return cls(user.get_username(), user.pk, user.has_perm(PUBLISH), user.has_perm(SECURE))

    @classmethod
    def of_key(cls, caller: Caller) -> Self:
        scopes = caller.scopes
        return cls(f"key {caller.key_name}", None, "prompts.publish" in scopes, "prompts.secure" in scopes)
