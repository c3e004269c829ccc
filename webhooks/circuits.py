"""What is told of a provider whose circuit opens, and of the same one when it answers again."""

from __future__ import annotations

import logging
from datetime import datetime
from threading import Thread

from django.db import Error, connections
from django.utils import timezone

from llm.routing.circuits import SOON, Change, RouteName
from webhooks.events import CLOSED, OPENED
from webhooks.outbox import notify

log = logging.getLogger(__name__)


def tell_of(route: RouteName, change: Change) -> None:
    """Returns at once, for circuits wait meanwhile. A pause that the vendor asked for is no news, nor is a circuit that
    opens again before it was closed."""
    if not change.paused and (change.due is None or change.since == change.at):
        Thread(target=_keep, args=(route, change, timezone.now()), name="circuit-news", daemon=True).start()


def _keep(route: RouteName, change: Change, instant: datetime) -> None:
    try:
        keep(route, change, instant)
    except Error as error:
        log.error("Nobody could be told that the circuit of %s turned: %s", route.provider, error)
    finally:
        connections.close_all()  # those of this thread


def keep(route: RouteName, change: Change, instant: datetime) -> None:
    """Processes that see the same circuit turn, in the same minute for the same time, tell of it once."""
    event = CLOSED if change.due is None else OPENED
    data = {
        "provider": route.provider,
        "upstream_model": route.upstream_model,
        "at": instant.isoformat(),
        "why": change.why,
    }
    minute = int(instant.timestamp() // SOON)
    notify(event, None, data, once=f"{event} {route.id} {route.version} {change.trips} {minute}")
