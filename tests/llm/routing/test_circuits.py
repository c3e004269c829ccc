"""A route that fails is left alone, tried with care, and taken back when it answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from llm.call import Call, NoLedger
from llm.errors import (
    ProviderAuth,
    ProviderBroken,
    ProviderContentFilter,
    ProviderError,
    ProviderModelMissing,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
    Unavailable,
)
from llm.providers.base import UpstreamCall
from llm.registry import RouteSpec
from llm.routing.circuits import COOL_DOWN, FAILURES, LONGEST, TRIALS, WINDOW, Circuit, Circuits
from llm.types import EventStream
from tests.llm.doubles import HandClock, ScriptedProvider, answer, call, route, with_provider
from tests.llm.routing.bench import Bench

ROUTE = route("one")


class Board:
    """One circuit, and a clock in the hand."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.circuits = Circuits(self.clock)

    @property
    def circuit(self) -> Circuit:
        return self.circuits.of(ROUTE)

    @property
    def state(self) -> str:
        return self.circuit.state(self.clock.seconds)

    def try_once(self, error: ProviderError | None = None) -> None:
        on_trial = self.circuit.enter(self.clock.seconds)
        if error is None:
            self.circuit.succeed(self.clock.seconds, on_trial=on_trial)
        else:
            self.circuit.fail(self.clock.seconds, error, on_trial=on_trial)

    def open(self) -> None:
        for _ in range(FAILURES):
            self.try_once(ProviderBroken("down"))

    def cool_down(self) -> float:
        """Wait until a trial is due; the seconds that took."""
        due = self.circuit.due
        assert due is not None
        waited, self.clock.seconds = due - self.clock.seconds, due
        return waited


@pytest.mark.parametrize(
    "error",
    [ProviderBroken("x"), ProviderTimeout("x"), ProviderUnreachable("x"), ProviderOverloaded("x"), ProviderAuth("x")],
)
def test_failures_of_the_route_open_it(error: ProviderError) -> None:
    board = Board()
    for number in range(FAILURES):
        assert (number, board.state) == (number, "closed")
        board.try_once(error)
    assert board.state == "open"
    assert not board.circuit.admits(board.clock.seconds)


@pytest.mark.parametrize(
    "error",
    [ProviderRefused("x"), ProviderContentFilter("x"), ProviderModelMissing("x"), ProviderRateLimited("x")],
)
def test_refusals_of_the_request_do_not(error: ProviderError) -> None:
    board = Board()
    for _ in range(10 * FAILURES):
        board.try_once(error)
    assert board.state == "closed"


def test_an_empty_account_does_though_its_vendor_calls_it_a_rate_limit() -> None:
    board, empty = Board(), ProviderRateLimited("You exceeded your current quota.")
    empty.retryable = False
    for _ in range(FAILURES):
        board.try_once(empty)
    assert board.state == "open"


def test_a_few_failures_among_many_answers_do_not() -> None:
    board = Board()
    for _ in range(10 * FAILURES):
        board.try_once()
        board.try_once()
        board.try_once(ProviderBroken("x"))
    assert board.state == "closed"


def test_old_failures_are_forgotten() -> None:
    board = Board()
    for _ in range(3 * FAILURES):
        board.try_once(ProviderBroken("x"))
        board.clock.seconds += WINDOW / (FAILURES - 1) + 0.1
    assert board.state == "closed"


def test_half_open_it_lets_one_through_then_two_then_four() -> None:
    board = Board()
    board.open()
    board.cool_down()
    assert board.state == "half_open"
    for allowed in (1, 2, 4):
        trials = 0
        while board.circuit.admits(board.clock.seconds):
            assert board.circuit.enter(board.clock.seconds)
            trials += 1
        assert trials == allowed
        for number in range(trials):
            if number:
                board.circuit.leave(on_trial=True)
            else:
                board.circuit.succeed(board.clock.seconds, on_trial=True)
    assert TRIALS == 3
    assert board.state == "closed"


def test_a_failed_trial_opens_it_for_longer_up_to_a_cap() -> None:
    board = Board()
    board.open()
    waits = []
    for _ in range(8):
        waits.append(board.cool_down())
        board.try_once(ProviderBroken("still"))
    assert COOL_DOWN * 0.8 <= waits[0] <= COOL_DOWN * 1.2
    assert waits[1] > waits[0]
    assert max(waits) <= LONGEST * 1.2


def test_an_outage_of_days_ends_like_any_other() -> None:
    board = Board()
    board.open()
    for _ in range(1_100):
        board.cool_down()
        board.try_once(ProviderBroken("still"))
    assert board.cool_down() <= LONGEST * 1.2
    for _ in range(TRIALS):
        board.try_once()
    assert board.state == "closed"


def test_who_closed_long_ago_begins_with_the_shortest_pause_again() -> None:
    board = Board()
    board.open()
    for _ in range(3):
        board.cool_down()
        board.try_once(ProviderBroken("still"))
    board.cool_down()
    for _ in range(TRIALS):
        board.try_once()
    board.clock.seconds += 3600
    board.open()
    assert board.cool_down() <= COOL_DOWN * 1.2


def test_a_trial_without_a_verdict_gives_back_its_place() -> None:
    board = Board()
    board.open()
    board.cool_down()
    board.circuit.leave(on_trial=board.circuit.enter(board.clock.seconds))
    assert board.circuit.admits(board.clock.seconds)


def test_a_vendor_that_asks_for_a_pause_gets_it_and_no_trial() -> None:
    board = Board()
    board.try_once(ProviderRateLimited("slow down", retry_after=7))
    assert board.state == "open"
    assert board.cool_down() == 7
    assert board.state == "closed"
    assert [board.circuit.enter(board.clock.seconds) for _ in range(3)] == [False] * 3


def test_a_pause_asked_for_by_one_that_recovers_is_kept_and_care_taken_after_it() -> None:
    board = Board()
    board.open()
    board.cool_down()
    board.try_once(ProviderRateLimited("not so fast", retry_after=30))
    assert board.state == "open"
    assert board.cool_down() == pytest.approx(30)
    assert board.state == "half_open"


def test_a_pause_of_years_ends_in_minutes() -> None:
    board = Board()
    board.try_once(ProviderRateLimited("later", retry_after=10 * 365 * 86_400))
    assert board.cool_down() <= 600


def test_it_is_told_since_when_and_why() -> None:
    board = Board()
    board.open()
    (standing,) = board.circuits.shut()
    assert (standing.route.provider, standing.state) == ("one", "open")
    assert standing.since == board.clock.now()
    assert standing.why == "5 of 5 tries failed within 30 s, the last with provider_broken"


def test_it_is_closed_by_hand() -> None:
    board = Board()
    board.open()
    board.circuits.reset(ROUTE.id)
    assert (board.state, board.circuits.shut()) == ("closed", [])


def test_an_edited_provider_begins_anew() -> None:
    board = Board()
    board.open()
    mended = replace(ROUTE, provider=replace(ROUTE.provider, version=1))
    assert board.circuits.of(mended).state(board.clock.seconds) == "closed"


class TestOnTheWay:
    """What the router makes of it."""

    def open(self, bench: Bench, way: RouteSpec) -> None:
        for _ in range(FAILURES):
            bench.circuits.of(way).fail(bench.clock.seconds, ProviderBroken("x"), on_trial=False)

    async def test_an_open_route_is_passed_by_and_the_record_says_so(self) -> None:
        one, two = ScriptedProvider(answer()), ScriptedProvider(answer())
        bench = Bench(one=one, two=two)
        first = route("one")
        self.open(bench, first)
        await bench.ask(first, route("two", order=2))
        assert [(attempt.provider, attempt.outcome) for attempt in bench.attempts] == [
            ("one", "skipped"),
            ("two", "ok"),
        ]
        assert bench.reasons == ["skipped: circuit of one is open", "next route: circuit of one is open"]
        assert (one.calls, len(two.calls), bench.call.record.tries) == ([], 1, 1)
        assert bench.call.record.fallback_used

    async def test_a_route_that_opens_is_not_tried_again(self) -> None:
        one = ScriptedProvider([ProviderBroken("down")])
        bench = Bench(one=one, two=ScriptedProvider(answer()))
        await bench.ask(with_provider(route("one"), retries=10), route("two", order=2))
        assert len(one.calls) == FAILURES

    async def test_it_is_said_where_the_call_fails_too(self) -> None:
        bench, second = Bench(one=ScriptedProvider([ProviderAuth("bad key")])), route("two", order=2)
        self.open(bench, second)
        with pytest.raises(ProviderAuth):
            await bench.ask(route("one"), second)
        assert bench.outcomes == [("one", "provider_auth"), ("two", "circuit_open")]

    async def test_a_route_that_opened_during_the_back_off_is_not_asked_again(self) -> None:
        first = with_provider(route("one"), retries=3)

        async def meanwhile(seconds: float) -> None:
            self.open(bench, first)

        one = ScriptedProvider([ProviderOverloaded("busy")], answer())
        bench = Bench(parts={"sleep": meanwhile}, one=one, two=ScriptedProvider(answer()))
        await bench.ask(first, route("two", order=2))
        assert bench.outcomes == [("one", "provider_overloaded"), ("two", None)]
        assert not +bench.router._tools.retries._under_way

    @pytest.mark.parametrize("spares", [0, 1])
    async def test_those_who_wait_for_their_budgets_do_not_all_become_trials(self, spares: int) -> None:
        class Slow(NoLedger):
            async def cover(self, call: Call, amount: int | None) -> None:
                await asyncio.sleep(0)

        class Patient(ScriptedProvider):
            async def stream(self, call: UpstreamCall) -> EventStream:
                await asyncio.sleep(0.01)
                async for events in super().stream(call):
                    yield events

        one = Patient([ProviderBroken("still")])
        bench = Bench(parts={"ledger": Slow()}, one=one, two=ScriptedProvider(answer()))
        ways = route("one"), *(route("two", order=2) for _ in range(spares))
        self.open(bench, ways[0])
        bench.clock.seconds += COOL_DOWN * 1.2
        asked = [bench.router.stream(call(clock=bench.clock), bench.plan(*ways)) for _ in range(20)]
        await asyncio.gather(*(anext(stream) for stream in asked), return_exceptions=True)
        for stream in asked:
            await stream.aclose()
        assert len(one.calls) == 1

    async def test_the_last_route_is_tried_though_it_is_open(self) -> None:
        bench = Bench(one=ScriptedProvider(answer()))
        way = route("one")
        self.open(bench, way)
        await bench.ask(way)
        assert bench.reasons == ["last resort: circuit of one is open, and no other is closed"]

    async def test_of_several_open_routes_the_one_due_soonest_is_tried(self) -> None:
        bench = Bench(one=ScriptedProvider(answer()), two=ScriptedProvider(answer()))
        first, second = route("one"), route("two", order=2)
        self.open(bench, second)
        bench.clock.seconds += 3
        self.open(bench, first)
        await bench.ask(first, second)
        assert [(attempt.provider, attempt.outcome) for attempt in bench.attempts] == [
            ("one", "skipped"),
            ("two", "ok"),
        ]

    async def test_it_is_tried_by_one_call_at_a_time_the_others_are_told_when_to_come_back(self) -> None:
        class Silent(ScriptedProvider):
            async def stream(self, call):  # type: ignore[no-untyped-def]  # as its parent
                await asyncio.Event().wait()
                yield []

        bench = Bench(one=Silent([]))
        way = route("one")
        self.open(bench, way)
        first = asyncio.create_task(bench.ask(way))
        await asyncio.sleep(0)
        bench.fresh()
        with pytest.raises(Unavailable) as caught:
            await bench.ask(way)
        assert caught.value.retry_after is not None
        assert 1 <= caught.value.retry_after <= COOL_DOWN * 1.2
        first.cancel()
        await asyncio.wait([first])
        assert not bench.circuits.of(way).is_being_tried

    async def test_it_recovers_by_the_calls_that_come(self) -> None:
        bench = Bench(one=ScriptedProvider(answer()))
        way = route("one")
        self.open(bench, way)
        for _ in range(TRIALS):
            bench.fresh()
            await bench.ask(way)
        assert bench.circuits.shut() == []

    async def test_a_pause_is_waited_for_where_there_is_no_other_route(self) -> None:
        bench = Bench(one=ScriptedProvider(answer()))
        way, began = with_provider(route("one"), retries=1), bench.clock.seconds
        bench.circuits.of(way).fail(began, ProviderRateLimited("x", retry_after=4), on_trial=False)
        await bench.ask(way)
        assert 4 <= bench.clock.seconds - began <= 5
        assert bench.reasons == ["waited 4 s, as one had asked"]

    @pytest.mark.parametrize(("retries", "pause"), [(0, 4), (3, 300)], ids=["never", "too long"])
    async def test_a_pause_that_is_not_waited_for_lets_one_call_through(self, retries: int, pause: float) -> None:
        bench = Bench(one=ScriptedProvider(answer()))
        way, began = with_provider(route("one"), retries=retries), bench.clock.seconds
        circuit = bench.circuits.of(way)
        circuit.fail(began, ProviderRateLimited("x", retry_after=pause), on_trial=False)
        on_trial = circuit.enter(began)
        with pytest.raises(ProviderRateLimited) as caught:
            await bench.ask(way)
        assert (caught.value.retry_after, bench.clock.seconds, bench.attempts) == (pause, began, [])
        circuit.leave(on_trial=on_trial)
        await bench.ask(way)
        assert bench.reasons == ["last resort: circuit of one is open, and no other is closed"]

    async def test_a_pause_sends_the_call_on_where_there_is_another_route(self) -> None:
        bench = Bench(one=ScriptedProvider([ProviderRateLimited("x", retry_after=4)]), two=ScriptedProvider(answer()))
        began = bench.clock.seconds
        await bench.ask(with_provider(route("one"), retries=3), route("two", order=2))
        assert bench.clock.seconds == began
        assert bench.reasons[1] == "next route: one failed with provider_rate_limited"
