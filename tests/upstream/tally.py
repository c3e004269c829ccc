"""What the fake has seen: requests, sockets and who left early. Written on its own thread, read on any."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from tests.upstream.received import Outcome, Received

BODIES_KEPT = 100


class Tally:
    """Counts under one lock; every change wakes whoever waits for one.

    Sockets are those of vendors' clients: whoever asks the process for its counts is not among them.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.received: list[Received] = []
        self.models: Counter[str] = Counter()
        self.paths: Counter[str] = Counter()
        self.outcomes: Counter[Outcome] = Counter()
        self.open_sockets = 0
        self.peak_sockets = 0
        self._log: TextIO | None = log.open("a", encoding="utf-8") if log else None

    def arrived(self, received: Received) -> None:
        """Book a request the moment its last byte is here; whoever kills a client joins on this line."""
        with self.changed:
            if self._log and received.method == "POST":
                self._log.write(f"{received.id or '-'}\n")
                self._log.flush()
            self.received.append(received)
            self.outcomes[received.outcome] += 1
            self.peak_sockets = max(self.peak_sockets, self.open_sockets)
            self.paths[received.path] += 1
            if received.model is not None:
                self.models[received.model] += 1
            if len(self.received) > BODIES_KEPT:
                self.received[-BODIES_KEPT - 1].forget()
            self.changed.notify_all()

    def ended(self, received: Received, outcome: Outcome) -> None:
        with self.changed:
            self.outcomes[received.outcome] -= 1
            self.outcomes[outcome] += 1
            received.outcome = outcome
            self.changed.notify_all()

    def sockets(self, change: int) -> None:
        with self.changed:
            self.open_sockets += change
            self.changed.notify_all()

    def wait_for(self, predicate: Callable[[], object], timeout: float) -> None:
        with self.changed:
            if not self.changed.wait_for(predicate, timeout):
                raise TimeoutError(f"The upstream waited {timeout} s in vain: {self.stats()}")

    def stats(self) -> dict[str, Any]:
        with self.changed:
            return {
                "served": len(self.received),
                "completed": self.outcomes["completed"],
                "aborts": self.outcomes["aborted"],
                "open": self.outcomes["open"],
                "open_sockets": self.open_sockets,
                "peak_sockets": self.peak_sockets,
                "models": dict(self.models),
                "paths": dict(self.paths),
            }

    def lines(self) -> list[dict[str, Any]]:
        with self.changed:
            return [received.line() for received in self.received]

    def close(self) -> None:
        if self._log:
            self._log.close()
