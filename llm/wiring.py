"""Where the parts meet: one catalog, recorder and set of metrics for each process, one House for each event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.module_loading import import_string

from analytics.metrics import PrometheusMetrics, mark_degraded
from analytics.recorder import JournalRecorder
from llm import looks, redis
from llm.active import LocalCalls, SharedCalls
from llm.cache import Cache, MemoryCache, RedisCache
from llm.call import Clock, Metrics, SystemClock
from llm.catalog import Catalog
from llm.counting import Counter
from llm.errors import ProviderError
from llm.gateway import Gateway, Parts
from llm.ledger import DatabaseLedger
from llm.limits import MemoryMeters, MeteredLimiter, Meters, RedisMeters, Throttle, WaitingThrottle
from llm.prepare import Defaults
from llm.probing import Prober
from llm.providers.base import Probe, Provider, ProviderFactory
from llm.providers.compatible import COMPATIBLE
from llm.providers.echo import EchoProvider
from llm.registry import ProviderSpec
from llm.routing import Circuits, Observed, Router
from llm.routing.news import SharedCircuits
from llm.watch import Trouble, Watch
from webhooks.circuits import tell_of


class Late:
    """A provider's class by its place, imported when the first is made: the vendors' SDKs take seconds."""

    def __init__(self, place: str, **more: Any) -> None:
        self._place = place
        self._more = more

    def __call__(self, spec: ProviderSpec) -> Provider:
        made: Provider = import_string(self._place)(spec, **self._more)
        return made


OPENAI = "llm.providers.openai.OpenAIProvider"
KINDS: dict[str, ProviderFactory] = {
    "openai": Late(OPENAI),
    "anthropic": Late("llm.providers.anthropic.AnthropicProvider"),
    "google": Late("llm.providers.google.GoogleProvider"),
    **{kind: Late(OPENAI, profile=profile) for kind, profile in COMPATIBLE.items()},
    "echo": lambda spec: EchoProvider(),
}
"""How each kind of provider is spoken to; a row of another kind can be kept, but not asked."""
FIRST_READING = 30.0
"""Seconds that a process waits for its registry before it does not start: a large one takes a slow machine some."""
RETIRE = 600.0
"""Seconds after which no stream can still be using a provider's former client."""


@cache
def clock() -> Clock:
    return SystemClock()


@cache
def catalog() -> Catalog:
    made = Catalog(kept=settings.KEYS_WITHOUT_DATABASE)
    made.start()
    return made


@cache
def recorder() -> JournalRecorder:
    made = JournalRecorder(settings.JOURNAL_DIR)
    made.start()
    return made


@cache
def ledger() -> DatabaseLedger:
    return DatabaseLedger(lambda: recorder().journal.name, clock())


@cache
def metrics() -> Metrics:
    return PrometheusMetrics()


def defaults() -> Defaults:
    return Defaults(
        temperature=settings.DEFAULT_TEMPERATURE,
        max_tokens=settings.DEFAULT_MAX_TOKENS,
        cache_ttl=settings.CACHE_TTL,
        reserve_max_tokens=settings.RESERVE_MAX_TOKENS,
    )


@cache
def active() -> LocalCalls:
    if not settings.REDIS_URL:
        return LocalCalls()
    made = SharedCalls(settings.REDIS_URL)
    made.start()
    return made


@cache
def circuits() -> Circuits:
    if not settings.REDIS_URL:
        return Circuits(clock(), failures=settings.CIRCUIT_FAILURES, listener=tell_of)
    made = SharedCircuits(settings.REDIS_URL, clock(), failures=settings.CIRCUIT_FAILURES, listener=tell_of)
    made.start()
    return made


@cache
def observed() -> Observed:
    return Observed(clock())


@dataclass(slots=True, frozen=True)
class House:
    """What one event loop has for itself, over the same connections to providers."""

    gateway: Gateway
    providers: Providers
    prober: Prober
    counter: Counter
    meters: Meters
    throttle: Throttle
    watch: Watch

    async def close(self) -> None:
        self.watch.stop()
        await self.gateway.close()
        await self.meters.close()


_houses: WeakKeyDictionary[asyncio.AbstractEventLoop, House] = WeakKeyDictionary()


def house(share: float = 1.0) -> House:
    """The running loop's, built on its first call, to grant that share of each rate where it counts for itself."""
    loop = asyncio.get_running_loop()
    built = _houses.get(loop)
    if built is None:
        built = _houses[loop] = _build(share)
    return built


def gateway() -> Gateway:
    return house().gateway


def watch() -> Watch:
    return house().watch


def is_open() -> bool:
    """Whether this process has its parts already: whoever only looks at them need not build them."""
    return bool(recorder.cache_info().currsize)


async def open_parts(share: float = 1.0) -> None:
    """Before the first request: the registry is read, dead processes' journals are recovered, clients are built."""
    built = house(share)
    snapshot = await asyncio.to_thread(catalog().snapshot, FIRST_READING)
    built.watch.start()
    for spec in snapshot.providers.values():
        built.providers.prepare(spec)


async def close_parts() -> None:
    """After the last answer: every record is written."""
    for loop in [loop for loop in _houses if loop.is_running()]:
        await _closed(_houses.pop(loop), loop)
    await asyncio.to_thread(active().stop)
    await asyncio.to_thread(circuits().stop)
    await asyncio.to_thread(ledger().close)
    await asyncio.to_thread(recorder().close)
    catalog().stop()


async def _closed(built: House, loop: asyncio.AbstractEventLoop) -> None:
    """On its own loop: the bridge has one beside that of the server."""
    if loop is asyncio.get_running_loop():
        await built.close()
    else:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(built.close(), loop))


def _build(share: float) -> House:
    providers, meters = Providers(), _meters(share)
    counter, throttle = Counter(providers), WaitingThrottle(meters, clock(), queue=settings.PROVIDER_QUEUE)
    gateway = _gateway(providers, counter, meters, throttle)
    return House(gateway, providers, Prober(providers, clock()), counter, meters, throttle, _watch())


def _gateway(providers: Providers, counter: Counter, meters: Meters, throttle: Throttle) -> Gateway:
    return Gateway(
        Parts(
            snapshot=catalog().snapshot,
            renewed=catalog().fresh_snapshot,
            router=Router(
                providers,
                recorder(),
                clock(),
                ledger=ledger(),
                throttle=throttle,
                circuits=circuits(),
                observed=observed(),
            ),
            counter=counter,
            cache=_cache(),
            limiter=MeteredLimiter(meters, clock()),
            recorder=recorder(),
            metrics=metrics(),
            clock=clock(),
            defaults=defaults(),
            close=providers.close,
            active=active(),
            prompts=catalog().prompts,
        )
    )


def _watch() -> Watch:
    watched = {
        "database": looks.database(catalog(), recorder()),
        "journal": looks.journal(recorder()),
        "recorder": looks.records(recorder()),
    }
    if settings.REDIS_URL:
        watched["redis"] = looks.redis(redis.client(settings.REDIS_URL), looks.NO_RATES)
    if settings.CACHE_REDIS_URL:
        watched["cache"] = looks.redis(redis.client(settings.CACHE_REDIS_URL), looks.NO_CACHE)
    return Watch(watched, _told)


def _told(part: str, trouble: Trouble | None) -> None:
    mark_degraded(part, trouble is not None)
    active().note(part, trouble)


def _cache() -> Cache:
    url = settings.CACHE_REDIS_URL
    return RedisCache(redis.client(url)) if url else MemoryCache()


def _meters(share: float) -> Meters:
    if settings.REDIS_URL:
        return RedisMeters(
            redis.client(settings.REDIS_URL),
            local_share=settings.RATES_WITHOUT_REDIS * share / settings.WEB_CONCURRENCY,
        )
    return _own_meters(share)


@cache
def _own_meters(share: float) -> Meters:
    """One for all event loops of this process."""
    return MemoryMeters(share=share)


async def probe(spec: ProviderSpec) -> Probe:
    """What a vendor answers to this address and these credentials, whatever clients are open. Raises ProviderError."""
    provider = _made(spec)
    try:
        return await provider.probe()
    finally:
        await provider.close()


def _made(spec: ProviderSpec) -> Provider:
    if spec.kind not in KINDS:
        raise ProviderError(f"Providers of the kind {spec.kind} cannot be asked yet.", code="provider_kind")
    return KINDS[spec.kind](spec)


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
        else:
            provider = _made(spec)
            if known is not None:
                asyncio.get_running_loop().call_later(RETIRE, self._retire, known[1])
        self._open[spec.id] = (spec, provider)
        return provider

    def prepare(self, spec: ProviderSpec) -> None:
        """The vendor's SDK and a client are there before the first call; what is wrong, that call says."""
        with suppress(ProviderError):
            self(spec)

    def _retire(self, provider: Provider) -> None:
        task = asyncio.get_running_loop().create_task(provider.close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def close(self) -> None:
        for _, provider in self._open.values():
            await provider.close()
        self._open.clear()
