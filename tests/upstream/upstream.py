"""The fake vendor in a test: on its own thread and event loop, asked from any."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.upstream.received import Received
from tests.upstream.server import Server
from tests.upstream.tally import BODIES_KEPT, Tally

START_TIMEOUT = 10.0
BACKLOG = 1024


class Upstream:
    """`with` or `async with` starts and stops it. `latency` is in seconds, before every first byte.

    Stopped and started again it keeps its port and its counts: a vendor that was down for a while.
    """

    def __init__(self, *, port: int = 0, latency: float = 0.0, log: Path | None = None) -> None:
        self.port = port
        self.latency = latency
        self.tally = Tally(log)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._server: Server | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    @property
    def root_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What the OpenAI SDK takes."""
        return f"{self.root_url}/v1"

    def start(self) -> None:
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="upstream", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT):
            raise TimeoutError("The upstream did not start.")
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Close the port and every socket."""
        if self._loop and self._stopped and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._server = Server(self.tally, root="", latency=self.latency)
        try:
            listener = await asyncio.start_server(self._server.serve, "127.0.0.1", self.port, backlog=BACKLOG)
        except OSError as failure:
            self._failure = failure
            self._ready.set()
            return
        self.port = listener.sockets[0].getsockname()[1]
        self._server.root = self.root_url
        self._ready.set()
        await self._stopped.wait()
        listener.close()

    def release(self) -> None:
        """Open the gate for all that wait at it, now and later."""
        self._at_gate(lambda gate: gate.set())

    def hold(self) -> None:
        """Close the gate again."""
        self._at_gate(lambda gate: gate.clear())

    def _at_gate(self, act: Callable[[asyncio.Event], None]) -> None:
        if self._loop is None or self._server is None:
            raise RuntimeError("The upstream is not started.")
        self._loop.call_soon_threadsafe(act, self._server.gate)

    def wait_for(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        """Block until `predicate` holds, asked at every change; raises TimeoutError after `timeout` seconds.

        Where the client under test runs on the same event loop, use `until`.
        """
        self.tally.wait_for(predicate, timeout)

    async def until(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        """As `wait_for`, while the event loop runs on."""
        await asyncio.to_thread(self.tally.wait_for, predicate, timeout)

    @property
    def received(self) -> list[Received]:
        """Every request of every path, in order of arrival; older ones without headers and body."""
        with self.tally.changed:
            return list(self.tally.received)

    @property
    def requests(self) -> list[Received]:
        """The last requests, whole."""
        return self.received[-BODIES_KEPT:]

    @property
    def ids(self) -> list[str | None]:
        return [received.id for received in self.received]

    @property
    def served(self) -> int:
        return len(self.tally.received)

    @property
    def completed(self) -> int:
        return self.tally.outcomes["completed"]

    @property
    def aborts(self) -> int:
        """Answers that the client did not wait for."""
        return self.tally.outcomes["aborted"]

    @property
    def models(self) -> Counter[str]:
        with self.tally.changed:
            return Counter(self.tally.models)

    @property
    def paths(self) -> Counter[str]:
        with self.tally.changed:
            return Counter(self.tally.paths)

    @property
    def open_sockets(self) -> int:
        return self.tally.open_sockets

    @property
    def peak_sockets(self) -> int:
        return self.tally.peak_sockets

    def stats(self) -> dict[str, Any]:
        return self.tally.stats()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.tally.close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)
