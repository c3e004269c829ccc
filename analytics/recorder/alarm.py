"""What goes wrong and must be heard, but not a thousand times a second."""

from __future__ import annotations

import logging
import time

QUIET = 10.0
"""Seconds between two log lines of one alarm."""


class Alarm:
    """Counts every time; speaks the first time, then at most every ten seconds, with the count so far."""

    def __init__(self, logger: logging.Logger, message: str, level: int = logging.ERROR) -> None:
        self._logger, self._message, self._level = logger, message, level
        self._spoke: float | None = None
        self.count = 0

    def ring(self, detail: object = "", *, times: int = 1) -> None:
        self.count += times
        now = time.monotonic()
        if self._spoke is None or now - self._spoke >= QUIET:
            self._spoke = now
            self._logger.log(self._level, "%s (%d so far) %s", self._message, self.count, detail)
