"""What can never be written to the database: kept in a file, so that it is neither lost nor in the way."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from analytics.recorder.alarm import Alarm

logger = logging.getLogger(__name__)

NAME = "set-aside.jsonl"


class Aside:
    """One file beside the journals; rows without their bodies, one a line."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.rows = Alarm(logger, f"Rows that cannot be written are kept in {self._path}", logging.CRITICAL)

    def put(self, row: bytes, why: object) -> bool:
        """False where the file cannot be written either."""
        self.rows.ring(why)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                return os.write(descriptor, row + b"\n") > len(row)
            finally:
                os.close(descriptor)
        except OSError:
            logger.critical("%s cannot be written; the row stays in its journal", self._path)
            return False
