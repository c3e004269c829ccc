"""What may be tried is settled before any provider is asked, and every refusal names its field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llm.budgets import BudgetSpec
from llm.call import Caller
from llm.errors import ContextTooLong, Forbidden, GatewayError, InvalidField, NotFound, UnsupportedCapability
from llm.prepare import Defaults, Plan, prepare
from llm.registry import ModelSpec, Price, Snapshot
from llm.types import Context, Image, Message, Options, Request, Text, Tool
from tests.llm.doubles import CALLER, EPOCH, call, model, request, route, snapshot, with_provider

DEFAULTS = Defaults(temperature=0.7, max_tokens=1024)


TODAY = date(2026, 11, 25)


async def plan(registry: Snapshot, asked: Request, caller: Caller = CALLER) -> Plan:
    return await prepare(call(asked, caller=caller), registry, DEFAULTS, today=TODAY)


async def refused(registry: Snapshot, asked: Request, caller: Caller = CALLER) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await plan(registry, asked, caller)
    return caught.value


async def test_an_alias_leads_to_its_model() -> None:
    registry = snapshot(model("gpt-4o-mini", aliases=("small",)))
    assert (await plan(registry, request(model="small"))).model.name == "gpt-4o-mini"


async def test_without_a_name_the_default_model_is_asked() -> None:
    registry = snapshot(model("a"), model("b"), default="b")
    assert (await plan(registry, request(model=None))).model.name == "b"


async def test_a_pinned_provider_brings_its_own_default() -> None:
    pinned = with_provider(route("two"), default_model="b")
    registry = snapshot(model("a"), model("b", routes=(pinned,)), default="a")
    assert (await plan(registry, request(model=None, provider="two"))).model.name == "b"


async def test_no_name_and_no_default_is_said() -> None:
    error = await refused(snapshot(model("a")), request(model=None))
    assert isinstance(error, InvalidField)
    assert error.param == "model"


async def test_an_unknown_model_names_the_nearest_this_key_may_use() -> None:
    registry = snapshot(model("gpt-4o-mini"), model("gpt-4o-maxi"))
    caller = replace(CALLER, models=("*-mini",))
    error = await refused(registry, request(model="gpt-4o-mink"), caller)
    assert isinstance(error, NotFound)
    assert (error.param, error.code) == ("model", "model_not_found")
    assert "gpt-4o-mini" in (error.hint or "")
    assert "maxi" not in (error.hint or "")


async def test_a_model_outside_the_keys_patterns_is_forbidden() -> None:
    error = await refused(snapshot(model("a")), request(model="a"), replace(CALLER, models=("b*",)))
    assert isinstance(error, Forbidden)


async def test_an_alias_cannot_get_around_the_keys_patterns() -> None:
    registry = snapshot(model("big", aliases=("small-alias",)))
    error = await refused(registry, request(model="small-alias"), replace(CALLER, models=("small-*",)))
    assert isinstance(error, Forbidden)


async def test_a_pin_leaves_one_providers_routes_and_no_fallbacks() -> None:
    one = model("a", routes=(route("one"), route("two")), fallbacks=("b",))
    planned = await plan(snapshot(one, model("b")), request(model="a", provider="two"))
    assert [candidate.route.provider.name for candidate in planned.candidates] == ["two"]


async def test_fallbacks_named_beside_a_pin_are_tried() -> None:
    registry = snapshot(model("a", routes=(route("one"),)), model("b", routes=(route("two"),)))
    planned = await plan(registry, request(model="a", provider="one", fallbacks=["b"]))
    assert [candidate.model.name for candidate in planned.candidates] == ["a", "b"]


async def test_an_unknown_provider_names_the_nearest() -> None:
    error = await refused(snapshot(model("a", routes=(route("openai"),))), request(model="a", provider="opnai"))
    assert isinstance(error, NotFound)
    assert (error.param, error.code) == ("gatehouse.provider", "provider_not_found")
    assert "openai" in (error.hint or "")


async def test_a_provider_without_a_route_to_the_model_says_who_has_one() -> None:
    registry = snapshot(model("a", routes=(route("one"),)), model("b", routes=(route("two"),)))
    error = await refused(registry, request(model="a", provider="two"))
    assert isinstance(error, InvalidField)
    assert "one" in (error.hint or "")


async def test_the_models_own_fallbacks_follow_its_routes() -> None:
    registry = snapshot(model("a", fallbacks=("b", "gone")), model("b"))
    planned = await plan(registry, request(model="a"))
    assert [candidate.model.name for candidate in planned.candidates] == ["a", "b"]


async def test_an_empty_list_of_fallbacks_is_none() -> None:
    planned = await plan(snapshot(model("a", fallbacks=("b",)), model("b")), request(model="a", fallbacks=[]))
    assert [candidate.model.name for candidate in planned.candidates] == ["a"]


async def test_a_fallback_named_in_the_request_must_exist() -> None:
    assert isinstance(await refused(snapshot(model("a")), request(model="a", fallbacks=["nope"])), NotFound)


IMAGE = [Message("user", [Text("What is this?"), Image("https://example.com/a.png")])]


@pytest.mark.parametrize(
    ("capabilities", "asked", "param"),
    [
        ({"tools", "vision"}, {"stream": True}, "stream"),
        ({"streaming", "vision"}, {"options": Options(tools=[Tool("f")])}, "tools"),
        ({"streaming", "tools"}, {"messages": IMAGE}, "messages"),
    ],
)
async def test_what_a_model_does_not_offer_is_refused(
    capabilities: set[str], asked: dict[str, Any], param: str
) -> None:
    registry = snapshot(model("a", capabilities=frozenset(capabilities)))
    error = await refused(registry, request(model="a", **asked))
    assert isinstance(error, UnsupportedCapability)
    assert error.param == param


async def test_a_fallback_that_cannot_serve_is_left_out() -> None:
    blind = model("blind", capabilities=frozenset({"streaming"}))
    planned = await plan(snapshot(model("a", fallbacks=("blind",)), blind), request(model="a", messages=IMAGE))
    assert [candidate.model.name for candidate in planned.candidates] == ["a"]


async def test_a_provider_that_cannot_serve_is_left_out() -> None:
    blind = with_provider(route("blind"), images=False)
    planned = await plan(snapshot(model("a", routes=(blind, route("two")))), request(model="a", messages=IMAGE))
    assert [candidate.route.provider.name for candidate in planned.candidates] == ["two"]


async def test_when_no_route_can_serve_it_is_said() -> None:
    blind = with_provider(route("blind"), images=False)
    error = await refused(snapshot(model("a", routes=(blind,))), request(model="a", messages=IMAGE))
    assert isinstance(error, UnsupportedCapability)


async def test_an_answer_longer_than_the_model_writes_is_refused_with_both_numbers() -> None:
    asked = request(model="a", options=Options(max_tokens=5000))
    error = await refused(snapshot(model("a", max_output_tokens=4096)), asked)
    assert isinstance(error, InvalidField)
    assert "5000" in error.message
    assert "4096" in error.message


async def test_a_fallback_writes_no_more_than_it_can() -> None:
    registry = snapshot(model("a", fallbacks=("b",)), model("b", max_output_tokens=100))
    planned = await plan(registry, request(model="a", options=Options(max_tokens=500)))
    assert [candidate.max_tokens for candidate in planned.candidates] == [500, 100]


async def test_a_request_over_the_window_is_refused_with_both_numbers() -> None:
    registry = snapshot(model("a", context_window=50))
    error = await refused(registry, request("word " * 200, model="a"))
    assert isinstance(error, ContextTooLong)
    assert error.param == "messages"
    assert "50" in error.message


async def test_the_window_is_judged_by_tokens_not_by_bytes() -> None:
    registry = snapshot(model("gpt-4o-mini", context_window=300))
    assert (await plan(registry, request("word " * 200, model="gpt-4o-mini"))).candidates


async def test_the_answer_needs_room_in_the_window_too() -> None:
    registry = snapshot(model("gpt-4o-mini", context_window=300))
    asked = request("word " * 200, model="gpt-4o-mini", options=Options(max_tokens=200))
    assert "200 for the answer" in (await refused(registry, asked)).message


async def test_context_joins_the_system_message() -> None:
    messages = [Message("system", [Text("Be terse.")]), Message("user", [Text("Hi")])]
    asked = request(model="a", messages=messages, context=Context(assembled_context="Ada is 36."))
    sent = (await plan(snapshot(model("a")), asked)).candidates[0].request
    assert [part.text for part in sent.messages[0].parts if isinstance(part, Text)] == ["Be terse.", "\n\nAda is 36."]
    assert len(messages[0].parts) == 1


async def test_context_alone_becomes_the_system_message() -> None:
    asked = request(model="a", context=Context(assembled_context="Ada is 36."))
    sent = (await plan(snapshot(model("a")), asked)).candidates[0].request
    assert [message.role for message in sent.messages] == ["system", "user"]


async def test_the_settings_defaults_apply_to_native_requests_alone() -> None:
    registry = snapshot(model("a"))
    native = (await plan(registry, request(model="a", dialect="native"))).candidates[0]
    openai = (await plan(registry, request(model="a"))).candidates[0]
    assert (native.request.options.temperature, native.max_tokens) == (0.7, 1024)
    assert (openai.request.options.temperature, openai.max_tokens) == (None, None)


async def test_a_reasoning_model_gets_no_default_temperature() -> None:
    registry = snapshot(model("a", capabilities=frozenset({"reasoning"})))
    planned = await plan(registry, request(model="a", dialect="native"))
    assert planned.candidates[0].request.options.temperature is None


async def test_the_default_bound_stays_below_the_models_own() -> None:
    registry = snapshot(model("a", max_output_tokens=100))
    assert (await plan(registry, request(model="a", dialect="native"))).candidates[0].max_tokens == 100


async def test_a_providers_defaults_fill_what_is_unsaid() -> None:
    opinionated = with_provider(route("one"), defaults={"temperature": 0.2, "seed": 7, "nonsense": 1})
    asked = request(model="a", options=Options(seed=1))
    sent = (await plan(snapshot(model("a", routes=(opinionated,))), asked)).candidates[0].request
    assert (sent.options.temperature, sent.options.seed) == (0.2, 1)


async def test_the_native_surface_is_told_its_own_path() -> None:
    asked = request(model="a", dialect="native", options=Options(max_tokens=5000))
    assert (await refused(snapshot(model("a", max_output_tokens=10)), asked)).param == "options.max_tokens"


async def warned(registry: Snapshot, asked: Request) -> list[str]:
    asking = call(asked)
    await prepare(asking, registry, DEFAULTS, today=TODAY)
    return asking.record.warnings


@pytest.mark.parametrize(
    ("retires_on", "warnings"),
    [
        (None, []),
        (date(2027, 2, 24), []),
        (date(2027, 2, 23), ["old will be retired on 2027-02-23; ask for new instead"]),
        (date(2026, 11, 26), ["old will be retired on 2026-11-26; ask for new instead"]),
        (date(2026, 11, 25), ["old was retired on 2026-11-25; ask for new instead"]),
    ],
)
async def test_a_model_warns_ninety_days_before_it_retires(retires_on: date | None, warnings: list[str]) -> None:
    registry = snapshot(model("old", retires_on=retires_on, successor="new"))
    assert await warned(registry, request(model="old")) == warnings


async def test_a_retired_model_without_routes_names_its_successor() -> None:
    """Before anything else is held against it."""
    gone = model("old", routes=(), capabilities=frozenset({"tools"}), retires_on=date(2026, 10, 23), successor="new")
    error = await refused(snapshot(gone), request(model="old", stream=True))
    assert isinstance(error, NotFound)
    assert (error.code, error.param, error.hint) == ("model_retired", "model", "Ask for new instead.")
    assert "2026-10-23" in error.message


async def test_a_retired_model_falls_back_and_warns() -> None:
    gone = model("old", routes=(), retires_on=date(2026, 10, 23), successor="new", fallbacks=("new",))
    registry = snapshot(gone, model("new"))
    assert [candidate.model.name for candidate in (await plan(registry, request(model="old"))).candidates] == ["new"]
    assert await warned(registry, request(model="old")) == ["old was retired on 2026-10-23; ask for new instead"]
    assert isinstance(await refused(registry, request(model="old", fallbacks=[])), NotFound)


class TestHardBudgets:
    """What an answer may cost must be known before it begins."""

    HARD = replace(CALLER, budgets=(BudgetSpec(1, "key", 5, "day"),))
    BOUNDED = model("a", routes=(route(prices=(Price(valid_from=EPOCH, input=0, output=1),)),))

    async def bound(self, spec: ModelSpec, caller: Caller, **options: Any) -> tuple[int | None, int | None]:
        """What the vendor is told, and the most it may cost where a token costs a picodollar."""
        asked = call(request(model="a", options=Options(**options)), caller=caller)
        candidate = (await prepare(asked, snapshot(spec), DEFAULTS, today=TODAY)).candidates[0]
        return candidate.max_tokens, candidate.most_cost(asked)

    @pytest.mark.parametrize(
        ("most", "reserve", "options", "told", "cost"),
        [
            (None, None, {"max_tokens": 50}, 50, 50),
            (None, 100, {"max_tokens": 50}, 50, 50),
            (None, 100, {"max_tokens": 0}, 0, 0),
            (None, 100, {}, 100, 100),
            (80, 100, {}, 80, 80),
            (80, None, {}, None, 80),
            (None, None, {}, 4096, 4096),
            (None, 100, {"n": 3}, 100, 300),
        ],
    )
    async def test_an_answer_has_a_bound(
        self, most: int | None, reserve: int | None, options: dict[str, Any], told: int | None, cost: int
    ) -> None:
        spec, caller = replace(self.BOUNDED, max_output_tokens=most), replace(self.HARD, reserve_max_tokens=reserve)
        assert await self.bound(spec, caller, **options) == (told, cost)

    async def test_who_has_none_is_neither_bounded_nor_reckoned_with(self) -> None:
        soft = replace(CALLER, reserve_max_tokens=9, budgets=(BudgetSpec(1, "key", 5, "day", hard=False),))
        assert await self.bound(self.BOUNDED, soft) == (None, None)

    async def test_without_a_price_the_most_is_unknown(self) -> None:
        assert await self.bound(model("a", routes=(route(prices=()),)), self.HARD) == (4096, None)
