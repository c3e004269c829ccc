"""Prometheus' files of many processes: those of dead ones are swept at start, their gauges when they die."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prometheus_client import multiprocess

from config import env

OWNER = re.compile(r"_(\d+)\.db$")


def sweep() -> None:
    """Removes what processes of an earlier run left behind."""
    for path in Path(env.METRICS).glob("*.db"):
        owner = OWNER.search(path.name)
        if owner and not _is_alive(int(owner[1])):
            path.unlink(missing_ok=True)


def bury(pid: int) -> None:
    """Drops the gauges of a dead worker; what it counted stays counted."""
    multiprocess.mark_process_dead(pid, str(env.METRICS))  # type: ignore[no-untyped-call]  # the package leaves it bare


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, but alive
    return True
