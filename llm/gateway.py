"""The way of one request, top to bottom: prepare, look in the cache, admit, route, observe, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from llm.active import ActiveCalls, NoActiveCalls
from llm.cache import Cache, CachedAnswer, Lease, cache_key, is_cacheable, reads_cache, worth_keeping
from llm.call import Call, Caller, Clock, Metrics, Recorder
from llm.counting import Counter
from llm.errors import GatewayError, GoingAway, NotFound, ProviderBusy, ProviderError
from llm.fold import Fold, replay
from llm.lifecycle import lifecycle
from llm.limits import FREE, Admission, Limiter
from llm.prepare import Defaults, Plan, prepare, prepare_count
from llm.prompting import NoPrompts, Prompts, prompted, prompted_count
from llm.registry import Snapshot
from llm.routing import Router
from llm.settle import note_answer, note_begun, note_cached, note_cancelled, note_cut, note_end, note_error
from llm.types import Completion, EventStream, Request

FOLLOW = 30.0
"""Seconds a call waits for another one that is already asking the same."""


@dataclass(slots=True, frozen=True)
class Parts:
    """Every outside thing a gateway needs. `renewed` is one rate-limited look for a newer snapshot."""

    snapshot: Callable[[], Snapshot]
    renewed: Callable[[], Awaitable[Snapshot]]
    router: Router
    counter: Counter
    cache: Cache
    limiter: Limiter
    recorder: Recorder
    metrics: Metrics
    clock: Clock
    defaults: Defaults
    close: Callable[[], Awaitable[None]]
    active: ActiveCalls = field(default_factory=NoActiveCalls)
    prompts: Prompts = field(default_factory=NoPrompts)


class Gateway:
    """Serves calls on one event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._background: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """What still goes on beside finished answers ends, then the providers' connections."""
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._parts.close()

    async def complete(self, call: Call) -> Completion:
        """The whole answer, once its record is committed. Raises `GatewayError`."""
        return await drained(call, self.stream(call))

    async def stream(self, call: Call) -> EventStream:
        """The answer's events as they come; ends once the record is committed. Raises `GatewayError`."""
        parts, fold = self._parts, Fold()
        visit = Visit()
        parts.active.enter(call)
        try:
            plan = await self._prepared(call)
            visit = await self._look_up(call, plan)
            visit.admission = await parts.limiter.admit(call, hit=visit.hit is not None)
            async with aclosing(self._events(call, plan, visit)) as batches:
                async for events in batches:
                    if fold.add(events) and not call.has_begun:
                        note_begun(call, parts.clock.monotonic())
                    yield events
            call.completion = fold.completion
            note_answer(call)
        except GatewayError as error:
            call.completion = fold.completion
            if isinstance(error, ProviderError) and not isinstance(error, ProviderBusy):
                visit.failure = error
            note_error(call, error)
            if not call.limits:
                await parts.limiter.look(call)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            call.completion = fold.completion
            if lifecycle.cutting:
                note_cut(call, GoingAway())
            else:
                note_cancelled(call)
            raise
        except Exception as error:  # a bug of ours must still be in the books
            call.completion = fold.completion
            note_error(call, GatewayError(f"Internal error ({type(error).__name__})."))
            raise
        finally:
            parts.active.leave(call)
            committed = self._settle(call, visit)
            if call.record.status != "cancelled":
                await committed

    async def count(self, request: Request, caller: Caller) -> int:
        """The prompt's tokens, by the vendor's own count where it has one, else by ours. Raises `GatewayError`.

        It goes past the key's limits and leaves no record: nothing is generated, and nothing is paid.
        """
        request = await prompted_count(request, caller, self._parts.prompts, self._parts.renewed)
        snapshot = self._parts.snapshot()
        try:
            asked = prepare_count(request, caller, snapshot)
        except NotFound:
            asked = prepare_count(request, caller, await self._parts.renewed())
        counted = await self._parts.counter.count(asked.request, asked.model, asked.route)
        return counted.tokens

    async def _prepared(self, call: Call) -> Plan:
        """An unknown name may only be new: then one look at the registry comes before the 404."""
        call.request = asked = await prompted(call, self._parts.prompts, self._parts.renewed)
        snapshot, today = self._parts.snapshot(), self._parts.clock.now().date()
        speed = self._parts.router.observed.speed
        try:
            return await prepare(call, snapshot, self._parts.defaults, today=today, speed=speed)
        except NotFound:
            newer = await self._parts.renewed()
            if newer is snapshot:
                raise
            call.request = asked
            return await prepare(call, newer, self._parts.defaults, today=today, speed=speed)

    async def _look_up(self, call: Call, plan: Plan) -> Visit:
        """A hit, or the lead among those who ask the same, or neither."""
        request = call.request
        if not is_cacheable(request, model_caches=plan.model.caching):
            return Visit()
        key = cache_key(call.caller.organisation_id, plan.model.name, request)
        call.record.cache = "miss"
        visit = Visit(key, ttl=request.cache.ttl or self._parts.defaults.cache_ttl)
        if not reads_cache(request):
            return visit
        found = await self._parts.cache.fetch(key, wait=FOLLOW)
        if isinstance(found, CachedAnswer):
            visit.hit = found
        else:
            visit.lease = found
        return visit

    async def _events(self, call: Call, plan: Plan, visit: Visit) -> EventStream:
        if visit.hit is not None:
            note_cached(call, visit.hit)
            yield replay(visit.hit.completion)
            return
        async with aclosing(self._parts.router.stream(call, plan)) as batches:
            async for events in batches:
                yield events

    def _settle(self, call: Call, visit: Visit) -> Awaitable[object]:
        """Never fails the answer. The result completes when the record is safe."""
        parts = self._parts
        note_end(call, parts.clock.monotonic())
        visit.admission.leave(0 if visit.hit else call.record.total_tokens)
        self._keep(call, visit)
        parts.metrics.observe(call.record)
        return parts.recorder.finish(call.record)

    def _keep(self, call: Call, visit: Visit) -> None:
        """A good answer goes into the cache, beside the way of the answer, and a vendor's failure to those who wait;
        else the lead is handed on."""
        if visit.key is None or visit.hit is not None:
            return
        record, completion = call.record, call.completion
        if record.status == "ok" and completion is not None and worth_keeping(completion):
            answer = CachedAnswer(
                completion, record.provider or "", record.model or "", record.upstream_model or "", record.cost
            )
            keep = visit.lease.store(answer, visit.ttl) if visit.lease else self._store(visit, answer)
            self._beside(keep)
        elif visit.lease is not None:
            self._beside(visit.lease.fail(visit.failure) if visit.failure else visit.lease.release())

    def _store(self, visit: Visit, answer: CachedAnswer) -> Coroutine[Any, Any, None]:
        return self._parts.cache.store(visit.key or "", answer, visit.ttl)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def drained(call: Call, stream: EventStream) -> Completion:
    """What `call` comes to once its stream has ended."""
    async with aclosing(stream) as batches:
        async for _ in batches:
            pass
    return call.completion or Completion()


@dataclass(slots=True)
class Visit:
    """What one call found in the cache, and what it took of its caller's limits. Without a key the cache has no part in
    the call; `ttl` in seconds."""

    key: str | None = None
    ttl: int = 0
    hit: CachedAnswer | None = None
    lease: Lease | None = None
    failure: ProviderError | None = None
    admission: Admission = FREE
