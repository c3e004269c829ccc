"""Routes are tried in order; what a client has begun to read is never begun again."""

from __future__ import annotations

import pytest

from llm.errors import (
    DeadlineExceeded,
    ProviderAuth,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
)
from llm.routing.retries import MAX_WAIT
from llm.types import Finished, Started, TextDelta
from tests.llm.doubles import ScriptedProvider, answer, route, with_provider
from tests.llm.routing.bench import Bench, said


async def test_one_good_route_is_asked_once() -> None:
    bench = Bench(one=ScriptedProvider(answer("Hello")))
    assert said(await bench.ask(route("one"))) == "Hello"
    assert bench.outcomes == [("one", None)]
    assert bench.recorder.departed == [("one", "m")]
    assert not bench.call.record.fallback_used


async def test_a_retryable_error_is_tried_again_on_the_same_route() -> None:
    bench = Bench(one=ScriptedProvider([ProviderOverloaded("busy")], answer()))
    assert said(await bench.ask(with_provider(route("one"), retries=2))) == "Hello"
    assert bench.outcomes == [("one", "provider_overloaded"), ("one", None)]
    assert bench.call.record.retries == 1


async def test_at_most_one_and_the_retries_are_asked() -> None:
    provider = ScriptedProvider([ProviderOverloaded("busy")])
    bench = Bench(one=provider)
    with pytest.raises(ProviderOverloaded):
        await bench.ask(with_provider(route("one"), retries=2))
    assert len(provider.calls) == 3


async def test_after_the_retries_comes_the_next_route() -> None:
    bench = Bench(one=ScriptedProvider([ProviderOverloaded("busy")]), two=ScriptedProvider(answer()))
    await bench.ask(with_provider(route("one"), retries=1), route("two", order=2))
    assert [name for name, _ in bench.outcomes] == ["one", "one", "two"]
    assert bench.call.record.fallback_used
    assert bench.call.record.provider == "two"


async def test_bad_credentials_are_not_retried_but_another_route_may_help() -> None:
    bench = Bench(one=ScriptedProvider([ProviderAuth("bad key")]), two=ScriptedProvider(answer()))
    await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
    assert [name for name, _ in bench.outcomes] == ["one", "two"]


async def test_a_refused_request_is_neither_retried_nor_carried_elsewhere() -> None:
    two = ScriptedProvider(answer())
    bench = Bench(one=ScriptedProvider([ProviderRefused("bad request")]), two=two)
    with pytest.raises(ProviderRefused):
        await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
    assert two.calls == []


async def test_events_before_the_content_are_held_so_that_nothing_is_begun_twice() -> None:
    failing = ScriptedProvider([[Started(upstream_id="first")], ProviderBroken("cut")])
    bench = Bench(one=failing, two=ScriptedProvider(answer()))
    events = await bench.ask(route("one"), route("two", order=2))
    assert [event.upstream_id for event in events if isinstance(event, Started)] == ["up-1"]


async def test_after_the_first_content_an_error_ends_the_call() -> None:
    two = ScriptedProvider(answer())
    bench = Bench(one=ScriptedProvider([[TextDelta("Hel")], ProviderBroken("cut")]), two=two)
    with pytest.raises(ProviderBroken):
        await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
    assert two.calls == []
    assert bench.outcomes == [("one", "provider_broken")]


async def test_a_stream_without_its_end_is_broken() -> None:
    bench = Bench(one=ScriptedProvider([[TextDelta("Hel")]]))
    with pytest.raises(ProviderBroken, match="ended before"):
        await bench.ask(route("one"))


async def test_an_empty_answer_with_an_end_is_an_answer() -> None:
    bench = Bench(one=ScriptedProvider(answer("")))
    assert said(await bench.ask(route("one"))) == ""
    assert bench.outcomes == [("one", None)]


async def test_an_answer_without_any_content_is_handed_on_whole() -> None:
    bench = Bench(one=ScriptedProvider([[Started(upstream_id="up-1")], [Finished("stop")]]))
    assert await bench.ask(route("one")) == [Started(upstream_id="up-1"), Finished("stop")]


async def test_retry_after_is_waited_for() -> None:
    bench = Bench(one=ScriptedProvider([ProviderRateLimited("slow down", retry_after=7)], answer()))
    began = bench.clock.monotonic()
    await bench.ask(with_provider(route("one"), retries=1))
    assert bench.clock.monotonic() - began == 7
    assert bench.call.waited == 7


async def test_a_long_retry_after_goes_to_the_next_route_at_once() -> None:
    error = ProviderRateLimited("come back tomorrow", retry_after=MAX_WAIT + 1)
    bench = Bench(one=ScriptedProvider([error]), two=ScriptedProvider(answer()))
    began = bench.clock.monotonic()
    await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
    assert bench.clock.monotonic() == began
    assert [name for name, _ in bench.outcomes] == ["one", "two"]


async def test_no_back_off_reaches_beyond_the_deadline() -> None:
    bench = Bench(one=ScriptedProvider([ProviderRateLimited("slow down", retry_after=7)]))
    bench.call.deadline = bench.clock.monotonic() + 5
    with pytest.raises(ProviderRateLimited):
        await bench.ask(with_provider(route("one"), retries=3))
    assert len(bench.outcomes) == 1


async def test_a_call_whose_time_is_up_leaves_for_nobody() -> None:
    bench = Bench(one=ScriptedProvider(answer()))
    bench.call.deadline = bench.clock.monotonic()
    with pytest.raises(DeadlineExceeded):
        await bench.ask(route("one"))
    assert bench.recorder.departed == []


async def test_a_call_without_candidates_ends_clearly() -> None:
    with pytest.raises(DeadlineExceeded):
        await Bench().ask()


async def test_the_total_time_out_ends_with_the_deadline() -> None:
    provider = ScriptedProvider(answer())
    bench = Bench(one=provider)
    bench.call.deadline = bench.clock.monotonic() + 12
    await bench.ask(with_provider(route("one"), timeout=60))
    assert provider.calls[0].timeout == 12


async def test_a_client_that_leaves_closes_the_provider() -> None:
    provider = ScriptedProvider([[TextDelta("Hel")], [TextDelta("lo")]])
    bench = Bench(one=provider)
    batches = bench.stream(route("one"))
    await anext(batches)
    await batches.aclose()
    assert provider.closed == 1
    assert [attempt.outcome for attempt in bench.call.record.attempts] == ["cancelled"]


async def test_what_a_vendor_does_not_take_is_named() -> None:
    class Picky(ScriptedProvider):
        async def stream(self, call):  # type: ignore[no-untyped-def]  # as its parent
            call.dropped.append("seed")
            async for events in super().stream(call):
                yield events

    bench = Bench(one=Picky(answer()))
    await bench.ask(route("one"))
    assert bench.call.record.warnings == ["seed was dropped: one does not take it"]


@pytest.mark.parametrize("error", [ProviderBroken("x"), ProviderOverloaded("x"), ProviderRateLimited("x")])
async def test_every_attempt_has_its_outcome(error: ProviderError) -> None:
    bench = Bench(one=ScriptedProvider([error]))
    with pytest.raises(type(error)):
        await bench.ask(route("one"))
    assert [attempt.outcome for attempt in bench.call.record.attempts] == ["error"]
