"""Refusals that come faster than anybody would read them: over ten a second and key share one row for each error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from analytics.recorder import rows
from analytics.recorder.journal import Journal
from llm.call import Record

OWN_ROWS = 10
"""Refusals of one key in one second that have rows of their own."""


class Floods:
    """The row of a flood carries the first record that had no row of its own, and `requests`, how many there were.

    Each of them writes the row anew into the journal, with the count so far. `clock` is in monotonic seconds.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal, self._clock = journal, clock
        self._lock = threading.Lock()
        self._second = 0
        self._seen: Counter[int | None] = Counter()
        self._gathered: dict[tuple[int | None, str | None], Record] = {}
        self._over: list[Record] = []

    @property
    def open(self) -> bool:
        """Whether there are rows that nobody has taken yet."""
        return bool(self._gathered or self._over)

    def gathers(self, record: Record) -> bool:
        """Whether `record` has gone into a flood's row. Calls that reached a provider never do, nor do those that the
        ledger must hear of."""
        if record.status != "refused" or record.attempts or record.charges:
            return False
        with self._lock:
            self._turn(int(self._clock()))
            self._seen[record.key_id] += 1
            if self._seen[record.key_id] <= OWN_ROWS:
                return False
            gathered = self._gathered.setdefault((record.key_id, record.error_code), record)
            if gathered is not record:
                gathered.requests += 1
            self._journal.gather(gathered.id, rows.encode(gathered))
        return True

    def over(self, *, all_of_them: bool = False) -> list[Record]:
        """The rows whose second has passed, once."""
        with self._lock:
            self._turn(-1 if all_of_them else int(self._clock()))
            over, self._over = self._over, []
        return over

    def _turn(self, second: int) -> None:
        if second != self._second:
            self._over += self._gathered.values()
            self._second, self._seen, self._gathered = second, Counter(), {}
