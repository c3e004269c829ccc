from __future__ import annotations

import asyncio
import logging

import pytest

from llm.watch import Trouble, Watch

AWAY = Trouble("It is away.")


class Part:
    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.looks = 0

    async def look(self) -> Trouble | None:
        self.looks += 1
        return self.trouble


async def test_it_names_the_part_in_trouble_until_that_is_back(caplog: pytest.LogCaptureFixture) -> None:
    well, ill, told = Part(), Part(), list[tuple[str, Trouble | None]]()
    watch = Watch({"well": well.look, "ill": ill.look}, lambda part, trouble: told.append((part, trouble)))
    ill.trouble = AWAY
    with caplog.at_level(logging.WARNING):
        await watch.look()
        await watch.look()
    assert watch.troubles == {"ill": AWAY}
    assert told[:2] == [("well", None), ("ill", AWAY)]
    ill.trouble = None
    with caplog.at_level(logging.WARNING):
        await watch.look()
    assert watch.troubles == {}
    assert told[-2:] == [("well", None), ("ill", None)]
    assert [record.getMessage() for record in caplog.records] == [
        "Degraded, ill: It is away.",
        "No longer degraded: ill",
    ]


async def test_it_looks_by_itself_where_nobody_watches() -> None:
    part = Part()
    watch = Watch({"part": part.look})
    await watch.fresh()
    await watch.fresh()
    assert part.looks == 1


async def test_it_watches_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.watch.EVERY", 0.001)
    part = Part()
    watch = Watch({"part": part.look})
    watch.start()
    async with asyncio.timeout(5):
        while part.looks < 3:  # noqa: ASYNC110  # the watch tells nobody that it has looked
            await asyncio.sleep(0.001)
    watch.stop()
    await asyncio.sleep(0)
    looked = part.looks
    await asyncio.sleep(0.01)
    assert part.looks == looked
