"""The messages on their way, as the database has them: written once, claimed by one worker at a time, settled.

Every call is told the instant, so that nobody has to wait for one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from uuid import UUID, uuid5

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from llm.call import new_id
from llm.types import JsonObject
from webhooks.events import TEST, message
from webhooks.models import Delivery, State, Webhook

log = logging.getLogger(__name__)

WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 86_400)
"""Seconds before each try after the first; after the last one a message is given up."""
LEASE = 60
"""Seconds that a try is its worker's own; more than any try takes."""
DELIVER = "webhooks.tasks.deliver"
EXPIRES = 60
"""Seconds after which a hint is no news: by then the sweep gives another."""
NAMES = UUID("0d9b5f7e-93f0-4b8c-9a55-5d1f6f0a7c11")


@dataclass(slots=True, frozen=True)
class Outcome:
    """What came of a try: `error` is empty where it was delivered, scrubbed where not; `is_final` is no use to repeat.

    `closes` tells that the receiver wants to hear no more.
    """

    error: str = ""
    is_final: bool = False
    closes: bool = False


def notify(
    event: str,
    organisation: int | None,
    data: JsonObject,
    *,
    once: str | None = None,
    mailboxes: Sequence[str] = (),
) -> None:
    """Have `event` told to every webhook that wants it, of the organisation with that id and of all, and mailed.

    Whatever is said again under the same `once` is told once. It is kept with the transaction of now; workers hear of
    it after the commit.
    """
    name = f"msg_{uuid5(NAMES, once) if once else new_id()}"
    deliveries = [Delivery(webhook=webhook) for webhook in _listening(event, organisation)]
    _keep(event, organisation, data, name, deliveries + [Delivery(address=address) for address in mailboxes])


def try_out(webhook: Webhook) -> None:
    """Have it told that nothing happened."""
    data = {"text": "This is a test: nothing happened."}
    _keep(TEST, webhook.organisation_id, data, f"msg_{new_id()}", [Delivery(webhook=webhook)])


def _keep(event: str, organisation: int | None, data: JsonObject, name: str, deliveries: list[Delivery]) -> None:
    now = timezone.now()
    body = json.dumps(message(event, now.isoformat(), data))
    for delivery in deliveries:
        delivery.message, delivery.event, delivery.organisation_id = name, event, organisation
        delivery.body, delivery.due_at = body, now
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    waiting = list(Delivery.objects.filter(message=name, state=State.WAITING).values_list("pk", flat=True))
    transaction.on_commit(lambda: hint(waiting))


def _listening(event: str, organisation: int | None) -> list[Webhook]:
    """Lists in JSON are searched here: SQLite cannot."""
    concerned = Webhook.objects.filter(Q(organisation=None) | Q(organisation=organisation), disabled=False)
    return [webhook for webhook in concerned if event in webhook.events]


def send_again(delivery: Delivery) -> None:
    """From the first try on, under the same id."""
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(state=State.WAITING, attempts=0, due_at=now, ended_at=None)
    transaction.on_commit(lambda: hint([delivery.pk]))


def hint(deliveries: Sequence[int]) -> None:
    """Tell the workers, beside whoever calls: a broker that is away holds nobody up. The sweep finds what they missed.

    Only threads that die with the process do: one that waits for a broker must not keep it.
    """
    if deliveries:
        Thread(target=_tell, args=(deliveries,), name="webhooks", daemon=True).start()


def _tell(deliveries: Iterable[int]) -> None:
    try:
        for delivery in deliveries:
            current_app.send_task(DELIVER, (delivery,), expires=EXPIRES)
    except (OperationalError, OSError) as error:
        log.warning("The broker is away; messages to webhooks wait for the next sweep: %s", error)


def due(now: datetime, most: int) -> list[int]:
    """The ids of deliveries that wait for somebody, the oldest first."""
    waiting = Delivery.objects.filter(state=State.WAITING, due_at__lte=now)
    return list(waiting.order_by("due_at").values_list("pk", flat=True)[:most])


def give_up(now: datetime) -> int:
    """What has no try left, for the last one ended with its worker; says how many these were."""
    over = Delivery.objects.filter(state=State.WAITING, due_at__lte=now, attempts__gt=len(WAITS))
    return over.update(state=State.FAILED, ended_at=now, last_error="The last try broke off with its worker.")


def claim(delivery: int, now: datetime) -> Delivery | None:
    """It is the caller's to try, for LEASE seconds; None where it is over, not due, or another's."""
    with transaction.atomic():
        waiting = Delivery.objects.filter(pk=delivery, state=State.WAITING, due_at__lte=now, attempts__lte=len(WAITS))
        if not waiting.update(attempts=F("attempts") + 1, due_at=now + timedelta(seconds=LEASE)):
            return None
        return Delivery.objects.select_related("webhook").get(pk=delivery)


def settle(delivery: Delivery, outcome: Outcome, now: datetime) -> int | None:
    """Write down what came of a claimed one; seconds until the next try, None where there is none."""
    wait = None if not outcome.error or outcome.is_final else _wait(delivery.attempts)
    mine = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts)
    with transaction.atomic():
        if wait is not None:
            mine.update(last_error=outcome.error, due_at=now + timedelta(seconds=wait))
        else:
            state = State.FAILED if outcome.error else State.DELIVERED
            mine.update(last_error=outcome.error, state=state, ended_at=now)
        if outcome.closes:
            Webhook.objects.filter(deliveries=delivery).update(disabled=True, disabled_because=outcome.error)
    return wait


def _wait(attempts: int) -> int | None:
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None
