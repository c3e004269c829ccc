"""The way of a question to its turn: bounded, and given up without a trace."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from conversations import exchange, turns
from conversations.exchange import Exchange, placed
from conversations.models import Conversation
from conversations.turns import Outcome, Question, Turn
from llm.call import new_id
from llm.errors import RateLimited, Unavailable
from llm.types import Message, Metadata, Request, Text
from tests.llm.doubles import call

HI = Message("user", [Text("Hi")])
HO = Message("assistant", [Text("Ho")])


def turn(**said: Any) -> Turn:
    row = Conversation(id=new_id(), **{"metadata": {}, "title": "", **said})
    return Turn(row, 1, [], new_id(), [], 0)


def talking(conversation: str = "conv_1") -> Exchange:
    """Its gateway is never reached."""
    return Exchange(conversation, None)  # type: ignore[arg-type]  # never reached


async def asked(speaker: Exchange) -> None:
    async for _ in speaker.stream(call()):
        pass


async def test_a_turn_that_does_not_come_in_time_is_refused_with_a_time_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever stood behind in the line is then its head."""
    monkeypatch.setattr(exchange, "PATIENCE", 0.05)
    monkeypatch.setattr(turns, "take", lambda question, now: None)

    refused = await asyncio.gather(*(asked(talking()) for _ in range(3)), return_exceptions=True)

    assert [type(error) for error in refused] == [RateLimited] * 3
    assert {(error.code, error.retry_after) for error in refused if isinstance(error, RateLimited)} == {
        ("conversation_busy", 5.0)
    }
    assert not talking()._place.locked()


async def test_a_turn_that_comes_when_nobody_wants_it_any_more_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Outcome] = []
    loop, took, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def take(question: Question, now: datetime) -> Turn:
        loop.call_soon_threadsafe(took.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
        return turn()

    monkeypatch.setattr(turns, "take", take)

    def give_back(taken: Turn, outcome: Outcome, now: datetime) -> bool:
        given.append(outcome)
        return True

    monkeypatch.setattr(turns, "give_back", give_back)
    leaver = asyncio.create_task(asked(talking()))
    await took.wait()
    leaver.cancel()
    await asyncio.wait((leaver,))
    go_on.set()
    await exchange.close()

    assert [outcome.status for outcome in given] == [None]


async def test_an_answer_is_kept_as_soon_as_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([Unavailable("away"), Unavailable("away"), True])

    def give_back(*_: Any) -> bool:
        result = next(tries)
        if isinstance(result, Exception):
            raise result
        return True

    monkeypatch.setattr(exchange, "AGAIN", (0.0, 0.0, 0.0))
    monkeypatch.setattr(turns, "give_back", give_back)

    await exchange._given_back(turn(), Outcome(None, {}))

    assert list(tries) == []


def test_what_a_conversation_says_holds_for_every_turn() -> None:
    ours = turn(
        system="Be terse.",
        model="small",
        user_id="ada",
        prompt={"name": "pets", "variables": {"a": 1}},
        metadata={"purpose": "code", "tags": {"a": "1", "b": "1"}, "request_id": "old"},
    )

    said = Request([HI], metadata=Metadata(priority="high", tags={"b": "2"}))

    request = placed(said, ours.conversation, [HO, HI])

    assert request.messages == [Message("system", [Text("Be terse.")]), HO, HI]
    assert (request.model, request.prompt and request.prompt.name) == ("small", "pets")
    assert request.metadata == Metadata(
        user_id="ada",
        session_id=f"conv_{ours.conversation.id}",
        purpose="code",
        priority="high",
        tags={"a": "1", "b": "2"},
    )


def test_a_turns_own_word_counts_before_the_conversations() -> None:
    said = Request([HI], model="large", metadata=Metadata(session_id="s", request_id="new"))

    request = placed(said, turn(model="small", metadata={"session_id": "t"}).conversation, [HI])

    assert (request.model, request.metadata.session_id, request.metadata.request_id) == ("large", "s", "new")
