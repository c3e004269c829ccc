"""Records as the gateway hands them over, and a recorder's surroundings that tests can turn off and on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import orjson

from analytics.recorder import rows
from analytics.recorder.backlog import Entry
from llm.call import Attempt, Body, Record, created_at, new_id
from llm.connection import Away, Refused


def record(identity: UUID | None = None, **said: Any) -> Record:
    identity = identity or new_id()
    defaults: dict[str, Any] = {"surface": "json", "dialect": "native", "organisation_id": 1, "key_id": 1}
    return Record(id=identity, created_at=created_at(identity), **{**defaults, **said})


def departed(**said: Any) -> Record:
    """A record as it stands when its call leaves for the provider."""
    route = {"provider": "openai", "model": "gpt-4o-mini", "upstream_model": "gpt-4o-mini-2024"}
    return record(attempts=[Attempt("openai", "gpt-4o-mini-2024", model="gpt-4o-mini")], **{**route, **said})


def refused(**said: Any) -> Record:
    return record(**{"status": "refused", "error_code": "rate_limited", **said})


def spoken() -> Body:
    return Body({"messages": [{"role": "user", "content": "Hello"}]}, {"content": "Good day"})


def entry(made: Record, body: Body | None = None) -> Entry:
    return Entry(made, rows.encode(made), rows.encode_body(made, body) if body else None)


class MemoryStore:
    """A table in a dict, by id. `away` and `refuses` are what may go wrong with it."""

    def __init__(self) -> None:
        self.rows: dict[UUID, dict[str, Any]] = {}
        self.bodies: dict[UUID, dict[str, Any]] = {}
        self.batches: list[int] = []
        self.inserted: list[UUID] = []
        self.away = False
        self.refuses: Callable[[Entry], bool] = lambda entry: False
        self.partitions = self.expiries = 0
        self.released: list[str] = []
        self.closed = 0

    def insert(self, entries: Sequence[Entry]) -> None:
        if self.away:
            raise Away("it is away")
        if any(self.refuses(entry) for entry in entries):
            raise Refused("NumericValueOutOfRange 22003")
        self.batches.append(len(entries))
        for entry in entries:
            if entry.record.id not in self.rows:
                self.inserted.append(entry.record.id)
                self.rows[entry.record.id] = orjson.loads(entry.row)
                if entry.body:
                    self.bodies[entry.record.id] = orjson.loads(entry.body)

    def known(self, identities: Sequence[UUID]) -> set[UUID]:
        if self.away:
            raise Away("it is away")
        return self.rows.keys() & set(identities)

    def release(self, journal: str) -> None:
        self.released.append(journal)

    def expire(self) -> None:
        self.expiries += 1

    def ensure_partitions(self) -> None:
        self.partitions += 1

    def close(self) -> None:
        self.closed += 1
