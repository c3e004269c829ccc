"""Which route is tried when: order, retries before the first content, fallback after that."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from itertools import groupby

from llm.budgets import Ledger, NoLedger
from llm.call import Attempt, Call, Clock, Recorder
from llm.errors import BudgetExceeded, DeadlineExceeded, ProviderBroken, ProviderError, UnpricedModel
from llm.limits import NoThrottle, Throttle
from llm.prepare import Candidate
from llm.providers.base import ProviderFactory, UpstreamCall
from llm.types import CONTENT, Events, EventStream, Finished

Sleep = Callable[[float], Awaitable[object]]
MAX_WAIT = 20.0
"""Seconds of back-off that a vendor's Retry-After may ask for; a longer one sends the call to the next route."""


def order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Models as they came; inside a model the routes by `order`, those of the same order at random by weight."""
    ranked: list[Candidate] = []
    for _, of_model in groupby(candidates, key=lambda candidate: candidate.model.name):
        routes = sorted(of_model, key=lambda candidate: candidate.route.order)
        for _, equals in groupby(routes, key=lambda candidate: candidate.route.order):
            ranked += _shuffled(list(equals))
    return ranked


def _shuffled(equals: list[Candidate]) -> list[Candidate]:
    """Weighted and without replacement: the smallest of exponential draws comes first."""
    if len(equals) == 1:
        return equals
    return sorted(equals, key=lambda candidate: random.expovariate(max(candidate.route.weight, 1e-9)))


class Router:
    """Tries candidates one after the other until one has begun to answer."""

    def __init__(
        self,
        providers: ProviderFactory,
        recorder: Recorder,
        clock: Clock,
        *,
        ledger: Ledger | None = None,
        throttle: Throttle | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._providers = providers
        self._recorder = recorder
        self._clock = clock
        self._ledger = ledger or NoLedger()
        self._throttle = throttle or NoThrottle()
        self._sleep = sleep

    async def stream(self, call: Call, candidates: list[Candidate]) -> EventStream:
        """The events of the first candidate that answers, from its first content on.

        Raises the last error, `DeadlineExceeded` if there is none; every attempt is in the record.
        """
        failed: ProviderError | None = None
        for position, candidate in enumerate(order(candidates)):
            call.record.fallback_used = position > 0
            tried, begun = 0, False
            while True:
                try:
                    async with aclosing(self._try(call, candidate)) as batches:
                        async for events in batches:
                            begun = True
                            yield events
                    return
                except ProviderError as error:
                    failed = error
                except (BudgetExceeded, UnpricedModel):
                    if failed is None:
                        raise
                    break  # what others may answer is too dear
                if begun or not (failed.retryable or failed.fallback):
                    raise failed
                if not failed.retryable or not await self._back_off(call, candidate, tried, failed):
                    break
                tried += 1
        raise failed or DeadlineExceeded("The call's time was up before a provider could be asked.")

    async def _try(self, call: Call, candidate: Candidate) -> EventStream:
        """One attempt; its batches are held back until the first content, and it must come to its end."""
        await self._ledger.cover(call, candidate.most_cost(call))
        permit = await self._throttle.enter(call, candidate.route)
        upstream = self._upstream_call(call, candidate)
        attempt = self._depart(call, candidate)
        began, waited = self._clock.monotonic(), call.waited
        held, finished = Held(), False
        try:
            async with aclosing(self._providers(candidate.route.provider).stream(upstream)) as batches:
                async for events in batches:
                    finished = finished or any(isinstance(event, Finished) for event in events)
                    if ready := held.until_content(events):
                        call.waited = waited + upstream.waited
                        _warn(call, upstream)
                        yield ready
            if not finished:
                raise ProviderBroken("The provider's stream ended before its answer did.")
            if left := held.rest():
                yield left
        except ProviderError as error:
            attempt.outcome, attempt.error, attempt.status = "error", error.code, error.upstream_status
            raise
        except (asyncio.CancelledError, GeneratorExit):
            attempt.outcome = "cancelled"
            raise
        finally:
            permit.leave(attempt.prompt_tokens + attempt.completion_tokens)
            attempt.latency_ms = (self._clock.monotonic() - began) * 1000
            call.waited = waited + upstream.waited
            _warn(call, upstream)

    def _upstream_call(self, call: Call, candidate: Candidate) -> UpstreamCall:
        provider = candidate.route.provider
        left = provider.timeout if call.deadline is None else call.deadline - self._clock.monotonic()
        if left <= 0:
            raise DeadlineExceeded("The call's time is up.")
        return UpstreamCall(
            id=call.public_id,
            request=candidate.request,
            route=candidate.route,
            max_tokens=candidate.max_tokens,
            timeout=min(provider.timeout, left),
            first_token_timeout=provider.first_token_timeout,
            chunk_timeout=provider.chunk_timeout,
            model=candidate.model,
        )

    def _depart(self, call: Call, candidate: Candidate) -> Attempt:
        """The journal knows of the attempt before the provider does."""
        record, route = call.record, candidate.route
        attempt = Attempt(route.provider.name, route.upstream_model, model=candidate.model.name)
        record.retries += any(_route_of(known) == _route_of(attempt) for known in record.attempts[-1:])
        record.attempts.append(attempt)
        record.model, record.provider, record.upstream_model = attempt.model, attempt.provider, attempt.upstream_model
        call.route = route
        self._recorder.depart(record)
        return attempt

    async def _back_off(self, call: Call, candidate: Candidate, tried: int, failed: ProviderError) -> bool:
        """Waits before the next try of the same route; False where there is none or no time for it."""
        provider = candidate.route.provider
        if tried >= provider.retries:
            return False
        wait = random.uniform(0, provider.retry_delay * 2**tried)  # noqa: S311 - full jitter, guards nothing
        if failed.retry_after is not None:
            wait = max(wait, failed.retry_after)
        if wait > MAX_WAIT or (call.deadline is not None and self._clock.monotonic() + wait >= call.deadline):
            return False
        await self._sleep(wait)
        call.waited += wait
        return True


class Held:
    """Batches held back until the first of them has content, so that a fallback stays possible."""

    def __init__(self) -> None:
        self._held: Events | None = []

    def until_content(self, events: Events) -> Events:
        """Nothing while there is no content; then all that was held, with these; then each batch as it comes."""
        if self._held is None:
            return events
        self._held += events
        if not any(isinstance(event, CONTENT) for event in events):
            return []
        return self.rest()

    def rest(self) -> Events:
        held, self._held = self._held, None
        return held or []


def _route_of(attempt: Attempt) -> tuple[str | None, str, str]:
    return attempt.model, attempt.provider, attempt.upstream_model


def _warn(call: Call, upstream: UpstreamCall) -> None:
    """Of what was dropped, once for each provider however often it was tried, and before the answer's headers leave."""
    for name in upstream.dropped:
        warning = f"{name} was dropped: {upstream.route.provider.name} does not take it"
        if warning not in call.record.warnings:
            call.record.warnings.append(warning)
