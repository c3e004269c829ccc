"""A record as the API tells it: the fields of an answer, as far as they were kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from llm.call import public_id
from llm.prices import dollars

Answer = dict[str, Any]

USAGE = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
AS_STORED = (
    "status",
    "http_status",
    "surface",
    "provider",
    "model",
    "upstream_model",
    "finish_reason",
    "team",
    "user_id",
    "session_id",
    "purpose",
    "priority",
    "tags",
    "requests",
)
ATTEMPT = ("provider", "model", "upstream_model", "outcome", "error", "reason")
TIMES = ("started_ms", "queue_ms", "latency_ms")
TOKENS = ("prompt_tokens", "completion_tokens")


def summary(row: Any, key: str | None) -> Answer:
    """Without a word of what was said. `key` is the key's name."""
    name = public_id(row.id)
    return {
        "id": name,
        "request_id": row.request_id or name,
        "created_at": instant(row.created_at),
        "key": key,
        **{field: getattr(row, field) for field in AS_STORED},
        "usage": {field: getattr(row, field) for field in USAGE} | {"estimated": row.usage_estimated},
        "cost": dollars(row.cost),
        "currency": "USD",
        "latency_ms": round(row.latency_ms),
        "first_token_ms": None if row.first_token_ms is None else round(row.first_token_ms),
        "error": error(row),
        "metadata": metadata(row),
    }


def detail(row: Any, key: str | None, answer: Answer | None) -> Answer:
    """With what was answered, where it was kept; null where it was not, or there was none."""
    first: Answer = next(iter((answer or {}).get("choices") or ()), {})
    return summary(row, key) | {
        "content": first.get("text"),
        "reasoning": first.get("reasoning") or None,
        "refusal": first.get("refusal") or None,
        "tool_calls": [{part: call.get(part) for part in ("id", "name", "arguments")} for call in _calls(first)],
    }


def _calls(choice: Answer) -> list[Answer]:
    return choice.get("tool_calls") or []


def error(row: Any) -> Answer | None:
    if row.error_type is None:
        return None
    return {"type": row.error_type, "code": row.error_code, "message": row.error_message}


def metadata(row: Any) -> Answer:
    return {
        "cache_hit": row.cache == "hit",
        "fallback_used": row.fallback_used,
        "retries": row.retries,
        "warnings": row.warnings,
        "prompt": {"name": row.prompt, "version": row.prompt_version, "label": row.prompt_label}
        if row.prompt
        else None,
        "selection": row.selection,
        "attempts": [_attempt(attempt) for attempt in row.attempts],
    }


def _attempt(attempt: Answer) -> Answer:
    """Rows of former versions lack what was not known then."""
    told = {part: attempt.get(part) for part in ATTEMPT}
    told |= {part: round(attempt.get(part) or 0) for part in TIMES}
    if attempt.get("started_ms") is None:
        told["started_ms"] = None
    return told | {part: attempt.get(part) or 0 for part in TOKENS} | {"cost": dollars(attempt.get("cost"))}


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
