"""What the gateway counts for itself, with Prometheus: one `observe` for each settled call, and the page that shows it.

Label values are names of ours (registry, code), never what a caller wrote; what was not resolved is `-`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from analytics.scraper import may_read
from llm.call import Record
from llm.prices import PICODOLLARS

UNRESOLVED = "-"
ROUTE = ("provider", "model")
ANSWER_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)
FIRST_TOKEN_SECONDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)
OVERHEAD_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
TOKEN_KINDS = ("prompt", "completion", "cached", "cache_write", "reasoning")

Increment = Callable[[float], None]


class Families:
    """The metric families, once for each Prometheus registry: a second set in the same one is refused by it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(name, about, labels, registry=registry)

        def seconds(name: str, about: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ROUTE) -> Histogram:
            return Histogram(name, about, labels, buckets=buckets, registry=registry)

        self.requests = counter("llm_requests_total", "Settled calls.", (*ROUTE, "status", "surface"))
        self.latency = seconds("llm_request_latency_seconds", "Calls a route or the cache took on.", ANSWER_SECONDS)
        self.first_token = seconds("llm_first_token_seconds", "Time to the first content.", FIRST_TOKEN_SECONDS)
        self.overhead = seconds("llm_overhead_seconds", "The gateway's own share of a call.", OVERHEAD_SECONDS, ())
        self.tokens = counter(
            "llm_tokens_total", "Tokens; prompt includes cached and written, completion reasoning.", (*ROUTE, "kind")
        )
        self.cost = counter("llm_cost_total", "Dollars, where the price is known.", ROUTE)
        self.unpriced = counter("llm_unpriced_requests_total", "Calls whose price is unknown.", ROUTE)
        self.cache_hits = counter("llm_cache_hits_total", "Calls the cache answered.")
        self.cache_misses = counter("llm_cache_misses_total", "Calls the cache was asked about in vain.")
        self.fallbacks = counter(
            "llm_fallbacks_total", "Calls another route took over.", ("from_provider", "to_provider")
        )
        self.rate_limited = counter("llm_rate_limited_total", "Calls a limit refused.", ("scope", "limit"))
        self.degraded = Gauge(
            "llm_degraded",
            "1 where a process cannot make full use of a part.",
            ("part",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.rejected = counter("llm_rejected_total", "Requests refused before they had a record.", ("reason",))


FAMILIES = Families(REGISTRY)


@dataclass(slots=True, frozen=True)
class Series:
    """The children of one provider and model, resolved: finding them by label costs more than counting."""

    latency: Increment
    first_token: Increment
    cost: Increment
    unpriced: Increment
    prompt: Increment
    completion: Increment
    cached: Increment
    cache_write: Increment
    reasoning: Increment

    @classmethod
    def of(cls, families: Families, provider: str, model: str) -> Series:
        return cls(
            families.latency.labels(provider, model).observe,
            families.first_token.labels(provider, model).observe,
            families.cost.labels(provider, model).inc,
            families.unpriced.labels(provider, model).inc,
            *(families.tokens.labels(provider, model, kind).inc for kind in TOKEN_KINDS),
        )

    def count(self, record: Record) -> None:
        self.latency(record.latency_ms / 1000)
        if record.first_token_ms is not None:
            self.first_token(record.first_token_ms / 1000)
        if record.cost is None:
            self.unpriced(1)
        elif record.cost:
            self.cost(record.cost / PICODOLLARS)
        self._count_tokens(record)

    def _count_tokens(self, record: Record) -> None:
        if record.prompt_tokens:
            self.prompt(record.prompt_tokens)
        if record.completion_tokens:
            self.completion(record.completion_tokens)
        if record.cached_tokens:
            self.cached(record.cached_tokens)
        if record.cache_write_tokens:
            self.cache_write(record.cache_write_tokens)
        if record.reasoning_tokens:
            self.reasoning(record.reasoning_tokens)


class PrometheusMetrics:
    """The `Metrics` of production. Several may stand over the same families (one for each event loop)."""

    def __init__(self, families: Families = FAMILIES) -> None:
        self._families = families
        self._series: dict[tuple[str, str], Series] = {}
        self._requests: dict[tuple[str, str, str, str], Increment] = {}

    def observe(self, record: Record) -> None:
        provider, model = route = resolved(record)
        name = (provider, model, record.status, record.surface)
        count = self._requests.get(name)
        if count is None:
            count = self._requests[name] = self._families.requests.labels(*name).inc
        count(1)
        self._families.overhead.observe(record.overhead_ms / 1000)
        if provider != UNRESOLVED:
            series = self._series.get(route)
            if series is None:
                series = self._series[route] = Series.of(self._families, provider, model)
            series.count(record)
        if record.cache != "off":
            (self._families.cache_hits if record.cache == "hit" else self._families.cache_misses).inc()
        if record.fallback_used:
            self._count_fallback(record, provider)
        if record.error_type == "rate_limited":
            self._count_limit(record)

    def rejected(self, reason: str) -> None:
        self._families.rejected.labels(reason).inc()

    def _count_fallback(self, record: Record, provider: str) -> None:
        first = record.attempts[0].provider if record.attempts else UNRESOLVED
        self._families.fallbacks.labels(first, provider).inc()

    def _count_limit(self, record: Record) -> None:
        scope = record.limit_scope or ("provider" if record.attempts else UNRESOLVED)
        self._families.rate_limited.labels(scope, record.limit_name or UNRESOLVED).inc()


def mark_degraded(part: str, is_degraded: bool) -> None:
    FAMILIES.degraded.labels(part).set(is_degraded)


def resolved(record: Record) -> tuple[str, str]:
    """Provider and model as the registry names them: until a route was taken, `record.model` is what a caller wrote."""
    if record.provider:
        return record.provider, record.model or UNRESOLVED
    if record.attempts:
        last = record.attempts[-1]
        return last.provider, last.model or record.model or UNRESOLVED
    return UNRESOLVED, UNRESOLVED


@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    """All families of all workers, the stock side's included."""
    if not may_read(request):
        about = "Metrics are open to this machine itself, or with METRICS_TOKEN as bearer.\n"
        return HttpResponse(about, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    page: HttpResponse = ExportToDjangoView(request)
    return page
