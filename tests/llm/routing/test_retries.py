"""What failed is asked again with patience, and never by so many that an outage is made worse."""

from __future__ import annotations

import pytest

from llm.errors import ProviderBroken, ProviderContentFilter, ProviderContextTooLong, ProviderError, ProviderRateLimited
from llm.registry import ProviderSpec
from llm.routing.observed import Observed
from llm.routing.retries import FLOOR, MAX_WAIT, Retries, back_off
from tests.llm.doubles import HandClock, ScriptedProvider, answer, route, with_provider
from tests.llm.routing.bench import Bench

PROVIDER = ProviderSpec(id=1, name="one", kind="openai", retries=3, retry_delay=1.0)


def test_the_back_off_grows_and_is_fully_jittered() -> None:
    for tried, most in ((0, 1.0), (1, 2.0), (2, 4.0), (9, MAX_WAIT)):
        waits = [back_off(PROVIDER, tried, ProviderBroken("x")) or 0.0 for _ in range(500)]
        assert 0 <= min(waits) < most / 10
        assert most * 0.9 < max(waits) <= most


@pytest.mark.parametrize(("asked", "least"), [(None, 0.0), (0.0, 0.0), (7.0, 7.0), (MAX_WAIT, MAX_WAIT)])
def test_what_the_vendor_asks_for_is_the_least(asked: float | None, least: float) -> None:
    wait = back_off(PROVIDER, 0, ProviderRateLimited("slow down", retry_after=asked))
    assert wait is not None
    assert least <= wait <= max(least, 1.0)


def test_more_than_the_cap_is_not_waited_for() -> None:
    assert back_off(PROVIDER, 0, ProviderRateLimited("tomorrow", retry_after=MAX_WAIT + 0.1)) is None


def test_few_retries_are_under_way_at_once() -> None:
    retries = Retries(Observed(HandClock()))
    assert [retries.begin(PROVIDER) for _ in range(FLOOR + 2)] == [True] * FLOOR + [False, False]
    retries.end(PROVIDER)
    assert retries.begin(PROVIDER)


def test_many_calls_in_flight_allow_a_fifth_more() -> None:
    observed = Observed(HandClock())
    retries, way = Retries(observed), route("one")
    for _ in range(100):
        observed.enter(way)
    allowed = [retries.begin(way.provider) for _ in range(100)]
    assert allowed.count(True) == FLOOR + 20


def test_each_provider_has_a_budget_of_its_own() -> None:
    retries, other = Retries(Observed(HandClock())), ProviderSpec(id=2, name="two", kind="openai")
    while retries.begin(PROVIDER):
        pass
    assert retries.begin(other)


async def test_a_spent_budget_sends_the_call_to_the_next_route() -> None:
    bench = Bench(one=ScriptedProvider([ProviderBroken("down")]), two=ScriptedProvider(answer()))
    one = with_provider(route("one"), retries=3)
    while bench.router._tools.retries.begin(one.provider):
        pass
    await bench.ask(one, route("two", order=2))
    assert [name for name, _ in bench.outcomes] == ["one", "two"]


async def test_a_call_gives_back_what_it_took_of_the_budget() -> None:
    bench = Bench(one=ScriptedProvider([ProviderBroken("x")], [ProviderBroken("x")], answer()))
    await bench.ask(with_provider(route("one"), retries=3))
    assert len(bench.outcomes) == 3
    assert not +bench.router._tools.retries._under_way


@pytest.mark.parametrize("error", [ProviderContextTooLong("x"), ProviderContentFilter("x")])
async def test_a_refusal_is_not_retried(error: ProviderError) -> None:
    provider = ScriptedProvider([error])
    with pytest.raises(type(error)):
        await Bench(one=provider).ask(with_provider(route("one"), retries=3))
    assert len(provider.calls) == 1
