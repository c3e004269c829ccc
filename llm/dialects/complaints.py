"""What vendors complain of, in all the shapes they send it, mapped to our errors in one place."""

from __future__ import annotations

import json
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
    "contextwindowexceedederror": ProviderContextTooLong,
    "context_window_exceeded": ProviderContextTooLong,
    "tokens_limit_reached": ProviderContextTooLong,
    "content_filter": ProviderContentFilter,
    "content_filtered": ProviderContentFilter,
    "content_policy_violation": ProviderContentFilter,
    "responsibleaipolicyviolation": ProviderContentFilter,
    "data_inspection_failed": ProviderContentFilter,
    "moderation_blocked": ProviderContentFilter,
    "content_filter_error": ProviderContentFilter,
    "model_not_found": ProviderModelMissing,
    "deploymentnotfound": ProviderModelMissing,
    "invalid_model": ProviderModelMissing,
    "unknown_model": ProviderModelMissing,
    "model_not_available": ProviderModelMissing,
    "model_not_supported": ProviderModelMissing,
    "not_found_error": ProviderModelMissing,
    "resource_not_found_error": ProviderModelMissing,
    "resource_does_not_exist": ProviderModelMissing,
    "endpoint_not_found": ProviderModelMissing,
    "model_decommissioned": ProviderModelMissing,
    "rate_limit_exceeded": ProviderRateLimited,
    "rate_limit_error": ProviderRateLimited,
    "rate_limit_reached_error": ProviderRateLimited,
    "request_limit_exceeded": ProviderRateLimited,
    "ratelimitreached": ProviderRateLimited,
    "too_many_requests": ProviderRateLimited,
    "too_many_requests_error": ProviderRateLimited,
    "throttlingexception": ProviderRateLimited,
    "resource_exhausted": ProviderRateLimited,
    "insufficient_quota": ProviderRateLimited,
    "exceeded_current_quota_error": ProviderRateLimited,
    "overloaded": ProviderOverloaded,
    "overloaded_error": ProviderOverloaded,
    "engine_overloaded": ProviderOverloaded,
    "engine_overloaded_error": ProviderOverloaded,
    "service_unavailable": ProviderOverloaded,
    "unavailable": ProviderOverloaded,
    "invalid_api_key": ProviderAuth,
    "invalidapikey": ProviderAuth,
    "api_key_invalid": ProviderAuth,
    "wrong_api_key": ProviderAuth,
    "incorrect_api_key_error": ProviderAuth,
    "authentication_error": ProviderAuth,
    "invalid_authentication_error": ProviderAuth,
    "unauthenticated": ProviderAuth,
    "permission_denied": ProviderAuth,
    "permission_error": ProviderAuth,
    "insufficient_balance": ProviderAuth,
    "billing_error": ProviderAuth,
    "billing_hard_limit_reached": ProviderAuth,
    "arrearage": ProviderAuth,
    "deadline_exceeded": ProviderTimeout,
    "timeout": ProviderTimeout,
    "timeout_error": ProviderTimeout,
}
"""Codes and types, lower-cased, that say more than the status does."""

STATUSES: dict[int, type[ProviderError]] = {
    401: ProviderAuth,
    402: ProviderAuth,
    403: ProviderAuth,
    404: ProviderModelMissing,
    408: ProviderTimeout,
    409: ProviderOverloaded,
    410: ProviderModelMissing,
    425: ProviderOverloaded,
    429: ProviderRateLimited,
    498: ProviderOverloaded,
    503: ProviderOverloaded,
    504: ProviderTimeout,
    524: ProviderTimeout,
    529: ProviderOverloaded,
}
"""409: a lock that somebody else holds; the vendors' own SDKs ask again."""

TOO_LONG = (
    r"context[ _]?(length|window)|prompt is too long|too many (input )?tokens|input token count|model token limit"
    r"|token count .* exceeds|range of input length|tokens\b.{0,60}must be <="
    r"|reduce the length of the (messages|prompt|input)"
)
PHRASES: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(TOO_LONG, re.I), ProviderContextTooLong),
    (
        re.compile(r"content (management )?policy|content filter|requires moderation|usage guidelines", re.I),
        ProviderContentFilter,
    ),
    (re.compile(r"api[ -]key not valid|(invalid|incorrect) api[ -]key|credit balance is too low", re.I), ProviderAuth),
)
"""A last resort, for refusals whose code says no more than "invalid request", as DeepSeek's does, and Anthropic's of an
empty account, or is none. What moderation refuses is a 403 with some."""

EXHAUSTED = frozenset({"insufficient_quota", "exceeded_current_quota_error"})
BAD = frozenset({"invalid_request_error", "badrequesterror", "bad_request", "invalid_argument", "validation"})
"""Words for a request that was bad, where no status says so: in the middle of a stream."""
WRAPPERS = ("error", "errors", "detail")
REFUSALS = (400, 403, 413, 422)
PAUSE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
STATUS = re.compile(r"[45]\d\d", re.ASCII)


def parse_json(raw: bytes) -> Any:
    """Raises ProviderBroken."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _parse_sloppy(raw)


def _parse_sloppy(raw: bytes) -> Any:
    """What some vendors take for JSON: with a mark in front, NaN, bare line breaks, halves of letters."""
    try:
        value = json.loads(raw.decode("utf-8-sig", "replace"), strict=False, parse_constant=lambda name: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        raise ProviderBroken("The provider's answer is not JSON.") from None


def parse_error(status: int | None, body: object, headers: Mapping[str, str]) -> ProviderError:
    """`status` is None for an error inside an answer; `body` is what was read of it: JSON, text, or nothing."""
    error = _error_object(body)
    words = [str(word).lower() for word in _words(error)]
    if status is None or status < 400:
        # Not an error by its status (a redirect, a 200 with an error in it), so a number in the body says more.
        status = next((int(word) for word in words if STATUS.fullmatch(word)), status)
    message = scrub(_message(error) + _behind(error)) or _silence(status)
    mapped = _kind(status, words, message)(
        message,
        upstream_status=status,
        param=scrub(_text(error.get("param"))) or None,
        retry_after=parse_retry_after(headers) or _retry_delay(error),
    )
    redirected = status is not None and 300 <= status < 400
    if redirected or not EXHAUSTED.isdisjoint(words) or headers.get("x-should-retry") == "false":
        # Waiting does not help: it lives elsewhere, the account is empty, or the vendor says so itself.
        mapped.retryable = False
    return mapped


def _kind(status: int | None, words: list[str], message: str) -> type[ProviderError]:
    named = next((WORDS[word] for word in words if word in WORDS), None)
    if named is not None and (status is None or status < 500):
        return named
    if status is None and not BAD.isdisjoint(words):
        status = REFUSALS[0]
    told = next((kind for phrase, kind in PHRASES if phrase.search(message)), None)
    if told is not None and status in REFUSALS:
        return told
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
    for name in WRAPPERS:
        inner = body.get(name)
        if isinstance(inner, list) and inner and name != "detail":
            inner = inner[0]
        if isinstance(inner, dict) and (name == "error" or not isinstance(body.get("message"), str)):
            return _error_object(inner)
    error = body.get("error")
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
    yield from (error.get(name) for name in ("code", "type", "status", "status_code", "error_code", "error_type"))


def _retry_delay(error: JsonObject) -> float | None:
    """Seconds. Google asks for a pause inside the error: `{"retryDelay": "34.07s"}` among the details."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and (pause := PAUSE.fullmatch(_text(detail.get("retryDelay")))):
            return min(float(pause[1]), LONGEST)
    return None


def _message(error: JsonObject) -> str:
    """Never an object: some vendors nest one, or a list of what is wrong with which field."""
    for name in ("message", "detail", "error", "error_message", "msg", "Message", "title"):
        text = _text(error.get(name))
        if text:
            return text
    return ""


def _behind(error: JsonObject) -> str:
    """What the vendor behind a vendor said, where OpenRouter passes it on."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f": {raw}" if raw and isinstance(raw, str) else ""


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
