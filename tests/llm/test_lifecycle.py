"""What starts and ends with a process: in order, each once, whatever the others do."""

from __future__ import annotations

import asyncio
import logging

import pytest

from llm import lifecycle as module
from llm.lifecycle import Lifecycle


async def test_parts_open_in_order_and_close_backwards() -> None:
    life, said = Lifecycle(), []

    for name in ("a", "b"):

        async def opened(name: str = name) -> None:
            said.append(f"open {name}")

        async def closed(name: str = name) -> None:
            said.append(f"close {name}")

        life.on_startup(opened)
        life.on_shutdown(closed)
    await life.startup()
    await life.shutdown()
    assert said == ["open a", "open b", "close b", "close a"]


async def test_a_part_closes_once() -> None:
    life, said = Lifecycle(), []

    @life.on_shutdown
    async def closed() -> None:
        said.append("closed")

    await life.shutdown()
    await life.shutdown()
    assert said == ["closed"]


async def test_a_part_that_fails_or_hangs_keeps_no_other_from_closing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "HOOK_SECONDS", 0.01)
    life, said = Lifecycle(), []

    @life.on_shutdown
    async def last() -> None:
        said.append("closed")

    @life.on_shutdown
    async def hangs() -> None:
        await asyncio.Event().wait()

    @life.on_shutdown
    async def fails() -> None:
        raise RuntimeError("no store")

    with caplog.at_level(logging.ERROR):
        await life.shutdown()
    assert said == ["closed"]
    assert "no store" in caplog.text


async def test_a_part_that_cannot_open_stops_the_start() -> None:
    life = Lifecycle()

    @life.on_startup
    async def fails() -> None:
        raise RuntimeError("no store")

    with pytest.raises(RuntimeError, match="no store"):
        await life.startup()
