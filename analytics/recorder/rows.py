"""Records as JSON and back: the form they have in the journal and on their way into the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from llm.budgets import Charge
from llm.call import Attempt, Body, Record, created_at
from llm.types import JsonObject

LEDGERED = ("reserved", "charges")
"""What the ledger wants to know of a record, and the journal tells it after a crash; no columns of the log."""
COLUMNS = tuple(field.name for field in fields(Record) if field.name not in {"body", *LEDGERED})
DEPARTURE = (
    *("id", "created_at", "surface", "dialect", "organisation_id", "key_id", "team", "user_id", "session_id"),
    *("request_id", "purpose", "priority", "tags", "prompt", "prompt_version", "prompt_label", "model", "provider"),
    *("upstream_model", "streamed", "attempts", "retries", "fallback_used", "cache", *LEDGERED),
)
"""What is known, and wanted in the log, of a call that departs and may never be heard of again."""

BODY_COLUMNS = ("id", "created_at", "organisation_id", "request", "answer")

NUL = b"\\u0000"
INT64 = 2**63
DEEPEST = 100

_values = attrgetter(*COLUMNS)
_departure = attrgetter(*DEPARTURE)
_attempt_fields = frozenset(field.name for field in fields(Attempt))
_charge_fields = frozenset(field.name for field in fields(Charge))


def encode(record: Record) -> bytes:
    """The whole row without its body, on one line."""
    return dump(dict(zip(COLUMNS, _values(record), strict=True)))


def with_charges(row: bytes, record: Record) -> bytes:
    """The row as the journal has it."""
    if not record.charges:
        return row
    return row[:-1] + b"," + dump({name: getattr(record, name) for name in LEDGERED})[1:]


def encode_departure(record: Record) -> bytes:
    return dump(dict(zip(DEPARTURE, _departure(record), strict=True)))


def encode_body(record: Record, body: Body) -> bytes:
    values = (record.id, record.created_at, record.organisation_id, body.request, body.answer)
    return dump(dict(zip(BODY_COLUMNS, values, strict=True)))


def decode(row: JsonObject) -> Record:
    """A record from a line of any version: unknown columns are left out, missing ones get their defaults."""
    identity = UUID(row["id"])
    known = {name: row[name] for name in (*COLUMNS, "reserved") if name in row}
    attempts = [Attempt(**_only(_attempt_fields, attempt)) for attempt in row.get("attempts", ())]
    charges = [_charge(charge) for charge in row.get("charges", ())]
    named = {"id": identity, "created_at": created_at(identity), "attempts": attempts, "charges": charges}
    return Record(**{**known, **named})


def _charge(said: JsonObject) -> Charge:
    instants = {name: said[name] and datetime.fromisoformat(said[name]) for name in ("starts_at", "ends_at")}
    return Charge(**{**_only(_charge_fields, said), **instants})


def interrupted(record: Record) -> Record:
    """What is to be said of a call that departed and never finished: it may have cost what was reserved."""
    record.status, record.cost = "interrupted", record.reserved
    if record.attempts:
        record.attempts[-1].outcome = "interrupted"
    return record


def dump(value: Any) -> bytes:
    """JSON that both databases take. What they do not take (NUL, half a surrogate pair) is written out as an escape."""
    try:
        data = orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_escaped(value))
    return orjson.dumps(_escaped(value)) if NUL in data else data


def _escaped(value: Any, depth: int = 0) -> Any:
    """Total: whatever it is given, JSON comes out; what has no place in JSON is named by its type."""
    if depth > DEEPEST:
        return "…"
    match value:
        case None | bool() | float() | UUID() | datetime():
            return value
        case int():
            return value if -INT64 <= value < INT64 else str(value)
        case str():
            return _clean(value)
        case Mapping():
            return {_clean(str(key)): _escaped(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [_escaped(item, depth + 1) for item in value]
        case _ if is_dataclass(value):
            return {field.name: _escaped(getattr(value, field.name), depth + 1) for field in fields(value)}
    return f"<{type(value).__name__}>"


def _clean(text: str) -> str:
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()


def _only(names: frozenset[str], values: JsonObject) -> JsonObject:
    return {name: value for name, value in values.items() if name in names}
