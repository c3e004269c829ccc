"""A whole answer in native words: what was said, what it took, and how it came about."""

from __future__ import annotations

from datetime import UTC

from llm.call import Attempt, Record, public_id
from llm.dialects.usage import usage_of
from llm.prices import dollars
from llm.types import Choice, Completion, JsonObject, Request, Usage


def render_completion(request: Request, record: Record, completion: Completion) -> JsonObject:
    """One choice: this dialect cannot ask for more."""
    choice = completion.choices[0] if completion.choices else Choice()
    identity = public_id(record.id)
    return {
        "id": identity,
        "request_id": record.request_id or identity,
        "provider": record.provider,
        "model": record.model,
        "upstream_model": completion.upstream_model or record.upstream_model,
        **_said(choice),
        "usage": _usage(usage_of(record, completion)),
        "cost": dollars(record.cost),
        "currency": "USD",
        "latency_ms": round(record.latency_ms),
        "first_token_ms": None if record.first_token_ms is None else round(record.first_token_ms),
        "metadata": _metadata(record),
        "created_at": record.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _said(choice: Choice) -> JsonObject:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in choice.tool_calls]
    return {
        "content": choice.text,
        "reasoning": choice.reasoning or None,
        "reasoning_signature": choice.reasoning_signature,
        "refusal": choice.refusal or None,
        "tool_calls": calls,
        "finish_reason": choice.finish_reason,
    }


def _usage(usage: Usage) -> JsonObject:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "estimated": usage.estimated,
    }


def _metadata(record: Record) -> JsonObject:
    prompt = {"name": record.prompt, "version": record.prompt_version, "label": record.prompt_label}
    return {
        "cache_hit": record.cache == "hit",
        "fallback_used": record.fallback_used,
        "retries": record.retries,
        "warnings": record.warnings,
        "selection": record.selection,
        "prompt": prompt if record.prompt else None,
        "attempts": [_attempt(attempt) for attempt in record.attempts],
    }


def _attempt(attempt: Attempt) -> JsonObject:
    return {
        "provider": attempt.provider,
        "model": attempt.model,
        "upstream_model": attempt.upstream_model,
        "outcome": attempt.outcome,
        "error": attempt.error,
        "reason": attempt.reason,
        "started_ms": None if attempt.started_ms is None else round(attempt.started_ms),
        "queue_ms": round(attempt.queue_ms),
        "latency_ms": round(attempt.latency_ms),
        "prompt_tokens": attempt.prompt_tokens,
        "completion_tokens": attempt.completion_tokens,
        "cost": dollars(attempt.cost),
    }
