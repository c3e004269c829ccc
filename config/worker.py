"""What a Celery worker does as it starts: it follows its parent, and refuses secrets that are not the database's.

Each of its processes has parts of its own, opened before the first task and closed after the last one.
"""

from __future__ import annotations

from typing import Any

from celery.signals import worker_init, worker_process_init, worker_process_shutdown
from django.core.management.base import CommandError

from config import entry
from config.supervisor import follow_parent
from llm.bridge import bridge
from llm.wiring import close_parts, open_parts

SHARE = 0.2
"""Of each rate, for all processes of a worker together, where no Redis counts for everybody."""


@worker_init.connect
def begin(sender: Any, **_: Any) -> None:
    follow_parent()
    try:
        entry.verify()
    except CommandError as refusal:
        raise SystemExit(str(refusal)) from None

    def begin_process(**_: Any) -> None:
        bridge().run(open_parts(SHARE / sender.concurrency))

    worker_process_init.connect(begin_process, weak=False)


@worker_process_shutdown.connect
def end_process(**_: Any) -> None:
    bridge().run(close_parts())
