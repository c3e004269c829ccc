"""What only a gateway can be asked, from the prompt to the metadata, in one form everywhere."""

from __future__ import annotations

from dataclasses import fields as fields_of
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from llm.dialects.fields import NAME, Fields, too_many, wrong
from llm.prices import PICODOLLARS, dollars
from llm.types import (
    CAPABILITIES,
    CachePolicy,
    Context,
    JsonObject,
    Metadata,
    Priority,
    PromptReference,
    Purpose,
    Request,
    Requirements,
)

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
CACHE_MODES: tuple[Literal["auto", "on", "off", "refresh"], ...] = ("auto", "on", "off", "refresh")

MAX_FALLBACKS = 16
MAX_SOURCES = 1_000
MAX_TAGS = 64
LONGEST_TTL = 366 * 24 * 3600
LARGEST_VERSION = 2**31 - 1
LARGEST_WINDOW = 2**31 - 1
LARGEST_COST = 1_000_000
LONGEST_LATENCY = 3_600_000


def read_gatehouse(fields: Fields, request: Request) -> None:
    """Move these fields from `fields` into `request`."""
    request.provider = fields.text("provider")
    request.fallbacks = fields.texts("fallbacks", most=MAX_FALLBACKS)
    if requirements := fields.inner("requirements"):
        request.requirements = read_requirements(requirements)
    if prompt := fields.inner("prompt"):
        request.prompt = read_prompt(prompt)
    if context := fields.inner("context"):
        request.context = _context(context)
    if cache := fields.inner("cache"):
        request.cache = _cache(cache)
    if metadata := fields.inner("metadata"):
        request.metadata = read_metadata(metadata)


def render_gatehouse(request: Request) -> JsonObject:
    """The same fields as a caller would write them, those at their defaults left out."""
    fields: JsonObject = {
        "provider": request.provider,
        "fallbacks": request.fallbacks,
        "requirements": None if request.requirements is None else render_requirements(request.requirements),
        "prompt": _said(request.prompt),
        "context": _said(request.context),
        "cache": None if request.cache == CachePolicy() else _said(request.cache),
        "metadata": None if request.metadata == Metadata() else _said(request.metadata),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _said(thing: PromptReference | Context | CachePolicy | Metadata | None) -> JsonObject | None:
    if thing is None:
        return None
    return {field.name: value for field in fields_of(thing) if (value := getattr(thing, field.name)) is not None}


def read_requirements(fields: Fields) -> Requirements:
    """All of `fields`: unknown ones are refused."""
    requirements = Requirements(
        capabilities=frozenset(_capabilities(fields)),
        context_window=fields.integer("context_window", 1, LARGEST_WINDOW),
        max_cost=_picodollars(fields, "max_cost"),
        min_quality=fields.integer("min_quality", 1, 10),
        max_latency_ms=fields.number("max_latency_ms", 1, LONGEST_LATENCY),
    )
    fields.rest()
    return requirements


def render_requirements(requirements: Requirements) -> JsonObject:
    """As a caller would write them."""
    said: JsonObject = {
        "capabilities": sorted(requirements.capabilities) or None,
        "context_window": requirements.context_window,
        "max_cost": dollars(requirements.max_cost),
        "min_quality": requirements.min_quality,
        "max_latency_ms": requirements.max_latency_ms,
    }
    return {name: value for name, value in said.items() if value is not None}


def _capabilities(fields: Fields) -> list[str]:
    wanted = fields.texts("capabilities", most=len(CAPABILITIES)) or []
    for index, word in enumerate(wanted):
        if word not in CAPABILITIES:
            raise wrong(f"{fields.at('capabilities')}[{index}]", word, f"one of {', '.join(CAPABILITIES)}")
    return wanted


def _picodollars(fields: Fields, name: str) -> int | None:
    """Dollars, as a number or, as we write them, a decimal string."""
    value = fields.left.pop(name, None)
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not (amount.is_finite() and 0 <= amount <= LARGEST_COST):
        raise fields.wrong(name, value, f"dollars from 0 to {LARGEST_COST}, such as 0.01")
    return int(amount * PICODOLLARS)


def read_prompt(fields: Fields) -> PromptReference:
    prompt = PromptReference(
        name=fields.required_text("name"),
        label=fields.text("label"),
        version=fields.integer("version", 1, LARGEST_VERSION),
        variables=fields.mapping("variables") or {},
    )
    fields.rest()
    return prompt


def _context(fields: Fields) -> Context:
    sources = fields.items("sources", most=MAX_SOURCES) or []
    context = Context(
        assembled_context=fields.text("assembled_context", most=None) or "",
        sources=[_object(source, f"{fields.at('sources')}[{index}]") for index, source in enumerate(sources)],
        metadata=fields.mapping("metadata") or {},
    )
    fields.rest()
    return context


def _object(value: object, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise wrong(path, value, "an object")
    return value


def _cache(fields: Fields) -> CachePolicy:
    policy = CachePolicy(mode=fields.word("mode", CACHE_MODES) or "auto", ttl=fields.integer("ttl", 1, LONGEST_TTL))
    fields.rest()
    return policy


def read_metadata(fields: Fields) -> Metadata:
    metadata = Metadata(
        user_id=fields.text("user_id"),
        session_id=fields.text("session_id"),
        request_id=fields.text("request_id"),
        purpose=fields.word("purpose", PURPOSES) or "chat",
        priority=fields.word("priority", PRIORITIES) or "normal",
        tags=_tags(fields),
    )
    fields.rest()
    return metadata


def _tags(fields: Fields) -> dict[str, str]:
    tags = fields.inner("tags")
    if tags is None:
        return {}
    if len(tags.left) > MAX_TAGS:
        raise too_many(tags.path, len(tags.left), MAX_TAGS, "tags")
    if longest := next((name for name in tags.left if len(name) > NAME), None):
        raise too_many(tags.at(longest[:NAME]), len(longest), NAME, "characters")
    return {name: tags.required_text(name) for name in list(tags.left)}
