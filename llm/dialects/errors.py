"""An error as every dialect of ours tells it, inside its own envelope."""

from __future__ import annotations

from datetime import UTC

from llm.errors import GatewayError, Limit
from llm.types import JsonObject


def error_fields(error: GatewayError, request_id: str) -> JsonObject:
    return {
        "type": error.type,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "source": error.source,
        "hint": error.hint,
        "request_id": request_id,
        "retry_after": error.retry_after,
        "limit": _limit(error.limit) if error.limit else None,
    }


def _limit(limit: Limit) -> JsonObject:
    resets_at = limit.resets_at and limit.resets_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"name": limit.name, "scope": limit.scope, "used": limit.used, "max": limit.max, "resets_at": resets_at}
