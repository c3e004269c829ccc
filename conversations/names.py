"""Public ids: a word that says what it names, and a UUIDv7."""

from __future__ import annotations

import re
from uuid import UUID

CONVERSATION, MESSAGE = "conv", "msg"
NAME = re.compile(r"(?P<kind>[a-z]+)_(?P<identity>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def public(kind: str, identity: UUID) -> str:
    return f"{kind}_{identity}"


def read(kind: str, name: str) -> UUID | None:
    """None for what can be no name of this kind."""
    found = NAME.fullmatch(name)
    return UUID(found["identity"]) if found and found["kind"] == kind else None
