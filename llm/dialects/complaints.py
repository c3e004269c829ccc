"""What vendors complain of, in all the shapes they send it, mapped to our errors in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from llm.dialects.retry_after import LONGEST, parse_retry_after
from llm.dialects.scrub import scrub
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderContentFilter,
    ProviderContextTooLong,
    ProviderError,
    ProviderModelMissing,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
)
from llm.types import JsonObject

WORDS: dict[str, type[ProviderError]] = {
    "context_length_exceeded": ProviderContextTooLong,
    "context_window_exceeded": ProviderContextTooLong,
    "tokens_limit_reached": ProviderContextTooLong,
    "content_filter": ProviderContentFilter,
    "content_filtered": ProviderContentFilter,
    "content_policy_violation": ProviderContentFilter,
    "responsibleaipolicyviolation": ProviderContentFilter,
    "data_inspection_failed": ProviderContentFilter,
    "moderation_blocked": ProviderContentFilter,
    "model_not_found": ProviderModelMissing,
    "deploymentnotfound": ProviderModelMissing,
    "invalid_model": ProviderModelMissing,
    "model_decommissioned": ProviderModelMissing,
    "rate_limit_exceeded": ProviderRateLimited,
    "rate_limit_error": ProviderRateLimited,
    "too_many_requests": ProviderRateLimited,
    "resource_exhausted": ProviderRateLimited,
    "insufficient_quota": ProviderRateLimited,
    "overloaded_error": ProviderOverloaded,
    "engine_overloaded": ProviderOverloaded,
    "service_unavailable": ProviderOverloaded,
    "unavailable": ProviderOverloaded,
    "invalid_api_key": ProviderAuth,
    "api_key_invalid": ProviderAuth,
    "authentication_error": ProviderAuth,
    "unauthenticated": ProviderAuth,
    "insufficient_balance": ProviderAuth,
    "deadline_exceeded": ProviderTimeout,
    "timeout": ProviderTimeout,
}
"""Codes and types, lower-cased, that say more than the status does."""

STATUSES: dict[int, type[ProviderError]] = {
    401: ProviderAuth,
    402: ProviderAuth,
    403: ProviderAuth,
    404: ProviderModelMissing,
    408: ProviderTimeout,
    410: ProviderModelMissing,
    425: ProviderOverloaded,
    429: ProviderRateLimited,
    498: ProviderOverloaded,
    503: ProviderOverloaded,
    504: ProviderTimeout,
    524: ProviderTimeout,
    529: ProviderOverloaded,
}

PHRASES: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (
        re.compile(r"context (length|window)|prompt is too long|too many (input )?tokens|token count .* exceeds", re.I),
        ProviderContextTooLong,
    ),
    (re.compile(r"content (management )?policy|content filter", re.I), ProviderContentFilter),
    (re.compile(r"api key not valid|invalid api key", re.I), ProviderAuth),
)
"""A last resort, for refusals (400, 413, 422) whose code says no more than "invalid request", as DeepSeek's does."""

EXHAUSTED = "insufficient_quota"
REFUSALS = (400, 413, 422)
PAUSE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
STATUS = re.compile(r"[45]\d\d", re.ASCII)


def parse_json(raw: bytes) -> Any:
    """Raises ProviderBroken."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProviderBroken("The provider's answer is not JSON.") from None


def parse_error(status: int | None, body: object, headers: Mapping[str, str]) -> ProviderError:
    """`status` is None for an error inside an answer; `body` is what was read of it: JSON, text, or nothing."""
    error = _error_object(body)
    words = [str(word).lower() for word in _words(error)]
    if status is None or status < 400:
        # Not an error by its status (a redirect, a 200 with an error in it), so a number in the body says more.
        status = next((int(word) for word in words if STATUS.fullmatch(word)), status)
    message = scrub(_message(error)) or _silence(status)
    mapped = _kind(status, words, message)(
        message,
        upstream_status=status,
        param=scrub(_text(error.get("param"))) or None,
        retry_after=parse_retry_after(headers) or _retry_delay(error),
    )
    if EXHAUSTED in words or headers.get("x-should-retry") == "false":
        # Waiting does not help: the account is empty, or the vendor says so itself.
        mapped.retryable = False
    return mapped


def _kind(status: int | None, words: list[str], message: str) -> type[ProviderError]:
    named = next((WORDS[word] for word in words if word in WORDS), None)
    if named is not None and (status is None or status < 500):
        return named
    if status in REFUSALS:
        return next((kind for phrase, kind in PHRASES if phrase.search(message)), ProviderRefused)
    if status in STATUSES:
        return STATUSES[status]
    return ProviderRefused if status is not None and 400 <= status < 500 else ProviderBroken


def _error_object(body: object) -> JsonObject:
    """The object that tells of the error, wherever it was put."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, str):
        return {} if body.lstrip().startswith("<") else {"message": body}
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    if isinstance(error, dict):
        return error
    return {"message": error, **body} if isinstance(error, str) else body


def _words(error: JsonObject) -> Iterator[Any]:
    """Codes and types, the most telling first."""
    inner = error.get("innererror")
    if isinstance(inner, dict):
        yield inner.get("code")
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail.get("reason")
    yield from (error.get(name) for name in ("code", "type", "status"))


def _retry_delay(error: JsonObject) -> float | None:
    """Seconds. Google asks for a pause inside the error: `{"retryDelay": "34.07s"}` among the details."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and (pause := PAUSE.fullmatch(_text(detail.get("retryDelay")))):
            return min(float(pause[1]), LONGEST)
    return None


def _message(error: JsonObject) -> str:
    """Never an object: some vendors nest one, or a list of what is wrong with which field."""
    for name in ("message", "detail", "error", "error_message", "msg"):
        text = _text(error.get(name))
        if text:
            return text
    return ""


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case list():
            return "; ".join(filter(None, map(_text, value[:5])))
        case dict():
            return _message(value)
        case _:
            return ""


def _silence(status: int | None) -> str:
    if status is None:
        return "The provider's answer is empty or none at all."
    return f"The provider answered with status {status} and no explanation."
