"""A record as it stands when its answer is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from llm.call import Record

IDENTITY = UUID("019aa000-0000-7000-8000-000000000001")


def a_record(**fields: Any) -> Record:
    record = Record(IDENTITY, datetime(2026, 11, 20, 12, tzinfo=UTC), model="small", provider="openai")
    for name, value in fields.items():
        setattr(record, name, value)
    return record
