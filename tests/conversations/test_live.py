"""An answer in the making is heard from its beginning, as it comes, by any number of listeners."""

from __future__ import annotations

import asyncio

import pytest

from conversations import listening, turns
from conversations.live import LIVE, Live
from conversations.models import Message, MessageStatus
from llm.call import new_id
from llm.types import Choice, Events, TextDelta
from tests.llm.doubles import CALLER

ONE, TWO, THREE = ([TextDelta(text)] for text in ("One", " two", " three"))


async def heard(live: Live) -> list[Events]:
    return [events async for events in live.follow()]


async def test_whoever_comes_late_hears_all_of_it() -> None:
    live = Live()
    live.add(list(ONE))
    early = asyncio.create_task(heard(live))
    await asyncio.sleep(0)
    live.add(list(TWO))
    late = asyncio.create_task(heard(live))
    await asyncio.sleep(0)
    live.add(list(THREE))
    live.end()

    assert await early == await late == await heard(live) == [ONE, TWO, THREE]
    assert live.choice == Choice("One two three")


async def test_what_is_heard_live_waits_for_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not told again from what was kept meanwhile."""
    row = Message(id=new_id(), generation_id=new_id(), said={"role": "assistant"}, status=MessageStatus.RUNNING)
    monkeypatch.setattr(turns, "answer_to", lambda *asked: row)
    monkeypatch.setitem(LIVE, row.id, live := Live())
    live.add(list(ONE))
    frames = listening.frames(CALLER, "conv", "msg")

    assert b'"index":0,"delta":"One"' in await anext(frames)
    live.add(list(TWO))
    assert b'"index":1,"delta":" two"' in await anext(frames)
    live.end()
    row.said, row.status = {"role": "assistant", "content": "One two"}, MessageStatus.COMPLETE
    assert b"event: done" in await anext(frames)
    assert [frame async for frame in frames] == []
