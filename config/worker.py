"""What a Celery worker does as it starts and stops: it follows its parent, refuses secrets that are not the database's,
and gives tasks their grace time.

Each of its processes has parts of its own, opened before the first task and closed after the last one.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutting_down
from celery.worker import state
from django.conf import settings
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


@worker_shutting_down.connect
def leave(**_: Any) -> None:
    """Tasks that run have the grace time to end; a second signal ends it at once."""
    leaving = threading.Timer(0.0 if _leaving else settings.GRACE_SECONDS, cut)
    leaving.daemon = True
    _leaving.append(leaving)
    leaving.start()


_leaving: list[threading.Timer] = []


def cut() -> None:
    """What still runs is interrupted as by its time limit: its call is cancelled and written down."""
    for request in list(state.active_requests):
        if request.worker_pid:
            os.kill(request.worker_pid, signal.SIGUSR1)
