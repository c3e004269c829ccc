"""The news of circuits, which processes tell one another through one small hash in Redis.

A thread reads it once a second, and at once writes what changed here. No call waits for it; without Redis each process
goes by what it sees itself. All instants in it are on the clock of Redis, so that hosts need not agree on the time.
"""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import replace
from typing import Any

import orjson
from redis.exceptions import RedisError

from llm.call import Clock
from llm.redis import of_a_thread
from llm.routing.circuits import FAILURES, Change, Circuit, Circuits, Listener, RouteName, nobody

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two readings."""
KEY = "gatehouse:{circuits}"
KEPT = 3600
"""Seconds after which news is none."""
SPREAD = 0.2
"""Of the time that is left: who hears of an open circuit tries again by so much later, each by a different part."""


class SharedCircuits(Circuits):
    """The circuits of this process, and what every other one with the same Redis found out."""

    def __init__(self, url: str, clock: Clock, *, failures: int = FAILURES, listener: Listener = nobody) -> None:
        super().__init__(clock, failures=failures, listener=listener)
        self._redis = of_a_thread(url)
        self._untold: dict[str, Circuit] = {}
        self._failing = False
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="circuits", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * EVERY)
        self._redis.close()

    def exchange(self) -> None:
        """Hear what others found out, then tell what is newer here."""
        with self._lock:
            untold, self._untold = self._untold, {}
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.time()
                pipeline.hgetall(KEY)
                (seconds, microseconds), table = pipeline.execute()
            ahead = seconds + microseconds / 1e6 - self._clock.monotonic()
            for said in table.values():
                if (heard := _read(said, -ahead)) is not None:
                    self._hear(*heard)
            told: dict[Any, Any] = {name: _said(circuit, ahead) for name, circuit in untold.items()}
            if told:
                with self._redis.pipeline(transaction=False) as pipeline:
                    pipeline.hset(KEY, mapping=told)
                    pipeline.expire(KEY, KEPT)
                    pipeline.execute()
        except RedisError as error:
            with self._lock:
                self._untold = untold | self._untold
            self._note_failure(error)
            return
        self._failing = False

    def _changed(self, circuit: Circuit) -> None:
        super()._changed(circuit)
        self._untold[str(circuit.route.id)] = circuit
        self._news.set()

    def _hear(self, route: RouteName, change: Change) -> None:
        circuit = self._circuits.get(route.id)
        if circuit is None or circuit.route.version < route.version:
            circuit = self._new(route)
        if circuit.route == route and change.id != circuit.last.id and change.at > circuit.last.at:
            circuit.follow(_later(change, self._clock.monotonic()))

    def _run(self) -> None:
        while not self._stopping:
            self.exchange()
            self._news.wait(EVERY)
            self._news.clear()

    def _note_failure(self, error: RedisError) -> None:
        if not self._failing:
            log.warning("Circuits cannot be told to other processes: %s", error)
        self._failing = True


def _said(circuit: Circuit, ahead: float) -> bytes:
    return orjson.dumps({"route": circuit.route, "change": _moved(circuit.last, ahead)})


def _read(said: str, ahead: float) -> tuple[RouteName, Change] | None:
    """None for what another release says in other words."""
    try:
        told = orjson.loads(said)
        return RouteName(**told["route"]), _moved(Change(**told["change"]), ahead)
    except (ValueError, TypeError, KeyError):
        return None


def _moved(change: Change, ahead: float) -> Change:
    """Its instants on a clock that is so much ahead."""
    due = None if change.due is None else change.due + ahead
    return replace(change, at=change.at + ahead, since=change.since + ahead, due=due)


def _later(change: Change, now: float) -> Change:
    if change.due is None:
        return change
    left = max(change.due - now, 0.0)
    return replace(change, due=change.due + random.uniform(0, SPREAD * left))  # noqa: S311  # spreads load
