"""A kept answer, and what every cache of them promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from llm.errors import ProviderError
from llm.types import Block, Choice, Completion, ToolCall, Usage

FORMAT = 2
"""Part of every key and entry: raised when either changes its meaning, so that older entries are misses."""


@dataclass(slots=True, frozen=True)
class CachedAnswer:
    """A kept answer and where it came from; `cost` is what it cost then, in picodollars (None: unknown)."""

    completion: Completion
    provider: str
    model: str
    upstream_model: str
    cost: int | None = None

    def encode(self) -> bytes:
        return orjson.dumps([FORMAT, self])

    @staticmethod
    def decode(raw: bytes) -> CachedAnswer | None:
        """None for an entry that is corrupt or of another version."""
        try:
            version, fields = orjson.loads(raw)
            if version != FORMAT:
                return None
            return CachedAnswer(**{**fields, "completion": _completion(fields["completion"])})
        except (ValueError, TypeError, KeyError):
            return None


def _completion(fields: dict[str, Any]) -> Completion:
    usage = fields["usage"]
    return Completion(
        **{
            **fields,
            "choices": [_choice(choice) for choice in fields["choices"]],
            "usage": None if usage is None else Usage(**usage),
        }
    )


def _choice(fields: dict[str, Any]) -> Choice:
    blocks = fields["blocks"]
    return Choice(
        **{
            **fields,
            "tool_calls": [ToolCall(**call) for call in fields["tool_calls"]],
            "blocks": None if blocks is None else [Block(**block) for block in blocks],
        }
    )


class Lease(Protocol):
    """The right, and the duty, to ask upstream for one key. Exactly one of its methods ends it."""

    async def store(self, answer: CachedAnswer, ttl: int) -> None:
        """Keep `answer` for `ttl` seconds and hand it to all who wait."""

    async def fail(self, error: ProviderError) -> None:
        """All who wait in this process fail with it: asking a vendor that fails for each of them would not help it."""

    async def release(self) -> None:
        """There is nothing to keep: one of those who wait leads from here."""


class Cache(Protocol):
    """A cache that is out of order is a miss, never an error."""

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        """A kept answer; or the lease to make one; or None after `wait` seconds behind another: answer alone.

        Raises ProviderError where another led and the vendor failed it.
        """

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        """Keep `answer` for `ttl` seconds, whoever may be leading."""


class NullCache:
    """Keeps nothing and lets nobody wait."""

    async def fetch(self, key: str, *, wait: float) -> CachedAnswer | Lease | None:
        return None

    async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
        return None
