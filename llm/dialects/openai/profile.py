"""How a vendor that speaks the OpenAI dialect differs from OpenAI: one row of data each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal


@dataclass(slots=True, frozen=True)
class Profile:
    """`refused` names fields of the request, as the wire calls them, that the vendor answers with an error.

    `renamed` maps our word to the vendor's (`seed` to `random_seed`, say); `reasoning_field` is where a message's
    earlier reasoning goes, None where the vendor takes none back.
    """

    output_bound: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    refused: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    stream_options: bool = True
    reasoning_field: str | None = None
    developer_role: bool = False


OPENAI = Profile(
    output_bound="max_completion_tokens",
    refused=frozenset({"top_k"}),
    developer_role=True,
)

COMPATIBLE = Profile()
"""An unknown server of this dialect: the oldest words, and nothing refused."""
