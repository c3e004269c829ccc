"""Who leaves the choice to us gets the cheapest model that meets the requirements, and is told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llm.call import Call, Caller
from llm.errors import GatewayError, InvalidField
from llm.prepare import Defaults, Plan, prepare
from llm.registry import ModelSpec, RouteSpec, Snapshot, Strategy
from llm.types import Image, Message, Options, Request, Requirements, Tool
from tests.llm.doubles import CALLER, PRICE, call, model, request, route, snapshot, with_provider

TODAY = date(2026, 11, 25)
MILLIDOLLAR = 10**9


def costing(name: str, times: int | None, **fields: Any) -> ModelSpec:
    """A model that costs so many times what the usual one does; None: its price is unknown."""
    prices = () if times is None else (replace(PRICE, input=150_000 * times, output=600_000 * times),)
    return model(name, **({"routes": (route(name, prices=prices),)} | fields))


CHEAP = costing("cheap", 1, quality=4, context_window=8_000, capabilities=frozenset({"streaming"}))
MIDDLE = costing(
    "middle", 5, quality=7, context_window=128_000, capabilities=frozenset({"streaming", "tools", "vision"})
)
BEST = costing("best", 50, quality=9, context_window=1_000_000)
MODELS = (BEST, CHEAP, MIDDLE)


class Choice:
    """One call prepared, with the speeds of routes by their providers' names."""

    def __init__(self, *models: ModelSpec, **speeds: float) -> None:
        self.registry: Snapshot = snapshot(*(models or MODELS))
        self.speeds = speeds
        self.call: Call = call()

    def speed(self, route: RouteSpec, *, streamed: bool) -> float | None:
        return self.speeds.get(route.provider.name)

    async def make(self, asked: Request | None = None, *, caller: Caller = CALLER, **wanted: Any) -> Plan:
        asked = asked or request(model="auto", requirements=Requirements(**wanted))
        self.call = call(asked, caller=caller)
        return await prepare(self.call, self.registry, Defaults(), today=TODAY, speed=self.speed)

    async def name(self, **wanted: Any) -> str:
        return (await self.make(**wanted)).model.name

    async def refused(self, **more: Any) -> InvalidField:
        with pytest.raises(InvalidField) as caught:
            await self.make(**more)
        return caught.value


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ({}, "cheap"),
        ({"min_quality": 5}, "middle"),
        ({"min_quality": 8}, "best"),
        ({"capabilities": frozenset({"tools"})}, "middle"),
        ({"capabilities": frozenset({"audio"})}, "best"),
        ({"context_window": 100_000}, "middle"),
        ({"context_window": 128_001}, "best"),
        ({"min_quality": 5, "max_cost": 10 * MILLIDOLLAR}, "middle"),
    ],
)
async def test_the_cheapest_that_meets_all_is_chosen(wanted: dict[str, Any], chosen: str) -> None:
    assert await Choice().name(**wanted) == chosen


async def test_without_requirements_any_model_meets_them() -> None:
    assert (await Choice().make(request(model="auto"))).model.name == "cheap"


async def test_of_the_same_price_the_best_is_chosen_then_the_fastest() -> None:
    twins = costing("a", 1, quality=5), costing("b", 1, quality=6), costing("c", 1, quality=6)
    assert await Choice(*twins, b=0.9, c=0.2).name() == "c"
    assert await Choice(*twins, b=0.2, c=0.9).name() == "b"


async def test_what_was_seen_to_be_slow_is_left_out_and_what_was_not_seen_is_not() -> None:
    assert await Choice(cheap=2.0, middle=0.5).name(max_latency_ms=1_000) == "middle"
    assert await Choice(middle=0.5).name(max_latency_ms=1_000) == "cheap"


@pytest.mark.parametrize(
    ("strategy", "orders", "chosen"),
    [
        ("ordered", (1, 2), "middle"),
        ("ordered", (2, 1), "two"),
        ("ordered", (1, 1), "middle"),
        ("weighted", (1, 2), "middle"),
        ("fastest", (1, 2), "two"),
    ],
)
async def test_a_model_is_as_slow_as_the_route_that_may_be_asked_first(
    strategy: Strategy, orders: tuple[int, int], chosen: str
) -> None:
    slow, quick = (route(name, order=order) for name, order in zip(("slow", "quick"), orders, strict=True))
    two = model("two", routes=(slow, quick), strategy=strategy, quality=5)
    assert await Choice(two, MIDDLE, slow=5.0, quick=0.1).name(max_latency_ms=1_000) == chosen


async def test_an_unknown_price_is_no_low_one() -> None:
    choice = Choice(costing("unknown", None), BEST)
    assert await choice.name() == "best"
    assert (await choice.refused(max_cost=1)).param == "gatehouse.requirements.max_cost"
    assert await Choice(costing("unknown", None)).name() == "unknown"


async def test_a_model_costs_what_its_dearest_route_does() -> None:
    dear = replace(PRICE, input=150_000 * 100, output=600_000 * 100)
    double = model("double", routes=(route("one"), route("two", order=2, prices=(dear,))))
    assert await Choice(double, MIDDLE).name() == "middle"


async def test_the_bound_of_the_answer_is_in_the_price() -> None:
    asked = request(model="auto", requirements=Requirements(max_cost=MILLIDOLLAR), options=Options(max_tokens=100_000))
    assert "max_cost" in (await Choice().refused(asked=asked)).message


async def test_what_the_request_itself_needs_counts_too() -> None:
    tools = request(model="auto", options=Options(tools=[Tool("f")]))
    assert (await Choice().make(tools)).model.name == "middle"
    seen = request(model="auto", messages=[Message("user", [Image("https://example.com/a.png")])])
    assert (await Choice().make(seen)).model.name == "middle"
    long = request("word " * 10_000, model="auto")
    assert (await Choice().make(long)).model.name == "middle"


async def test_the_prompt_is_measured_as_often_for_many_models_as_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Request] = []

    def measure(request: Request) -> int:
        measured.append(request)
        return 10

    monkeypatch.setattr("llm.tokens.estimate_request", measure)
    await Choice(CHEAP).make()
    alone = len(measured)
    await Choice(*MODELS).make()
    assert len(measured) == 2 * alone


async def test_only_what_the_key_may_use_is_chosen() -> None:
    assert await Choice().name(caller=replace(CALLER, models=("m*", "b*"))) == "middle"


async def test_what_is_retired_is_not_chosen() -> None:
    gone = replace(CHEAP, retires_on=TODAY)
    assert await Choice(gone, MIDDLE).name() == "middle"


async def test_a_pinned_provider_leaves_its_own_models() -> None:
    asked = request(model="auto", provider="best")
    assert (await Choice().make(asked)).model.name == "best"


async def test_a_provider_that_cannot_serve_is_passed_by() -> None:
    dumb = replace(MIDDLE, routes=(with_provider(MIDDLE.routes[0], tools=False),))
    tools = request(model="auto", options=Options(tools=[Tool("f")]))
    assert (await Choice(dumb, BEST).make(tools)).model.name == "best"


async def test_the_others_that_meet_them_are_fallen_back_on_in_order() -> None:
    plan = await Choice().make(min_quality=1)
    assert [candidate.model.name for candidate in plan.candidates] == ["cheap", "middle", "best"]


async def test_the_callers_own_fallbacks_count_more() -> None:
    plan = await Choice().make(request(model="auto", fallbacks=["best"]))
    assert [candidate.model.name for candidate in plan.candidates] == ["cheap", "best"]


class TestReason:
    async def test_the_record_says_why(self) -> None:
        choice = Choice()
        await choice.make(min_quality=5)
        assert choice.call.record.selection is not None
        assert choice.call.record.selection.startswith(
            "auto: middle, the cheapest of 2 that meet the requirements, about 0.0015"
        )

    async def test_the_only_one_is_called_so(self) -> None:
        choice = Choice()
        await choice.make(min_quality=9)
        assert "best, the only model that meets the requirements" in (choice.call.record.selection or "")

    async def test_who_names_a_model_is_told_nothing(self) -> None:
        choice = Choice()
        await choice.make(request(model="cheap"))
        assert choice.call.record.selection is None


class TestTiers:
    def tiered(self, **tiers: Requirements) -> Choice:
        choice = Choice()
        choice.registry = replace(choice.registry, tiers=tiers)
        return choice

    async def test_a_tier_is_asked_for_like_a_model(self) -> None:
        choice = self.tiered(clever=Requirements(min_quality=8))
        assert (await choice.make(request(model="clever"))).model.name == "best"
        assert (choice.call.record.selection or "").startswith("clever: best, ")

    async def test_a_model_of_the_same_name_comes_first(self) -> None:
        choice = self.tiered(cheap=Requirements(min_quality=8))
        assert (await choice.make(request(model="cheap"))).model.name == "cheap"


class TestRefusals:
    async def test_the_requirement_that_fails_is_named_with_the_nearest_model(self) -> None:
        error = await Choice().refused(min_quality=10)
        assert (error.status, error.code) == (422, "requirements_unmet")
        assert error.param == "gatehouse.requirements.min_quality"
        assert error.message == (
            "No model meets the requirements. The nearest is best, but min_quality: its quality is 9, wanted 10."
        )

    async def test_the_nearest_is_the_one_that_lacks_least(self) -> None:
        error = await Choice().refused(min_quality=9, capabilities=frozenset({"tools"}), max_cost=10 * MILLIDOLLAR)
        assert error.message.startswith("No model meets the requirements. The nearest is middle, but min_quality")

    async def test_requirements_belong_to_a_choice(self) -> None:
        error = await Choice().refused(asked=request(model="cheap", requirements=Requirements()))
        assert error.param == "gatehouse.requirements"
        native = request(model="cheap", requirements=Requirements(), dialect="native")
        assert (await Choice().refused(asked=native)).param == "requirements"

    async def test_a_key_that_may_use_nothing_is_told_so(self) -> None:
        with pytest.raises(GatewayError) as caught:
            await Choice().make(caller=replace(CALLER, models=()))
        assert caught.value.status == 422
