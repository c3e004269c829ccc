"""Each strategy puts another route first, and none loses one."""

from __future__ import annotations

from collections import Counter

import pytest

from llm.errors import ProviderBroken, ProviderError, ProviderRateLimited
from llm.prepare import Candidate
from llm.registry import ModelSpec, Price, Strategy
from llm.routing.outlook import CallOutlook
from llm.routing.strategies import STRATEGIES, order
from tests.llm.doubles import EPOCH, ScriptedProvider, answer, call, model, route
from tests.llm.routing.bench import Bench


class Outlook:
    """What is known, by the names of providers."""

    def __init__(
        self,
        costs: dict[str, int] | None = None,
        speeds: dict[str, float] | None = None,
        busy: dict[str, int] | None = None,
    ) -> None:
        self.costs, self.speeds, self.busy = costs or {}, speeds or {}, busy or {}

    def cost(self, candidate: Candidate) -> int | None:
        return self.costs.get(candidate.route.provider.name)

    def speed(self, candidate: Candidate) -> float | None:
        return self.speeds.get(candidate.route.provider.name)

    def in_flight(self, candidate: Candidate) -> int:
        return self.busy.get(candidate.route.provider.name, 0)


def candidates(spec: ModelSpec) -> list[Candidate]:
    return [Candidate(spec, way, call().request, None) for way in spec.routes]


def three(strategy: Strategy) -> list[Candidate]:
    return candidates(model(strategy=strategy, routes=(route("a", order=1), route("b", order=2), route("c", order=3))))


def names(ranked: list[Candidate]) -> list[str]:
    return [candidate.route.provider.name for candidate in ranked]


def test_routes_stand_by_order_and_models_as_they_came() -> None:
    first = model("first", routes=(route("late", order=2), route("early", order=1)))
    second = model("second", routes=(route("other", order=0),))
    assert names(order([*candidates(first), *candidates(second)], Outlook())) == ["early", "late", "other"]


def test_weights_share_the_first_place_of_an_order() -> None:
    spec = model(routes=(route("heavy", weight=9), route("light", weight=1), route("last", order=2, weight=99)))
    ranked = [names(order(candidates(spec), Outlook())) for _ in range(2000)]
    assert 1650 < Counter(first for first, *_ in ranked)["heavy"] < 1950
    assert {last for *_, last in ranked} == {"last"}


def test_by_weight_the_order_does_not_count() -> None:
    spec = model(strategy="weighted", routes=(route("first", order=1, weight=1), route("second", order=2, weight=9)))
    firsts = Counter(names(order(candidates(spec), Outlook()))[0] for _ in range(2000))
    assert 1650 < firsts["second"] < 1950


def test_the_cheapest_comes_first_and_an_unknown_price_last() -> None:
    assert names(order(three("cheapest"), Outlook(costs={"b": 5, "c": 3}))) == ["c", "b", "a"]


def test_the_price_is_that_of_this_request() -> None:
    long = Price(valid_from=EPOCH, input=1, output=500)
    short = Price(valid_from=EPOCH, input=100, output=1)
    spec = model(strategy="cheapest", routes=(route("reads", prices=(long,)), route("writes", prices=(short,))))
    asked = call()
    outlook = CallOutlook(asked, Bench().observed)

    def first(max_tokens: int) -> str:
        return names(order([Candidate(spec, way, asked.request, max_tokens) for way in spec.routes], outlook))[0]

    assert (first(1), first(1_000)) == ("reads", "writes")


def test_the_fastest_comes_first() -> None:
    assert names(order(three("fastest"), Outlook(speeds={"a": 0.9, "b": 0.2, "c": 0.5}))) == ["b", "c", "a"]


def test_what_is_not_known_is_tried_by_one_call_at_a_time() -> None:
    speeds = {"a": 0.9, "b": 0.2}
    assert names(order(three("fastest"), Outlook(speeds=speeds)))[0] == "c"
    assert names(order(three("fastest"), Outlook(speeds=speeds, busy={"c": 1}))) == ["b", "a", "c"]


def test_the_least_busy_comes_first() -> None:
    assert names(order(three("least_busy"), Outlook(busy={"a": 2, "b": 0, "c": 1}))) == ["b", "c", "a"]


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_no_strategy_loses_a_route(strategy: Strategy) -> None:
    assert sorted(names(order(three(strategy), Outlook(costs={"a": 1}, speeds={"b": 1.0})))) == ["a", "b", "c"]


async def test_what_was_seen_decides_the_next_call() -> None:
    bench = Bench(slow=ScriptedProvider(answer()), fast=ScriptedProvider(answer()))
    slow, fast = route("slow"), route("fast", order=2)
    bench.observed.note(slow, streamed=False, seconds=2.0)
    bench.observed.note(fast, streamed=False, seconds=0.1)
    await bench.ask(slow, fast, strategy="fastest")
    assert bench.outcomes == [("fast", None)]
    assert bench.reasons == ["first choice: fastest"]


@pytest.mark.parametrize("error", [ProviderBroken("down"), ProviderRateLimited("the account is empty")])
async def test_of_the_unknown_the_fastest_learns_from_a_failure_too(error: ProviderError) -> None:
    failing = ScriptedProvider([error])
    bench = Bench(failing=failing, slow=ScriptedProvider(answer()))
    unknown, slow = route("failing"), route("slow", order=2)
    bench.observed.note(slow, streamed=False, seconds=2.0)
    for _ in range(3):
        bench.fresh()
        await bench.ask(unknown, slow, strategy="fastest")
    assert len(failing.calls) == 1


async def test_calls_in_flight_are_counted_while_they_last() -> None:
    bench = Bench(one=ScriptedProvider(answer()))
    one = route("one")
    batches = bench.stream(one)
    await anext(batches)
    assert bench.observed.in_flight(one) == 1
    await batches.aclose()
    assert bench.observed.in_flight(one) == 0


class TestObserved:
    def test_news_count_more_than_old_observations(self) -> None:
        bench, one = Bench(), route("one")
        bench.observed.note(one, streamed=True, seconds=10.0)
        bench.clock.seconds += 300
        bench.observed.note(one, streamed=True, seconds=1.0)
        speed = bench.observed.speed(one, streamed=True)
        assert speed is not None
        assert 1.0 < speed < 3.0

    def test_what_was_long_ago_is_not_known(self) -> None:
        bench, one = Bench(), route("one")
        bench.observed.note(one, streamed=True, seconds=1.0)
        assert bench.observed.speed(one, streamed=False) is None
        bench.clock.seconds += 600
        assert bench.observed.speed(one, streamed=True) is None

    def test_a_failure_is_no_speed(self) -> None:
        bench, one, two = Bench(), route("one"), route("two")
        bench.observed.note_failure(one, streamed=True)
        bench.observed.note(two, streamed=True, seconds=3.0)
        speeds = [bench.observed.speed(way, streamed=True) or 0.0 for way in (one, two)]
        assert speeds[0] > speeds[1]

    def test_a_slow_call_is_told_only_from_enough_others(self) -> None:
        observed, one = Bench().observed, route("one")
        for number in range(100):
            slow = observed.slow(one, streamed=True)
            assert (slow is None) == (number < 20)
            observed.note(one, streamed=True, seconds=number / 100)
        assert observed.slow(one, streamed=True) == 0.95
