"""Five hundred clients that leave at any instant take nothing with them: no connection, no place, no row."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.llm.processes.conftest import LEFT, PLACES, Doors
from tests.llm.processes.flood import flood
from tests.llm.processes.test_single_flight import in_flight
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, question
from tests.llm.surfaces.wire import request
from tests.services import wait_until

pytestmark = pytest.mark.alone

CLIENTS = 500
AT_ONCE = 25
LONGEST = 0.3
MODELS = (*(f"narrow-{name}" for name in LEFT), "behind-a-door")
LATER = 20
KEY = "crowded"


class SlowDoor:
    """A vendor whose machine completes no more connections until it is told to: those who dial hang in between."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=0)
        self._fillers = [socket.socket() for _ in range(4)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))

    def close(self) -> None:
        for one in (*self._fillers, self._listener):
            one.close()


async def leave_soon(house: House, path: str, session: str) -> None:
    chance = random.random()
    bound: dict[str, Any] = {} if path == NATIVE else {"max_tokens": 3000}
    about: dict[str, Any] = {"metadata": {"session_id": session}}
    body = question(random.choice(MODELS), "Are you there?", stream=chance < 0.5, **bound)
    body |= about if path == NATIVE else {"gatehouse": about}
    _, writer = await asyncio.open_connection("127.0.0.1", house.serving.port)
    writer.write(request(path, json.dumps(body).encode(), key=KEY))
    await asyncio.sleep(random.random() * LONGEST)
    if chance < 0.25 or chance > 0.75:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()


async def leave_all(house: House, session: str) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            await leave_soon(house, (NATIVE, OPENAI, ANTHROPIC)[number % 3], session)

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))


@pytest.mark.parametrize("name", ["sqlite_doors", "postgres_doors"])
async def test_those_who_leave_take_nothing_with_them(name: str, request: pytest.FixtureRequest) -> None:
    doors: Doors = request.getfixturevalue(name)
    house, session = doors.first, str(uuid4())
    await flood([house], NATIVE, question("narrow-gpt-4o-mini", "All awake?"), LATER)
    aborted, door = doors.vendor.aborts, SlowDoor(doors.door)
    try:
        await leave_all(house, session)
        heard = await flood([house], NATIVE, question("narrow-gpt-4o-mini", "And now?"), LATER)
    finally:
        door.close()

    assert Counter(one.status for one in heard) == {200: LATER}
    assert await asyncio.to_thread(in_flight, house) == 0
    await doors.vendor.until(lambda: doors.vendor.tally.stats()["open"] == 0, 2)
    assert doors.vendor.open_sockets <= LATER, "those that the last calls left idle"
    assert doors.vendor.aborts > aborted
    rows = [row for row in await asyncio.to_thread(house.serving.rows) if row["session_id"] == session]
    assert len({str(row["id"]) for row in rows}) == len(rows) <= CLIENTS
    assert {row["status"] for row in rows} <= {"cancelled", "ok"}
    assert len(rows) > CLIENTS / 5, "many were heard before they left"
    assert not [row for row in rows if row["status"] == "cancelled" and row["cost"] is None]
    segments = (house.serving.folder / "journal").glob("*/0*")
    assert unfinished(b"".join(path.read_bytes() for path in sorted(segments))) == set()
    assert wait_until(lambda: house.serving.rows("llm_reservation") == [])
    together = await flood([house], NATIVE, question("narrow-slow-first-200ms", "Room for all?"), PLACES, key=KEY)
    assert Counter(one.status for one in together) == {200: PLACES}
    assert {house.row(one.json["id"])["queue_ms"] for one in together} == {0}, "no place is missing"


def unfinished(journal: bytes) -> set[str]:
    """The calls that departed and did not come back."""
    departed, finished = set[str](), set[str]()
    for line in journal.splitlines():
        found = finished if line[:1] == b"F" else departed if line[:1] == b"D" else set[str]()
        if line[:1] in (b"D", b"F"):
            found.add(json.loads(line[1:])["id"])
    return departed - finished
