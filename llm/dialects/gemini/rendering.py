"""What one request's rendering knows: the vendor's model, and what it will not be told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm.types import JsonObject

VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?", re.IGNORECASE)
NEWEST = (99, 0)
"""What a name without a number stands for, such as `gemini-flash-latest`."""


@dataclass(slots=True)
class Rendering:
    """No caller speaks this dialect, so that every `extra` is in another one's words."""

    model: str
    dropped: list[str]

    @property
    def version(self) -> tuple[int, int]:
        """Of the Gemini family; (0, 0) for a model that is none of it."""
        if found := VERSION.search(self.model):
            return int(found[1]), int(found[2] or 0)
        return NEWEST if "gemini" in self.model.lower() else (0, 0)

    def drop(self, extra: JsonObject | None, path: str) -> None:
        if extra:
            self.dropped += [f"{path}.{name}" if path else name for name in extra]
