"""One request from preparation to the books, over parts held in the hand."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from llm.active import LocalCalls
from llm.cache import Cache, CachedAnswer, MemoryCache
from llm.call import Call, Caller, NullMetrics, Record
from llm.counting import Counter
from llm.errors import GatewayError, NotFound, ProviderBroken, ProviderRefused, RateLimited
from llm.gateway import Gateway, Parts
from llm.limits import Admission, Limiter, MemoryMeters, MeteredLimiter, NoLimiter
from llm.prepare import Defaults
from llm.registry import Limits, ModelSpec, ProviderSpec, Snapshot
from llm.routing import Router
from llm.types import CachePolicy, Context, Finished, Message, Options, Text, TextDelta, Usage
from tests.llm.doubles import (
    CALLER,
    HandClock,
    MemoryRecorder,
    ScriptedProvider,
    answer,
    call,
    model,
    request,
    route,
    snapshot,
)


class Metrics(NullMetrics):
    def __init__(self) -> None:
        self.observed: list[Record] = []

    def observe(self, record: Record) -> None:
        self.observed.append(record)


class House:
    """A gateway over scripted providers, with everything in reach."""

    def __init__(
        self, *models: ModelSpec, limiter: Limiter | None = None, cache: Cache | None = None, **providers: Any
    ):
        self.providers: dict[str, ScriptedProvider] = providers
        self.clock, self.recorder, self.metrics = HandClock(), MemoryRecorder(), Metrics()
        self.registry = snapshot(*(models or (model(),)))
        self.newer: Snapshot | None = None
        self.is_closed = False
        self.active = LocalCalls()
        self.gateway = Gateway(
            Parts(
                snapshot=lambda: self.registry,
                renewed=self._renewed,
                router=Router(self._provider, self.recorder, self.clock, sleep=self.clock.sleep),
                counter=Counter(self._provider),
                cache=cache or MemoryCache(clock=self.clock),
                limiter=limiter or NoLimiter(),
                recorder=self.recorder,
                metrics=self.metrics,
                clock=self.clock,
                defaults=Defaults(),
                close=self._close,
                active=self.active,
            )
        )

    def _provider(self, spec: ProviderSpec) -> ScriptedProvider:
        return self.providers[spec.name]

    async def _close(self) -> None:
        self.is_closed = True

    async def _renewed(self) -> Snapshot:
        return self.newer or self.registry

    def call(self, *, caller: Caller = CALLER, **fields: Any) -> Call:
        return call(request(**fields), caller=caller, clock=self.clock)

    async def ask(self, **fields: Any) -> Record:
        """Asks, swallows what is refused, and hands out the one record."""
        asked = self.call(**fields)
        try:
            await self.gateway.complete(asked)
        except GatewayError:
            pass
        assert self.recorder.finished.count(asked.record) == 1
        return asked.record


async def test_what_is_prepared_anew_for_a_newer_registry_is_prepared_once() -> None:
    house = House(one=ScriptedProvider(answer("Hello")))
    house.newer = snapshot(model(), model("late"))
    asked = house.call(context=Context("We close at six."), fallbacks=["late"])
    await house.gateway.complete(asked)
    assert asked.request.messages[0] == Message("system", [Text("We close at six.")])


def counting() -> Limiter:
    return MeteredLimiter(MemoryMeters(clock=HandClock()))


async def test_a_good_answer_is_complete_priced_and_in_the_books() -> None:
    house = House(one=ScriptedProvider(answer("Hello")))
    asked = house.call()
    completion = await house.gateway.complete(asked)
    record = asked.record
    assert completion.choices[0].text == "Hello"
    assert (record.status, record.finish_reason) == ("ok", "stop")
    assert (record.prompt_tokens, record.completion_tokens, record.total_tokens) == (10, 5, 15)
    assert record.cost == 10 * 150_000 + 5 * 600_000
    assert (record.model, record.provider, record.upstream_model) == ("small", "one", "m-2026")
    assert house.recorder.finished == [record]
    assert house.metrics.observed == [record]


async def test_the_record_is_finished_before_the_stream_ends() -> None:
    house = House(one=ScriptedProvider(answer()))
    seen = [len(house.recorder.finished) async for _ in house.gateway.stream(house.call())]
    assert seen == [0, 0]
    assert len(house.recorder.finished) == 1


async def test_an_unknown_model_is_refused_and_in_the_books() -> None:
    house = House()
    record = await house.ask(model="smoll")
    assert (record.status, record.http_status, record.error_code) == ("refused", 404, "model_not_found")
    assert record.cost == 0


async def test_a_model_that_is_only_new_is_found_after_one_look() -> None:
    house = House(one=ScriptedProvider(answer()))
    house.newer = snapshot(model(), model("brand-new"))
    assert (await house.ask(model="brand-new")).status == "ok"


async def test_a_name_missing_from_the_newer_registry_too_is_refused() -> None:
    house = House()
    house.newer = snapshot(model("other"))
    with pytest.raises(NotFound):
        await house.gateway.complete(house.call(model="nowhere"))


async def test_a_provider_that_fails_is_an_error_that_costs_nothing() -> None:
    record = await House(one=ScriptedProvider([ProviderBroken("down")])).ask()
    assert (record.status, record.http_status, record.error_code) == ("error", 502, "provider_broken")
    assert record.cost == 0
    assert [attempt.error for attempt in record.attempts] == ["provider_broken"]


async def test_a_request_the_vendor_refuses_is_an_error_with_its_words() -> None:
    record = await House(one=ScriptedProvider([ProviderRefused("max_tokens is too large")])).ask()
    assert (record.status, record.http_status) == ("error", 400)
    assert record.error_message == "max_tokens is too large"


async def test_an_answer_that_breaks_off_is_incomplete_and_charged() -> None:
    record = await House(one=ScriptedProvider([[TextDelta("Hello wor")], ProviderBroken("cut")])).ask()
    assert record.status == "incomplete"
    assert record.usage_estimated
    assert record.completion_tokens > 0
    assert record.cost is not None
    assert record.cost > 0


async def test_a_client_that_leaves_is_charged_what_was_said() -> None:
    house = House(one=ScriptedProvider([[TextDelta("Hello there")], [TextDelta(" more")]]))
    asked = house.call()
    async with aclosing(house.gateway.stream(asked)) as batches:
        await anext(batches)
    assert asked.record.status == "cancelled"
    assert asked.record.completion_tokens > 0
    assert house.providers["one"].closed == 1
    assert house.recorder.finished == [asked.record]


async def test_a_task_that_is_cancelled_while_it_waits_is_in_the_books() -> None:
    class Silent(ScriptedProvider):
        async def stream(self, call):  # type: ignore[no-untyped-def]  # as its parent
            arrived.set()
            await asyncio.Event().wait()
            yield []

    arrived = asyncio.Event()
    house = House(one=Silent())
    asked = house.call()
    task = asyncio.create_task(house.gateway.complete(asked))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked.record.status == "cancelled"
    assert [attempt.outcome for attempt in asked.record.attempts] == ["cancelled"]
    assert asked.record.completion_tokens == 0
    assert asked.record.prompt_tokens > 0


async def test_a_caller_over_its_limit_is_refused() -> None:
    house = House(one=ScriptedProvider(answer()), limiter=counting())
    caller = Caller(key_id=9, key_name="k", organisation_id=1, organisation="acme", limits=Limits(1))
    assert (await house.ask(caller=caller)).status == "ok"
    record = await house.ask(caller=caller)
    assert (record.status, record.http_status) == ("refused", 429)
    assert (record.limit_scope, record.limit_name) == ("key", "requests_per_minute")
    assert len(house.providers["one"].calls) == 1


async def test_an_unknown_price_is_unknown_not_free() -> None:
    unpriced = model(routes=(route(prices=()),))
    record = await House(unpriced, one=ScriptedProvider(answer())).ask()
    assert record.cost is None


async def test_usage_that_the_vendor_never_sent_is_estimated() -> None:
    record = await House(one=ScriptedProvider([[TextDelta("Hello there"), Finished("stop")]])).ask()
    assert record.usage_estimated
    assert record.total_tokens == record.prompt_tokens + record.completion_tokens > 0


async def test_cached_tokens_are_paid_once_at_their_own_rate() -> None:
    usage = Usage(prompt_tokens=100, completion_tokens=10, total_tokens=110, cached_tokens=80)
    record = await House(one=ScriptedProvider(answer(usage=usage))).ask()
    assert record.cost == 20 * 150_000 + 80 * 75_000 + 10 * 600_000


ON: dict[str, Any] = {"cache": CachePolicy("on")}


async def test_the_second_time_the_cache_answers_for_nothing() -> None:
    house = House(one=ScriptedProvider(answer("Hello")))
    first, second = await house.ask(**ON), await house.ask(**ON)
    assert (first.cache, second.cache) == ("miss", "hit")
    assert (second.cost, second.saved) == (0, first.cost)
    assert second.total_tokens == first.total_tokens
    assert (second.provider, second.status) == ("one", "ok")
    assert len(house.providers["one"].calls) == 1


async def test_auto_caches_at_temperature_nought_alone() -> None:
    house = House(one=ScriptedProvider(answer()))
    assert (await house.ask()).cache == "off"
    assert (await house.ask(options=Options(temperature=0))).cache == "miss"
    assert (await house.ask(options=Options(temperature=0))).cache == "hit"


async def test_refresh_asks_again_and_keeps_the_new_answer() -> None:
    house = House(one=ScriptedProvider(answer("old"), answer("new")))
    await house.ask(**ON)
    await house.ask(cache=CachePolicy("refresh"))
    again = house.call(**ON)
    assert (await house.gateway.complete(again)).choices[0].text == "new"


async def test_failures_are_not_kept() -> None:
    house = House(one=ScriptedProvider([ProviderBroken("down")], answer()))
    assert (await house.ask(**ON)).status == "error"
    record = await house.ask(**ON)
    assert (record.cache, record.status) == ("miss", "ok")


async def test_those_who_ask_the_same_at_once_share_one_upstream_call() -> None:
    house = House(one=ScriptedProvider(answer()))
    records = await asyncio.gather(*(house.ask(**ON) for _ in range(20)))
    assert len(house.providers["one"].calls) == 1
    assert sorted({record.cache for record in records}) == ["hit", "miss"]


async def test_a_hit_counts_against_the_limit() -> None:
    house = House(one=ScriptedProvider(answer()), limiter=counting())
    caller = Caller(key_id=9, key_name="k", organisation_id=1, organisation="acme", limits=Limits(1))
    await house.ask(caller=caller, **ON)
    with pytest.raises(RateLimited):
        await house.gateway.complete(house.call(caller=caller, **ON))


class Left(NoLimiter):
    """Remembers with how many tokens each call left."""

    def __init__(self) -> None:
        self.tokens: list[int] = []

    def leave(self, tokens: int) -> None:
        self.tokens.append(tokens)


async def test_what_was_taken_is_settled_once_whatever_happens() -> None:
    limiter = Left()
    house = House(
        limiter=limiter,
        one=ScriptedProvider(
            answer(), [ProviderBroken("down")], [[TextDelta("Hello")], ProviderBroken("cut")], answer()
        ),
    )
    first, failed, cut = await house.ask(**ON), await house.ask(text="b"), await house.ask(text="c")
    hit = await house.ask(**ON)
    async with aclosing(house.gateway.stream(house.call(text="d"))) as batches:
        await anext(batches)
    assert (first.total_tokens, failed.total_tokens, hit.cache) == (15, 0, "hit")
    assert cut.total_tokens > 0
    assert limiter.tokens[:4] == [15, 0, cut.total_tokens, 0]
    assert len(limiter.tokens) == 5


async def test_a_call_refused_before_it_was_counted_leaves_nothing() -> None:
    limiter = Left()
    await House(limiter=limiter).ask(model="smoll")
    assert limiter.tokens == []


async def test_a_follower_leads_when_the_leader_was_refused() -> None:
    house = House(one=ScriptedProvider(answer()), limiter=counting())
    none = Caller(key_id=9, key_name="k", organisation_id=1, organisation="acme", limits=Limits(1))
    await house.ask(caller=none)
    refused, served = await asyncio.gather(house.ask(caller=none, **ON), house.ask(**ON))
    assert (refused.status, served.status) == ("refused", "ok")


async def test_a_bug_of_ours_is_in_the_books_too() -> None:
    class Buggy(NoLimiter):
        async def admit(self, call: Call, *, hit: bool = False) -> Admission:
            raise ZeroDivisionError

    house = House(limiter=Buggy())
    with pytest.raises(ZeroDivisionError):
        await house.gateway.complete(house.call())
    assert [(record.status, record.error_code) for record in house.recorder.finished] == [("error", "internal_error")]


async def test_times_are_ours_without_the_providers() -> None:
    class Slow(ScriptedProvider):
        async def stream(self, call):  # type: ignore[no-untyped-def]  # as its parent
            house.clock.seconds += 2
            call.waited += 2
            async for events in super().stream(call):
                yield events

    house = House(one=Slow(answer()))
    assert (await house.ask()).first_token_ms is None
    record = await house.ask(stream=True)
    assert record.first_token_ms == 2000
    assert record.latency_ms == 2000
    assert record.overhead_ms == 0


async def test_bodies_are_kept_only_where_the_organisation_keeps_them() -> None:
    house = House(one=ScriptedProvider(answer()))
    silent = Caller(key_id=1, key_name="k", organisation_id=1, organisation="acme", keeps_bodies=False)
    assert (await house.ask()).body is not None
    assert (await house.ask(caller=silent)).body is None


async def test_a_refresh_that_fails_leaves_the_old_answer() -> None:
    house = House(one=ScriptedProvider(answer("old"), [ProviderBroken("down")]))
    await house.ask(**ON)
    assert (await house.ask(cache=CachePolicy("refresh"))).status == "error"
    assert (await house.ask(**ON)).cache == "hit"


async def test_closing_waits_for_what_is_still_being_kept() -> None:
    class Slow(MemoryCache):
        async def store(self, key: str, answer: CachedAnswer, ttl: int) -> None:
            await asyncio.sleep(0.01)
            stored.append(key)

    stored: list[str] = []
    house = House(one=ScriptedProvider(answer()), cache=Slow())
    await house.ask(cache=CachePolicy("refresh"))
    await house.gateway.close()
    assert len(stored) == 1
    assert house.is_closed


async def test_a_call_is_in_flight_from_its_first_step_to_its_end_however_it_ends() -> None:
    house = House(one=ScriptedProvider(answer(), [ProviderRefused("no")]))
    seen = []
    async with aclosing(house.gateway.stream(call())) as batches:
        async for _ in batches:
            seen.append(len(house.active.own()))
            break
    with pytest.raises(ProviderRefused):
        await house.gateway.complete(call())
    with pytest.raises(NotFound):
        await house.gateway.complete(call(request(model="none")))

    assert (seen, house.active.own()) == ([1], [])
