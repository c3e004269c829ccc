"""The calls in flight: each process keeps its own, and tells the others through Redis once a second.

A call costs a dictionary's entry and no round trip. What a process has told vanishes with it: so it is known, too,
which processes there are, and what each of them is in trouble with.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from itertools import starmap
from operator import attrgetter
from typing import Protocol
from uuid import UUID, uuid4

import orjson
from redis.exceptions import RedisError

from llm.call import Call
from llm.redis import of_a_thread
from llm.types import JsonObject
from llm.watch import Trouble

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two tellings."""
VANISHES = 5
"""Seconds after which what was told last is no longer true."""
MOST = 1_000
"""Calls that one process tells of, its newest."""
PREFIX = "gatehouse:{active}"
PROCESSES = f"{PREFIX}:processes"


class ActiveCalls(Protocol):
    """Who wants to know which calls are in flight. Neither method waits for anything; neither raises."""

    def enter(self, call: Call) -> None: ...

    def leave(self, call: Call) -> None: ...


@dataclass(slots=True, frozen=True)
class Process:
    """One that could make calls, how many it makes, and what it has to do without."""

    host: str
    pid: int
    calls: int
    troubles: tuple[Trouble, ...] = ()

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"


class NoActiveCalls:
    """Does not look."""

    def enter(self, call: Call) -> None:
        return None

    def leave(self, call: Call) -> None:
        return None


class LocalCalls:
    """Those of this process, whatever event loop they are on."""

    def __init__(self) -> None:
        self._calls: dict[UUID, Call] = {}
        self._troubles: dict[str, Trouble | None] = {}

    def note(self, part: str, trouble: Trouble | None) -> None:
        """How a part of this process is doing now."""
        self._troubles[part] = trouble

    def enter(self, call: Call) -> None:
        self._calls[call.id] = call

    def leave(self, call: Call) -> None:
        self._calls.pop(call.id, None)

    def own(self) -> list[JsonObject]:
        """As they are now, the newest first."""
        return [told(call) for call in sorted(self._calls.copy().values(), key=lambda call: call.id, reverse=True)]

    def others(self) -> list[JsonObject] | None:
        """Those of other processes; None where they are out of sight."""
        return None

    def here(self) -> Process:
        """This one."""
        return Process(socket.gethostname(), os.getpid(), len(self._calls), tuple(self._in_trouble()))

    def processes(self) -> list[Process] | None:
        """All that tell of their calls, this one among them; None where they are out of sight."""
        return [self.here()]

    def stop(self) -> None:
        return None

    def _in_trouble(self) -> list[Trouble]:
        return [trouble for trouble in self._troubles.copy().values() if trouble is not None]


def told(call: Call) -> JsonObject:
    """A call in words that travel; `organisation_id` and `key_id` say who may hear of it."""
    record, caller = call.record, call.caller
    return {
        "id": str(call.id),
        "organisation_id": caller.organisation_id,
        "key_id": caller.key_id,
        "key": caller.key_name,
        "user_id": record.user_id,
        "model": record.model,
        "provider": record.provider,
        "surface": record.surface,
        "streamed": record.streamed,
        "first_token_seen": call.has_begun,
    }


class SharedCalls(LocalCalls):
    """These, and those of every other process that speaks with the same Redis."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = of_a_thread(url)
        self._name = f"{PREFIX}:{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._failing = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="active-calls", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Whatever is still in flight is told no more."""
        self._stopping.set()
        self._thread.join(timeout=2 * EVERY)
        self._untell()
        self._redis.close()

    def others(self) -> list[JsonObject] | None:
        heard = self._heard()
        if heard is None:
            return None
        return [call for name, told in heard.items() if name != self._name for call in told["calls"]]

    def processes(self) -> list[Process] | None:
        heard = self._heard()
        return (
            None if heard is None else sorted(starmap(_process, heard.items()), key=attrgetter("host", "pid", "calls"))
        )

    def _heard(self) -> dict[str, JsonObject] | None:
        """The calls and troubles of each process, by its name."""
        try:
            names = [str(name) for name in self._redis.smembers(PROCESSES)]
            said = dict(zip(names, self._redis.mget(names) if names else [], strict=True))
            if gone := [name for name in names if said[name] is None]:
                self._redis.srem(PROCESSES, *gone)
        except RedisError:
            return None
        return {name: orjson.loads(told) for name, told in said.items() if told is not None}

    def tell(self) -> None:
        """An idle process tells that it is there."""
        told = orjson.dumps({"calls": self.own()[:MOST], "troubles": self._in_trouble()})
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.set(self._name, told, ex=VANISHES)
                pipeline.sadd(PROCESSES, self._name)
                pipeline.execute()
        except RedisError as error:
            self._note_failure(error)
            return
        self._failing = False

    def _untell(self) -> None:
        try:
            self._redis.delete(self._name)
        except RedisError:
            pass  # it vanishes by itself

    def _run(self) -> None:
        self.tell()
        while not self._stopping.wait(EVERY):
            self.tell()

    def _note_failure(self, error: RedisError) -> None:
        if not self._failing:
            log.warning("Calls in flight cannot be told to other processes: %s", error)
        self._failing = True


def _process(name: str, told: JsonObject) -> Process:
    host, pid, _ = name.removeprefix(f"{PREFIX}:").rsplit(":", 2)
    return Process(host, int(pid), len(told["calls"]), tuple(Trouble(**one) for one in told["troubles"]))
