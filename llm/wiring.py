"""Where the parts meet: one catalog, recorder and set of metrics for each process, one Gateway for each event loop."""

from __future__ import annotations

import asyncio
from functools import cache, partial
from weakref import WeakKeyDictionary

from django.conf import settings

from analytics.metrics import PrometheusMetrics
from analytics.recorder import JournalRecorder
from llm import redis
from llm.cache import Cache, MemoryCache, RedisCache
from llm.call import Clock, Metrics, SystemClock
from llm.catalog import Catalog
from llm.errors import ProviderError
from llm.gateway import Gateway, Parts
from llm.limits import Limiter, MemoryLimiter, RedisLimiter
from llm.prepare import Defaults
from llm.providers.anthropic import AnthropicProvider
from llm.providers.base import Provider, ProviderFactory
from llm.providers.compatible import COMPATIBLE
from llm.providers.echo import EchoProvider
from llm.providers.google import GoogleProvider
from llm.providers.openai import OpenAIProvider
from llm.registry import ProviderSpec
from llm.routing import Router

KINDS: dict[str, ProviderFactory] = {
    "openai": OpenAIProvider,
    "anthropic": AnthropicProvider,
    "google": GoogleProvider,
    **{kind: partial(OpenAIProvider, profile=profile) for kind, profile in COMPATIBLE.items()},
    "echo": lambda spec: EchoProvider(),
}
"""How each kind of provider is spoken to; a row of another kind can be kept, but not asked."""
RETIRE = 600.0
"""Seconds after which no stream can still be using a provider's former client."""


@cache
def clock() -> Clock:
    return SystemClock()


@cache
def catalog() -> Catalog:
    made = Catalog()
    made.start()
    return made


@cache
def recorder() -> JournalRecorder:
    made = JournalRecorder(settings.JOURNAL_DIR)
    made.start()
    return made


@cache
def metrics() -> Metrics:
    return PrometheusMetrics()


_gateways: WeakKeyDictionary[asyncio.AbstractEventLoop, Gateway] = WeakKeyDictionary()


def gateway() -> Gateway:
    """The running loop's gateway, built on its first call."""
    loop = asyncio.get_running_loop()
    built = _gateways.get(loop)
    if built is None:
        built = _gateways[loop] = _build()
    return built


async def open_parts() -> None:
    """Before the first request: the registry is read, dead processes' journals are recovered, clients are built."""
    await asyncio.to_thread(catalog().snapshot)
    recorder()
    gateway()


async def close_parts() -> None:
    """After the last answer: every record is written."""
    built = _gateways.pop(asyncio.get_running_loop(), None)
    if built is not None:
        await built.close()
    await asyncio.to_thread(recorder().close)
    catalog().stop()


def _build() -> Gateway:
    providers = Providers()
    return Gateway(
        Parts(
            snapshot=catalog().snapshot,
            renewed=catalog().fresh_snapshot,
            router=Router(providers, recorder(), clock()),
            cache=_cache(),
            limiter=_limiter(),
            recorder=recorder(),
            metrics=metrics(),
            clock=clock(),
            defaults=Defaults(settings.DEFAULT_TEMPERATURE, settings.DEFAULT_MAX_TOKENS, settings.CACHE_TTL),
            close=providers.close,
        )
    )


def _cache() -> Cache:
    url = settings.CACHE_REDIS_URL
    return RedisCache(redis.client(url)) if url else MemoryCache()


def _limiter() -> Limiter:
    if settings.REDIS_URL:
        return RedisLimiter(redis.client(settings.REDIS_URL), local_share=0.5 / settings.WEB_CONCURRENCY)
    return MemoryLimiter()


class Providers:
    """One provider for each version of its row: an edited row gets a new client, the old one is closed in the end."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[ProviderSpec, Provider]] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def __call__(self, spec: ProviderSpec) -> Provider:
        known = self._open.get(spec.id)
        if known is not None and known[0] is spec:
            return known[1]
        if known is not None and known[0] == spec:
            provider = known[1]
        elif spec.kind not in KINDS:
            raise ProviderError(f"Providers of the kind {spec.kind} cannot be asked yet.", code="provider_kind")
        else:
            provider = KINDS[spec.kind](spec)
            if known is not None:
                asyncio.get_running_loop().call_later(RETIRE, self._retire, known[1])
        self._open[spec.id] = (spec, provider)
        return provider

    def _retire(self, provider: Provider) -> None:
        task = asyncio.get_running_loop().create_task(provider.close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        for _, provider in self._open.values():
            await provider.close()
        self._open.clear()
