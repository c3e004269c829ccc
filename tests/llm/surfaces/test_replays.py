"""A database that hangs: who has left meanwhile wants nothing of it when it is back."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from llm import claims, store
from llm.call import Call, new_id
from llm.claims import Wanted
from llm.errors import Unavailable
from llm.lifecycle import lifecycle
from llm.surfaces import replays
from llm.surfaces.responses import Answer, Frames
from tests.llm.doubles import CALLER, request


async def frames() -> Frames:
    yield b"said"


async def test_who_has_left_takes_nothing_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, back = list[str](), Event()

    def take(wanted: Wanted, *_: Any) -> None:
        asked.append(wanted.digest)
        back.wait()

    monkeypatch.setattr(claims, "take", take)
    monkeypatch.setattr(replays, "PATIENCE", 0.05)
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(store, "_threads", threads)
        ends = await asyncio.gather(*(once(digest) for digest in "abc"), return_exceptions=True)
        back.set()
        await asyncio.gather(*lifecycle.undertaken)
    assert [type(end) for end in ends] == [Unavailable] * 3
    assert asked == ["a"]


async def once(digest: str) -> Answer:
    call = Call(new_id(), request(), CALLER, "json", 0.0)
    return await replays.once(Wanted(1, digest, "same"), call, Answer(frames(), dict))
