"""Whether an answer may be kept, and the key that it is kept under."""

from __future__ import annotations

from hashlib import sha256

from llm.cache.answers import FORMAT
from llm.canonical import canonical
from llm.types import Completion, Request

ASIDE = frozenset(
    {"user", "safety_identifier", "metadata", "store", "prompt_cache_key", "prompt_cache_retention", "stream_options"}
)
"""Of a request's extras, those that say who asks, what the vendor keeps and how it sends: nothing of the answer."""


def cache_key(organisation_id: int, model_name: str, request: Request) -> str:
    """A digest of everything that changes the answer; not of who asks within the organisation, nor how it is sent.

    The order of keys inside schemas counts: models write their answer in the schema's order.
    """
    parts = (
        FORMAT,
        organisation_id,
        model_name,
        request.provider,
        request.fallbacks,
        request.context and request.context.assembled_context,
        request.messages,
        request.options,
        request.dialect,
        request.headers,
        {name: value for name, value in (request.extra or {}).items() if name not in ASIDE},
    )
    return sha256(canonical(parts)).hexdigest()


def is_cacheable(request: Request, *, model_caches: bool = True) -> bool:
    """Whether the answer may be kept at all."""
    if not model_caches or request.cache.mode == "off":
        return False
    return request.cache.mode != "auto" or request.options.temperature == 0


def reads_cache(request: Request) -> bool:
    """Whether a kept answer will do; `refresh` wants a new one, which is then kept."""
    return request.cache.mode != "refresh"


def worth_keeping(completion: Completion) -> bool:
    """Whole answers only: nothing cut, filtered, refused or empty, and no tool call, which would be run again.

    An answer that ended at its length is whole: the length asked for is part of the key.
    """
    return bool(completion.choices) and all(
        choice.finish_reason in ("stop", "length") and choice.text and not choice.refusal and not choice.tool_calls
        for choice in completion.choices
    )
