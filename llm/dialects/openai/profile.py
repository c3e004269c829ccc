"""How a vendor that speaks the OpenAI dialect differs from OpenAI: one row of data each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

MAX_COMPLETION_TOKENS: Literal["max_completion_tokens"] = "max_completion_tokens"


@dataclass(slots=True, frozen=True)
class Profile:
    """The plain form where nothing is said: the oldest words, and nothing refused.

    `refused` names fields of the request, as the wire calls them, that the vendor answers with an error or takes no
    notice of, or that are ours to say; `renamed` maps our word to the vendor's (`seed` to `random_seed`, say).
    `stream_options` false: usage comes unasked, or not at all.
    """

    base_url: str = ""
    """The vendor's own; empty where every installation has another."""
    models: str = "models"
    """The listing of models, relative to the address."""
    proof: str | None = None
    """What proves the key, relative to the address, where the listing of models is open to all."""

    output_bound: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    refused: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    stream_options: bool = True
    json_schema: bool = True
    """False: an answer after a schema is asked for as any JSON object, and the schema is told in words."""

    developer_role: bool = False
    names: bool = True
    """False: no message but a tool's may carry a `name`."""
    text_parts: bool = True
    """False: content that is all text goes as one string."""
    call_id_length: int | None = None
    """Ids of calls must be so many letters and digits; others are replaced, the same by the same."""
    reasoning_field: str | None = None
    """Where a message's earlier reasoning goes, None where the vendor takes none back."""
    reasoning_with_calls: bool = False
    """Only the reasoning that led to a call is taken back, and every call must come with some, be it empty."""


OPENAI = Profile(
    base_url="https://api.openai.com/v1",
    output_bound=MAX_COMPLETION_TOKENS,
    refused=frozenset({"top_k"}),
    developer_role=True,
)
