"""How much was used in the seconds just past: a window that slides.

What is counted in one sixtieth of the window is kept as one run, which leaves a window's length after its last count:
never more than the limit passes in any window, a sparse caller is counted exactly, a dense one waits at most a sixtieth
longer than it must, and no limit, however high, needs more than 61 runs of memory.
"""

from __future__ import annotations

from collections import deque

RUNS = 60


class Window:
    """`length` in seconds, as all times; instants are on one clock that never runs backwards.

    Others may draw on the same account unseen: what they have used beside our own runs, by the vendor's word, is one
    sum that leaves all at once.
    """

    __slots__ = ("_foreign", "_length", "_runs", "_until", "_used")

    def __init__(self, length: float) -> None:
        self._length = length
        self._runs: deque[tuple[float, int]] = deque()
        self._used = 0
        self._foreign = 0
        self._until = 0.0

    def used(self, now: float) -> int:
        while self._runs and self._runs[0][0] + self._length <= now:
            self._used -= self._runs.popleft()[1]
        if self._until <= now:
            self._foreign = 0
        return self._used + self._foreign

    def add(self, now: float, count: int) -> None:
        self._used += count
        if self._runs and self._run(self._runs[-1][0]) == self._run(now):
            count += self._runs.pop()[1]
        self._runs.append((now, count))

    def give_back(self, at: float, count: int) -> None:
        """Of what was counted at that instant, as far as it is still in the window."""
        for position, (last, counted) in enumerate(self._runs):
            if self._run(last) == self._run(at):
                back = min(count, counted)
                self._runs[position] = (last, counted - back)
                self._used -= back
                return

    def correct(self, now: float, used: int, seconds: float) -> None:
        """The vendor counts `used` in all, and will do so for `seconds` at most."""
        self.used(now)
        self._foreign = max(0, used - self._used)
        self._until = now + min(seconds, self._length)

    def wait(self, now: float, room: int) -> float:
        """Until `room` more is free."""
        for leaves, count in self._leaving():
            room -= count
            if room <= 0:
                return leaves - now
        return self._length

    def _leaving(self) -> list[tuple[float, int]]:
        leaving = [(last + self._length, count) for last, count in self._runs]
        return sorted([*leaving, (self._until, self._foreign)]) if self._foreign else leaving

    def _run(self, instant: float) -> int:
        return int(instant * RUNS / self._length)
