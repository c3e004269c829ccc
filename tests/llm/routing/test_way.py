"""What is tried next, why, and at whose cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from llm.call import Call, NoLedger
from llm.dialects.listings import Allowance
from llm.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    ProviderAuth,
    ProviderBroken,
    ProviderContentFilter,
    ProviderContextTooLong,
    ProviderOverloaded,
    ProviderRateLimited,
    Unavailable,
    UnpricedModel,
)
from llm.limits import Permit
from llm.prepare import Plan
from llm.registry import ProviderSpec, RouteSpec
from llm.routing.circuits import COOL_DOWN, FAILURES
from tests.llm.doubles import HandClock, ScriptedProvider, answer, model, route, with_provider
from tests.llm.routing.bench import Bench, said


class TestReasons:
    async def test_each_attempt_says_why_it_was_made(self) -> None:
        one = ScriptedProvider([ProviderOverloaded("busy")], [ProviderAuth("bad key")])
        bench = Bench(one=one, two=ScriptedProvider([ProviderAuth("bad key")]), three=ScriptedProvider(answer()))
        small = model("small", routes=(with_provider(route("one"), retries=1, retry_delay=0), route("two", order=2)))
        large = model("large", routes=(route("three"),))
        await bench.follow(Plan(small, bench.candidates(small, large)))
        assert bench.reasons == [
            "first choice: order 1",
            "again after provider_overloaded, waited 0 s",
            "next route: one failed with provider_auth",
            "fallback: two failed with provider_auth",
        ]
        assert bench.call.record.retries == 1

    async def test_the_times_count_from_the_beginning_of_the_call(self) -> None:
        one = ScriptedProvider([ProviderRateLimited("wait", retry_after=7)], answer())
        bench = Bench(one=one)
        bench.clock.seconds += 2
        await bench.ask(with_provider(route("one"), retries=1))
        assert [attempt.started_ms for attempt in bench.attempts] == [2000, 9000]


class TestOccasions:
    async def test_filtered_content_goes_to_the_models_for_that(self) -> None:
        bench = Bench(one=ScriptedProvider([ProviderContentFilter("no")]), other=ScriptedProvider(answer("Yes")))
        other = model("other", routes=(route("other"),))
        plan = bench.plan(with_provider(route("one"), retries=3))
        events = await bench.follow(Plan(plan.model, plan.candidates, on_filter=bench.candidates(other)))
        assert said(events) == "Yes"
        assert bench.reasons[1] == "content filter fallback: one failed with content_filter"
        assert bench.call.record.fallback_used
        assert bench.call.record.model == "other"

    async def test_what_is_too_long_goes_to_longer_windows(self) -> None:
        bench = Bench(one=ScriptedProvider([ProviderContextTooLong("long")]), other=ScriptedProvider(answer("Yes")))
        other = model("other", routes=(route("other"),))
        plan = bench.plan(route("one"), route("never", order=2))
        await bench.follow(Plan(plan.model, plan.candidates, on_window=bench.candidates(other)))
        assert bench.reasons[1] == "context window fallback: one failed with context_length_exceeded"

    async def test_one_occasion_is_taken_once(self) -> None:
        bench = Bench(one=ScriptedProvider([ProviderContentFilter("no")]))
        plan = bench.plan(route("one"))
        with pytest.raises(ProviderContentFilter):
            await bench.follow(Plan(plan.model, plan.candidates, on_filter=plan.candidates))
        assert len(bench.attempts) == 2

    async def test_without_such_models_the_refusal_stands(self) -> None:
        bench = Bench(one=ScriptedProvider([ProviderContentFilter("no")]), two=ScriptedProvider(answer()))
        with pytest.raises(ProviderContentFilter):
            await bench.ask(route("one"), route("two", order=2))


class Purse(NoLedger):
    """Holds so much for a call, and remembers what it was asked to cover."""

    def __init__(self, amount: int, error: type[Exception] = BudgetExceeded) -> None:
        self.amount, self.error = amount, error
        self.asked: list[int | None] = []

    async def cover(self, call: Call, amount: int | None) -> None:
        self.asked.append(amount)
        if amount is None or amount > self.amount:
            raise self.error("No.")


def priced(monkeypatch: pytest.MonkeyPatch, **costs: int) -> None:
    """What a candidate may cost at most, by the names of providers."""
    monkeypatch.setattr("llm.prepare.Candidate.most_cost", lambda self, call: costs[self.route.provider.name])


class TestBudgets:
    @pytest.mark.parametrize("error", [BudgetExceeded, UnpricedModel, Unavailable])
    async def test_the_first_choice_must_be_covered(
        self, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        priced(monkeypatch, dear=10, cheap=1)
        dear = ScriptedProvider(answer())
        bench = Bench(parts={"ledger": Purse(5, error)}, dear=dear, cheap=ScriptedProvider(answer()))
        with pytest.raises(error):
            await bench.ask(route("dear"), route("cheap", order=2))
        assert (dear.calls, bench.recorder.departed, bench.attempts) == ([], [], [])

    async def test_a_dearer_fallback_is_passed_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        priced(monkeypatch, one=1, dear=10, cheap=2)
        purse = Purse(5)
        bench = Bench(
            parts={"ledger": purse},
            one=ScriptedProvider([ProviderAuth("x")]),
            dear=ScriptedProvider(answer()),
            cheap=ScriptedProvider(answer()),
        )
        await bench.ask(route("one"), route("dear", order=2), route("cheap", order=3))
        assert [(attempt.provider, attempt.outcome) for attempt in bench.attempts] == [
            ("one", "error"),
            ("dear", "skipped"),
            ("cheap", "ok"),
        ]
        assert purse.asked == [1, 10, 2]

    async def test_where_only_a_shut_route_is_covered_that_is_the_last_resort(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        priced(monkeypatch, one=1, dear=10)
        one = ScriptedProvider(answer())
        bench = Bench(parts={"ledger": Purse(5)}, one=one, dear=ScriptedProvider())
        down(bench, first := route("one"))
        await bench.ask(first, route("dear", order=2))
        assert [(attempt.provider, attempt.outcome) for attempt in bench.attempts] == [
            ("dear", "skipped"),
            ("one", "ok"),
        ]

    async def test_where_no_fallback_is_covered_the_failure_stands(self, monkeypatch: pytest.MonkeyPatch) -> None:
        priced(monkeypatch, one=1, dear=10)
        bench = Bench(parts={"ledger": Purse(5)}, one=ScriptedProvider([ProviderAuth("x")]), dear=ScriptedProvider())
        with pytest.raises(ProviderAuth):
            await bench.ask(route("one"), route("dear", order=2))


class Gate:
    """A throttle that counts who is in, and can be shut."""

    def __init__(self) -> None:
        self.inside = 0
        self.left: list[int | None] = []
        self.full: set[str] = set()
        self.clock: HandClock | None = None
        self.queue = self.waited = 0.0
        self.meanwhile: Callable[[], None] | None = None

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        if route.provider.name in self.full:
            raise ProviderRateLimited("The provider is full.", retry_after=3)
        self.inside += 1
        if self.clock is not None:
            self.clock.seconds += self.queue
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        self.waited = self.queue
        call.waited += self.queue
        call.record.queue_ms += self.queue * 1000
        return self

    def hear(self, headers: Mapping[str, str]) -> None:
        return None

    async def standing(self, provider: ProviderSpec) -> Allowance | None:
        return None

    def leave(self, tokens: int | None) -> None:
        self.inside -= 1
        self.left.append(tokens)

    def undo(self) -> None:
        self.inside -= 1


def down(bench: Bench, way: RouteSpec) -> None:
    """Others find out that it fails."""
    for _ in range(FAILURES):
        bench.circuits.of(way).fail(bench.clock.seconds, ProviderBroken("down"), on_trial=False)


class TestTurns:
    async def test_who_entered_leaves_with_what_was_used(self) -> None:
        gate = Gate()
        await Bench(parts={"throttle": gate}, one=ScriptedProvider(answer())).ask(route("one"))
        assert (gate.inside, gate.left) == (0, [15])

    async def test_who_was_refused_used_nothing(self) -> None:
        gate = Gate()
        with pytest.raises(ProviderAuth):
            await Bench(parts={"throttle": gate}, one=ScriptedProvider([ProviderAuth("x")])).ask(route("one"))
        assert (gate.inside, gate.left) == (0, [0])

    async def test_who_is_cut_off_leaves_with_what_was_reckoned(self) -> None:
        gate = Gate()
        batches = Bench(parts={"throttle": gate}, one=ScriptedProvider(answer())).stream(route("one"))
        await anext(batches)
        await batches.aclose()
        assert (gate.inside, gate.left) == (0, [None])

    async def test_a_call_whose_time_is_up_leaves_too(self) -> None:
        gate = Gate()
        bench = Bench(parts={"throttle": gate}, one=ScriptedProvider(answer()))
        bench.call.deadline = bench.clock.monotonic()
        with pytest.raises(DeadlineExceeded):
            await bench.ask(route("one"))
        assert gate.inside == 0
        assert not +bench.observed._routes

    async def test_without_a_turn_the_call_goes_on_and_nobody_is_blamed(self) -> None:
        gate = Gate()
        gate.full = {"one"}
        bench = Bench(parts={"throttle": gate}, one=ScriptedProvider(answer()), two=ScriptedProvider(answer()))
        await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
        assert [(attempt.provider, attempt.outcome, attempt.error) for attempt in bench.attempts] == [
            ("one", "skipped", "provider_rate_limited"),
            ("two", "ok", None),
        ]
        assert bench.circuits.shut() == []
        assert not +bench.observed._routes

    async def test_who_waited_while_its_vendor_asked_for_a_pause_goes_elsewhere(self) -> None:
        gate = Gate()
        first, provider = route("one"), ScriptedProvider(answer())
        bench = Bench(parts={"throttle": gate}, one=provider, two=ScriptedProvider(answer()))
        slow_down = ProviderRateLimited("slow down", retry_after=30)
        gate.clock, gate.queue = bench.clock, 0.5
        gate.meanwhile = lambda: bench.circuits.of(first).fail(bench.clock.seconds, slow_down, on_trial=False)
        await bench.ask(first, route("two", order=2))
        outcomes = [(attempt.provider, attempt.outcome) for attempt in bench.attempts]
        assert outcomes == [("one", "skipped"), ("two", "ok")]
        assert (gate.inside, gate.left, provider.calls) == (0, [15], [])

    async def test_who_waited_while_the_circuit_opened_goes_elsewhere(self) -> None:
        gate = Gate()
        first, provider = route("one"), ScriptedProvider(answer())
        bench = Bench(parts={"throttle": gate}, one=provider, two=ScriptedProvider(answer()))
        gate.clock, gate.queue = bench.clock, 0.5
        gate.meanwhile = lambda: down(bench, first)
        await bench.ask(first, route("two", order=2))
        assert [(attempt.provider, attempt.error) for attempt in bench.attempts] == [
            ("one", "circuit_open"),
            ("two", None),
        ]
        assert (gate.inside, gate.left, provider.calls) == (0, [15], [])

    async def test_who_waited_until_it_was_half_open_is_a_trial(self) -> None:
        gate, first = Gate(), route("one")
        bench = Bench(parts={"throttle": gate}, one=ScriptedProvider([ProviderAuth("still")]))
        gate.clock, gate.queue = bench.clock, 0.5

        def meanwhile() -> None:
            down(bench, first)
            bench.clock.seconds += COOL_DOWN * 1.2

        gate.meanwhile = meanwhile
        with pytest.raises(ProviderAuth):
            await bench.ask(first)
        (standing,) = bench.circuits.shut()
        assert standing.why == "it still fails, with provider_auth"
        assert not bench.circuits.of(first).is_being_tried

    async def test_the_wait_for_a_turn_is_told(self) -> None:
        gate = Gate()
        bench = Bench(parts={"throttle": gate}, one=ScriptedProvider(answer()))
        gate.clock, gate.queue = bench.clock, 0.5
        await bench.ask(route("one"))
        assert (bench.attempts[0].queue_ms, bench.call.record.queue_ms, bench.call.waited) == (500, 500, 0.5)
