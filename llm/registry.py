"""What is for sale: models, their routes and the providers behind them, as one frozen snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

from llm.types import Requirements

Strategy = Literal["ordered", "weighted", "cheapest", "fastest", "least_busy"]
"""Which of a model's routes is tried first."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Rates:
    """Picodollars (1e-12 dollar) per token for prompts of more than `above` tokens; None is unknown, never free.

    An unknown cached, cache-write or batch rate falls back on the plain input or output rate.
    """

    above: int = 0
    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    batch_input: int | None = None
    batch_output: int | None = None


@dataclass(slots=True, frozen=True, kw_only=True)
class Price(Rates):
    """The rates from `valid_from` on.

    `long_prompts` come shortest first, each whole: the last one that a prompt is longer than replaces all rates, for
    all tokens of the request, those of the answer too.
    """

    valid_from: datetime
    long_prompts: tuple[Rates, ...] = ()

    def rates_for(self, prompt_tokens: int) -> Rates:
        """What a request with a prompt of that length is charged by, cached and written tokens counted in."""
        for rates in reversed(self.long_prompts):
            if prompt_tokens > rates.above:
                return rates
        return self

    def rates(self, prompt_tokens: int) -> dict[str, int | None]:
        """What a live answer is charged by, in words for the record; `above` is named where a long prompt pays more."""
        found = self.rates_for(prompt_tokens)
        rates = {
            "input": found.input,
            "output": found.output,
            "cached": found.cached,
            "cache_write": found.cache_write,
        }
        return {"above": found.above, **rates} if found.above else rates


@dataclass(slots=True, frozen=True)
class Limits:
    """How much any sixty seconds may see, and how much there may be at once; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_concurrency: int | None = None


UNLIMITED = Limits()


@dataclass(slots=True, frozen=True)
class ProviderSpec:
    """One vendor endpoint and its credentials. Times in seconds; `version` changes with every edit of the row.

    `private_hosts` are hosts and networks it may lead to although they are not public. The secret stays out of `repr`,
    so that no log or traceback can show it.
    """

    id: int
    name: str
    kind: str
    version: int = 0
    base_url: str = ""
    secret: str = field(default="", repr=False)
    organization: str | None = None
    default_model: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    timeout: float = 60.0
    connect_timeout: float = 5.0
    first_token_timeout: float = 30.0
    chunk_timeout: float = 30.0
    retries: int = 3
    retry_delay: float = 1.0
    limits: Limits = UNLIMITED
    interactive_share: float = 0.1
    streaming: bool = True
    tools: bool = True
    images: bool = True
    caching: bool = True
    private_hosts: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class RouteSpec:
    """One way to a model: a provider and the model's name there. `prices` come oldest first."""

    id: int
    provider: ProviderSpec
    upstream_model: str
    order: int = 1
    weight: int = 1
    limits: Limits = UNLIMITED
    prices: tuple[Price, ...] = ()

    def price_at(self, instant: datetime) -> Price | None:
        """The price in force at `instant` (UTC); None where none was known then."""
        for price in reversed(self.prices):
            if price.valid_from <= instant:
                return price
        return None


@dataclass(slots=True, frozen=True)
class ModelSpec:
    """A public name that callers ask for. Windows in tokens.

    `filter_fallbacks` are asked where the content is filtered, `window_fallbacks` where it is too long.
    """

    id: int
    name: str
    aliases: tuple[str, ...] = ()
    context_window: int | None = None
    max_output_tokens: int | None = None
    training_cutoff: date | None = None
    capabilities: frozenset[str] = frozenset()
    quality: int | None = None
    caching: bool = True
    fallbacks: tuple[str, ...] = ()
    filter_fallbacks: tuple[str, ...] = ()
    window_fallbacks: tuple[str, ...] = ()
    strategy: Strategy = "ordered"
    hedging: bool = False
    continues: bool = False
    routes: tuple[RouteSpec, ...] = ()
    retires_on: date | None = None
    successor: str | None = None


@dataclass(slots=True, frozen=True)
class Snapshot:
    """The whole registry at one version stamp. `models` answers to public names and aliases alike."""

    stamp: int = 0
    models: Mapping[str, ModelSpec] = field(default_factory=lambda: MappingProxyType({}))
    providers: Mapping[str, ProviderSpec] = field(default_factory=lambda: MappingProxyType({}))
    default_model: str | None = None
    tiers: Mapping[str, Requirements] = field(default_factory=lambda: MappingProxyType({}))
    """Requirements by the names they go by."""

    def near(self, name: str, among: list[str]) -> list[str]:
        """Up to three names out of `among` that look like `name`, nearest first."""
        return get_close_matches(name.lower()[:200], among, n=3, cutoff=0.4)
