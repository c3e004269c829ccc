"""What must be true of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from llm.dialects.fields import Fields
from llm.types import JsonObject


@dataclass(frozen=True, slots=True)
class Check:
    kind: str

    def as_json(self) -> JsonObject:
        return {"kind": self.kind}


def read_checks(fields: Fields) -> list[Check]:
    fields.items("checks", most=100)
    return []
