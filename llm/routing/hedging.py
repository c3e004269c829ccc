"""How many calls may be asked twice."""

from __future__ import annotations

SHARE = 0.05
SAVED = 5.0


class Hedges:
    """At most one of twenty calls that could be hedged is; what was not used is saved up for five."""

    def __init__(self) -> None:
        self._saved = 1.0

    def save(self) -> None:
        """A call passes that could be hedged."""
        self._saved = min(self._saved + SHARE, SAVED)

    @property
    def has_some(self) -> bool:
        return self._saved >= 1

    def spend(self) -> None:
        self._saved -= 1
