"""What the model behind a route takes: which version of the API it is asked by, how it thinks, how much it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "anthropic-version"
BETA = "anthropic-beta"
FORWARDED: tuple[str, ...] = (VERSION, BETA)
"""The headers of a client that go on to a vendor of this dialect as they are."""

OLD_VERSION, NEW_VERSION = "2023-06-01", "2026-10-21"
"""From the new version on, `temperature`, `top_p` and `top_k` are refused."""

OLDER = re.compile(
    r"claude-(instant|[23])"  # claude-2.1, claude-3-5-haiku
    r"|claude-(opus|sonnet|haiku)-(4(-[0-6])?(?![\d-])|4(-[0-6])?[-@]\d{8}|4(-[0-6])?-latest)"
)
"""Models that still take sampling parameters, and think within a budget rather than with an effort."""

DEFAULT_MAX_TOKENS = 4_096
"""The bound on an answer where neither the caller nor the registry names one: this dialect must have it."""


@dataclass(slots=True, frozen=True)
class Target:
    """`version` is what the vendor is asked by; `effort`: thinks with an effort; `most` is the most it writes."""

    model: str
    version: str = OLD_VERSION
    effort: bool = False
    structured: bool = True
    most: int = DEFAULT_MAX_TOKENS

    @property
    def signs(self) -> bool:
        """A Claude signs each of its thoughts, and takes none back without."""
        return "claude" in self.model

    @property
    def samples(self) -> bool:
        """Versions are dates, which sort as text."""
        return self.version < NEW_VERSION


def target_of(model: str, headers: Mapping[str, str], *, structured: bool = True, most: int | None = None) -> Target:
    """The client's own version goes before ours. A name that is no Claude is another's model behind this dialect,
    which knows the first version alone."""
    newer = "claude" in model and not OLDER.search(model)
    version = headers.get(VERSION) or (NEW_VERSION if newer else OLD_VERSION)
    return Target(model, version, effort=newer, structured=structured, most=most or DEFAULT_MAX_TOKENS)
