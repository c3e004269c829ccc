"""Who writes: a person of the staff or a key, and whether protected labels are theirs to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from llm.call import Caller

PUBLISH = "prompts.publish_prompt"


@dataclass(slots=True, frozen=True)
class Author:
    name: str
    user_id: int | None = None
    may_publish: bool = False

    @classmethod
    def of_user(cls, user: Any) -> Self:
        return cls(user.get_username(), user.pk, user.has_perm(PUBLISH))

    @classmethod
    def of_key(cls, caller: Caller) -> Self:
        return cls(f"key {caller.key_name}", None, "prompts.publish" in caller.scopes)
