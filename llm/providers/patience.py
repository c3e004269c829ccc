"""How long to wait for a vendor: connect, first content, between chunks, in total."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from llm.errors import ProviderTimeout


class Waits(Protocol):
    """What is waited for, in seconds; `waited` grows with it."""

    timeout: float
    first_token_timeout: float
    chunk_timeout: float
    waited: float


@dataclass(slots=True)
class Brief:
    """One short exchange, in seconds."""

    timeout: float
    first_token_timeout: float = 0.0
    chunk_timeout: float = 0.0
    waited: float = 0.0


class Patience:
    """The deadlines of one try, on the event loop's clock. `with patience:` stands around each single wait for the
    vendor, never around a `yield`; it ends as `ProviderTimeout`, and its length is added to the call's `waited`.

    One timer serves all waits of a try: a deadline mostly moves on before it is due, and a timer that comes too early
    only sets itself anew. A fresh time-out for every chunk would cost a tenth of a stream's CPU.
    """

    def __init__(self, call: Waits, *, streamed: bool) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._began = 0.0
        now = self._loop.time()
        self._total = now + call.timeout
        self._first = now + call.first_token_timeout if streamed else self._total
        self._content = self._expired = False
        self._deadline = self._total
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[Any] | None = None
        self._cancelling = 0

    def content(self) -> None:
        """Content has come: from now on the pause between chunks counts."""
        self._content = True

    def linger(self, seconds: float) -> None:
        """The answer is whole: only the end of its body is still worth a short wait."""
        self._total = min(self._total, self._loop.time() + seconds)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def __enter__(self) -> Self:
        self._waiting = asyncio.current_task()
        assert self._waiting is not None
        self._cancelling = self._waiting.cancelling()
        self._began = time.monotonic()
        now = self._loop.time()
        self._deadline = min(self._total, now + self._call.chunk_timeout if self._content else self._first)
        if self._timer is None or self._timer.when() > self._deadline:
            self.stop()
            self._timer = self._loop.call_at(self._deadline, self._check)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task, self._waiting = self._waiting, None
        self._call.waited += time.monotonic() - self._began  # the loop's own clock counts whole milliseconds
        if self._expired and task is not None:
            self._expired = False
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise self._impatience() from None

    def _check(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check)
        else:
            self._expired = True
            self._waiting.cancel()

    def _impatience(self) -> ProviderTimeout:
        call = self._call
        if self._deadline == self._total:
            return ProviderTimeout(f"The provider did not finish within {call.timeout:g} s.")
        if self._content:
            return ProviderTimeout(f"The provider's stream stood still for {call.chunk_timeout:g} s.")
        return ProviderTimeout(f"The provider sent nothing within {call.first_token_timeout:g} s.")
