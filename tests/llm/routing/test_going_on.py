"""An answer that broke off is continued where the model says so: one stream, every vendor paid once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from llm import tokens
from llm.call import Call, NoLedger
from llm.errors import BudgetExceeded, ProviderBroken, ProviderError, ProviderTimeout
from llm.limits import NoThrottle, Permit
from llm.prepare import Candidate
from llm.registry import RouteSpec
from llm.routing.going_on import Said, continued
from llm.types import BlockDelta, Options, ReasoningDelta, Started, Text, TextDelta, ToolCallDelta
from tests.llm.doubles import PRICE, ScriptedProvider, answer, model, request, route
from tests.llm.routing.bench import Bench, said
from tests.llm.routing.wire import Wire, small, way
from tests.upstream import Upstream

TEXT = "one two three four"


@pytest.mark.parametrize("fault", ["fin-mid", "reset-mid", "cut", "early-end", "error-frame"])
async def test_one_stream_comes_of_two_vendors(upstream: Upstream, fault: str) -> None:
    routes = way(upstream, fault), way(upstream, "gpt", "two", order=2)
    async with Wire(small(*routes, continues=True)) as wire:
        assert await wire.ask(**asked()) == f"one{TEXT}"
        record = wire.call.record
        assert (record.status, record.finish_reason, record.provider) == ("ok", "stop", "two")
        assert wire.outcomes == [("one", "error"), ("two", "ok")]
        assert record.attempts[1].reason == f"continues: one failed with {record.attempts[0].error}"
        assert record.warnings == ["the answer broke off at one and was continued by two"]
    *_, before = upstream.requests[1].json["messages"]
    assert before == {"role": "assistant", "content": "one"}


async def test_a_stream_that_stands_still_is_continued_too(upstream: Upstream) -> None:
    routes = way(upstream, "stall-mid", chunk_timeout=0.2), way(upstream, "gpt", "two", order=2)
    async with Wire(small(*routes, continues=True)) as wire:
        assert await wire.ask(**asked()) == f"one{TEXT}"
        assert wire.call.record.attempts[0].error == "provider_timeout"


async def test_without_another_route_the_same_one_goes_on(upstream: Upstream) -> None:
    async with Wire(small(way(upstream, "flaky-1-fin-mid"), continues=True)) as wire:
        assert await wire.ask(**asked()) == f"one{TEXT}"
        assert wire.call.record.warnings == ["the answer broke off at one and was continued by one"]


async def test_what_both_vendors_did_is_paid_once_each(upstream: Upstream) -> None:
    routes = way(upstream, "fin-mid"), way(upstream, "gpt", "two", order=2)
    async with Wire(small(*routes, continues=True)) as wire:
        await wire.ask(**asked())
        record = wire.call.record
    broken, ended = record.attempts
    assert PRICE.input is not None
    assert PRICE.output is not None
    assert broken.prompt_tokens > 0
    assert broken.completion_tokens == 1
    assert broken.cost == broken.prompt_tokens * PRICE.input + PRICE.output
    assert (ended.cost, ended.prompt_tokens) == (None, 0)
    theirs = record.prompt_tokens - broken.prompt_tokens, record.completion_tokens - broken.completion_tokens
    assert theirs[1] == 4
    assert record.cost == broken.cost + theirs[0] * PRICE.input + theirs[1] * PRICE.output
    assert record.total_tokens == record.prompt_tokens + record.completion_tokens
    assert record.usage_estimated


async def test_without_the_option_it_breaks_off(upstream: Upstream) -> None:
    async with Wire(small(way(upstream, "fin-mid"), way(upstream, "gpt", "two", order=2))) as wire:
        with pytest.raises(ProviderBroken):
            await wire.ask(**asked())
        assert (wire.call.record.status, upstream.served) == ("incomplete", 1)


async def test_what_breaks_off_for_good_is_charged_for_what_was_said(upstream: Upstream) -> None:
    """A vendor that will not go on says nothing; the first one goes on, and breaks off again."""
    routes = way(upstream, "fin-mid"), way(upstream, "status-400", "two", order=2)
    async with Wire(small(*routes, continues=True)) as wire:
        with pytest.raises(ProviderBroken):
            await wire.ask(**asked())
        record = wire.call.record
    assert (record.status, record.provider) == ("incomplete", "one")
    assert [(attempt.provider, attempt.is_paid) for attempt in record.attempts] == [
        ("one", True),
        ("two", False),
        ("one", False),
    ]
    assert PRICE.input is not None
    assert PRICE.output is not None
    assert record.cost == record.prompt_tokens * PRICE.input + record.completion_tokens * PRICE.output


class Door(NoThrottle):
    """Whoever wants to go on at `two` stands before it: for ever, or until its time is up."""

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens
        self.knocked = asyncio.Event()

    async def enter(self, call: Call, route: RouteSpec) -> Permit:
        if route.provider.name == "two":
            self.knocked.set()
            if not self.opens:
                await asyncio.Event().wait()
            call.deadline = call.began
        return self


@pytest.mark.parametrize(("opens", "status"), [(False, "cancelled"), (True, "incomplete")])
async def test_where_nobody_has_gone_on_yet_the_broken_part_alone_is_charged(
    upstream: Upstream, opens: bool, status: str
) -> None:
    """The client leaves, or the call's time is up, while it waits for its turn."""
    routes, door = (way(upstream, "fin-mid"), way(upstream, "gpt", "two", order=2)), Door(opens=opens)
    async with Wire(small(*routes, continues=True), throttle=door) as wire:
        asking = asyncio.create_task(wire.ask(**asked()))
        await door.knocked.wait()
        if not opens:
            asking.cancel()
        await asyncio.wait([asking])
        record = wire.call.record
    assert (record.status, record.provider) == (status, "one")
    assert [(attempt.provider, attempt.is_paid) for attempt in record.attempts] == [("one", False)]
    assert PRICE.input is not None
    assert PRICE.output is not None
    assert (record.prompt_tokens, record.completion_tokens) == (tokens.estimate_request(wire.call.request), 1)
    assert record.cost == record.prompt_tokens * PRICE.input + PRICE.output


def asked(**fields: Any) -> dict[str, Any]:
    """`one two three four` for a streamed answer."""
    return {"messages": request(TEXT).messages, **fields}


BROKEN = ProviderBroken("cut")


class TestWhat:
    """What is continued, and what is not."""

    async def ask(self, *script: Any, error: ProviderError = BROKEN, **fields: Any) -> Bench:
        bench = Bench(one=ScriptedProvider([*script, error]), two=ScriptedProvider(answer("more")))
        bench.fresh(stream=True, **fields)
        with suppress(type(error)):
            await bench.ask(route("one"), route("two", order=2), continues=True)
        return bench

    @pytest.mark.parametrize(
        "script",
        [
            [[TextDelta("Hel")]],
            [[ReasoningDelta("hm")], [TextDelta("Hel")]],
            [[Started()], [BlockDelta("text")], [TextDelta("Hel")]],
        ],
    )
    async def test_plain_text_is(self, script: list[Any]) -> None:
        bench = await self.ask(*script)
        assert bench.outcomes == [("one", "provider_broken"), ("two", None)]

    @pytest.mark.parametrize(
        "script",
        [
            [[TextDelta("Hel")], [ToolCallDelta(0, "c1", "f")]],
            [[ReasoningDelta("hm")]],
            [[BlockDelta("opaque", {})], [TextDelta("Hel")]],
        ],
    )
    async def test_anything_else_is_not(self, script: list[Any]) -> None:
        assert len((await self.ask(*script)).attempts) == 1

    async def test_several_choices_are_not(self) -> None:
        assert len((await self.ask([TextDelta("Hel")], options=Options(n=2))).attempts) == 1

    async def test_an_answer_in_one_piece_is_not(self) -> None:
        bench = Bench(one=ScriptedProvider([[TextDelta("Hel")], BROKEN]), two=ScriptedProvider(answer("more")))
        with pytest.raises(ProviderBroken):
            await bench.ask(route("one"), route("two", order=2), continues=True)

    async def test_what_breaks_again_and_again_ends(self) -> None:
        bench = Bench(one=ScriptedProvider([[TextDelta("x")], BROKEN]))
        bench.fresh(stream=True)
        with pytest.raises(ProviderBroken):
            await bench.ask(route("one"), continues=True)
        assert len(bench.attempts) == 3
        assert [attempt.is_paid for attempt in bench.attempts] == [True, True, False]

    async def test_who_cannot_pay_for_more_gets_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Purse(NoLedger):
            async def cover(self, call: Call, amount: int | None) -> None:
                if amount != 1:
                    raise BudgetExceeded("No.")

        monkeypatch.setattr("llm.prepare.Candidate.most_cost", lambda self, call: 1)
        bench = Bench(
            parts={"ledger": Purse()},
            one=ScriptedProvider([[TextDelta("Hel")], BROKEN]),
            two=ScriptedProvider(answer("more")),
        )
        bench.fresh(stream=True)
        with pytest.raises(ProviderBroken):
            await bench.ask(route("one"), route("two", order=2), continues=True)
        assert [attempt.is_paid for attempt in bench.attempts] == [False]

    async def test_what_was_said_is_covered_too_for_it_is_read_once_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        covered = list[str]()

        def most_cost(candidate: Candidate, call: Call) -> int:
            covered.append("".join(str(part) for part in candidate.request.messages[-1].parts))
            return 1

        monkeypatch.setattr(Candidate, "most_cost", most_cost)
        await self.ask([TextDelta("Hel")])
        assert covered == [str(Text("Hi")), str(Text("Hel"))]

    async def test_a_time_out_of_the_stream_is_a_break(self) -> None:
        bench = await self.ask([TextDelta("Hel")], error=ProviderTimeout("still"))
        assert [name for name, _ in bench.outcomes] == ["one", "two"]


async def test_the_seam_has_one_white_space() -> None:
    two = ScriptedProvider([[TextDelta(" ")], [TextDelta(" world")], *answer("")[2:]])
    bench = Bench(one=ScriptedProvider([[TextDelta("Hello ")], BROKEN]), two=two)
    bench.fresh(stream=True)
    events = await bench.ask(route("one"), route("two", order=2), continues=True)
    assert said(events) == "Hello world"
    assert two.calls[0].request.messages[-1].parts[0].text == "Hello"  # type: ignore[union-attr]  # it is a Text


def test_what_was_said_counts_against_the_bound() -> None:
    (candidate,) = Bench().candidates(model())
    bounded = replace(candidate, max_tokens=10)
    assert continued(candidate, "one two three").max_tokens is None
    assert continued(bounded, "one two three").max_tokens == 7
    assert continued(bounded, "one " * 50).max_tokens == 1


def test_each_speaker_is_known_by_what_it_said() -> None:
    heard = Said()
    heard.add([TextDelta("a"), TextDelta("b")], "one")
    heard.add([TextDelta("c")], "two")
    assert (heard.text, heard.of("one"), heard.of("two")) == ("abc", "ab", "c")
