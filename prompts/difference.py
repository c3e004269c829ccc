"""What is different between two wordings."""

from __future__ import annotations

from dataclasses import dataclass

from llm.types import JsonObject
from prompts.wording import Wording


@dataclass(frozen=True, slots=True)
class Change:
    path: str

    def as_json(self) -> JsonObject:
        return {"path": self.path}


def difference(before: Wording, after: Wording) -> list[Change]:
    return []
