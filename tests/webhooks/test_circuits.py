"""Of a provider that fails, and of one that answers again, webhooks hear once, however many processes saw it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llm.errors import ProviderRateLimited, ProviderUnreachable
from llm.routing.circuits import FAILURES, TRIALS, Change, Circuits, RouteName
from tests.llm.doubles import HandClock, route
from webhooks import circuits
from webhooks.models import Delivery, Webhook

ROUTE = route("one")
INSTANT = datetime(2026, 11, 20, 12, 0, 10, tzinfo=UTC)


class Board:
    """The circuits of one process, and what was told of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[RouteName, Change]] = []
        self.clock = HandClock()
        self.circuits = Circuits(self.clock, listener=circuits.tell_of)
        monkeypatch.setattr(circuits, "_keep", lambda route, change, instant: self.told.append((route, change)))
        monkeypatch.setattr(circuits, "Thread", AtOnce)

    def fail(self, times: int = FAILURES) -> None:
        circuit = self.circuits.of(ROUTE)
        for _ in range(times):
            on_trial = circuit.enter(self.clock.monotonic())
            circuit.fail(self.clock.monotonic(), ProviderUnreachable("No."), on_trial=on_trial)

    def succeed(self) -> None:
        circuit = self.circuits.of(ROUTE)
        for _ in range(TRIALS):
            circuit.succeed(self.clock.monotonic(), on_trial=circuit.enter(self.clock.monotonic()))


class AtOnce:
    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], **_: object) -> None:
        self.start = lambda: target(*args)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    return Board(monkeypatch)


def test_a_circuit_that_opens_is_told_of_and_so_is_its_end(board: Board) -> None:
    board.fail()
    board.clock.seconds += 60
    board.fail(1)
    board.clock.seconds += 60
    board.succeed()

    assert [change.due is None for _, change in board.told] == [False, True], (
        "opening again before it closed is no news"
    )
    assert {told.provider for told, _ in board.told} == {ROUTE.provider.name}
    assert "tries failed" in board.told[0][1].why


def test_a_pause_that_the_vendor_asks_for_is_no_news(board: Board) -> None:
    circuit = board.circuits.of(ROUTE)
    circuit.fail(board.clock.monotonic(), ProviderRateLimited("Later.", retry_after=5), on_trial=False)

    assert board.circuits.shut()
    assert board.told == []


def test_what_several_processes_saw_is_said_once(hooked: Callable[..., tuple[Webhook, str]]) -> None:
    hooked()
    seen = [Change(name, at, at + 5, at, trips=1, why="5 of 5 tries failed") for name, at in (("a", 10.0), ("b", 99.0))]
    for change in seen:
        circuits.keep(RouteName.of(ROUTE), change, INSTANT)

    delivery = Delivery.objects.get()
    assert delivery.event == "circuit.opened"
    assert json.loads(delivery.body)["data"] == {
        "provider": ROUTE.provider.name,
        "upstream_model": ROUTE.upstream_model,
        "at": "2026-11-20T12:00:10+00:00",
        "why": "5 of 5 tries failed",
    }
    circuits.keep(RouteName.of(ROUTE), Change("c", 20.0, trips=1, why="it answers again"), INSTANT)
    circuits.keep(RouteName.of(ROUTE), Change("d", 30.0, 35.0, 30.0, trips=2), INSTANT + timedelta(seconds=20))
    assert [row.event for row in Delivery.objects.order_by("pk")] == [
        "circuit.opened",
        "circuit.closed",
        "circuit.opened",
    ]
