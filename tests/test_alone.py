"""The room that workers share: many at once, or one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.alone import entered


class Guest:
    """Somebody in the room, or on the way into it, until told to leave."""

    def __init__(self, pool: ThreadPoolExecutor, room: Path, *, alone: bool) -> None:
        self.inside, self.leave = Event(), Event()
        self._stay: Future[None] = pool.submit(self._enter, room, alone)

    def _enter(self, room: Path, alone: bool) -> None:
        with entered(room, alone=alone):
            self.inside.set()
            self.leave.wait(10)

    def goes(self) -> None:
        self.leave.set()
        self._stay.result(10)


Invite = Callable[[bool], Guest]


@pytest.fixture
def invite(tmp_path: Path) -> Iterator[Invite]:
    room = tmp_path / "room"
    room.touch()
    with ThreadPoolExecutor() as pool:
        yield lambda alone: Guest(pool, room, alone=alone)


def test_many_are_in_at_once(invite: Invite) -> None:
    guests = [invite(False), invite(False)]

    assert all(guest.inside.wait(10) for guest in guests)
    for guest in guests:
        guest.goes()


def test_one_alone_waits_for_the_others_and_goes_before_those_who_come_later(invite: Invite) -> None:
    first = invite(False)
    assert first.inside.wait(10)
    alone = invite(True)
    assert not alone.inside.wait(0.2)
    later = invite(False)
    assert not later.inside.wait(0.2)

    first.goes()
    assert alone.inside.wait(10)
    assert not later.inside.is_set()
    alone.goes()
    assert later.inside.wait(10)
    later.goes()
