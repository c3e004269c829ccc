"""How messages leave: one at a time by a hint, and each minute whatever no hint was heard of."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from llm.wiring import clock
from webhooks import outbox
from webhooks.models import Delivery, State
from webhooks.outbox import DELIVER, EXPIRES
from webhooks.posting import PATIENCE
from webhooks.sending import attempt

MOST_DUE = 500
"""Hints that one sweep gives."""
KEPT_DAYS = 90
SOON = 60
"""Seconds up to which a next try is hinted at at once; a longer wait ends with a sweep."""
LIMIT = int(PATIENCE) + 15


@shared_task(name=DELIVER, acks_late=False, max_retries=0, soft_time_limit=LIMIT, time_limit=LIMIT + 10)
def deliver(delivery: int) -> None:
    """Try once, if it is due and nobody else's. Retries are the outbox's: this task has none."""
    wait = attempt(delivery, clock())
    if wait is not None and wait <= SOON:
        deliver.apply_async((delivery,), countdown=wait, expires=wait + EXPIRES)


@shared_task
def sweep() -> int:
    """Hints at all that is due; says how many these were. Gives up what nobody came to an end with."""
    outbox.give_up(clock().now())
    waiting = outbox.due(clock().now(), MOST_DUE)
    for delivery in waiting:
        deliver.apply_async((delivery,), expires=EXPIRES)
    return len(waiting)


@shared_task
def prune_deliveries() -> int:
    """Deletes what came to its end over KEPT_DAYS ago; says how many these were."""
    over = clock().now() - timedelta(days=KEPT_DAYS)
    return Delivery.objects.exclude(state=State.WAITING).filter(ended_at__lt=over).delete()[0]
