"""One try at one delivery: claimed, signed and posted, or mailed, and what came of it written down."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from llm.bridge import bridge
from llm.call import Clock
from webhooks import mailing, outbox
from webhooks.models import Delivery, Webhook
from webhooks.outbox import Outcome
from webhooks.posting import post
from webhooks.signing import BadSecret, headers


def attempt(delivery: int, clock: Clock) -> int | None:
    """Seconds until the next try; None where there is none, or where it is not ours to try."""
    claimed = outbox.claim(delivery, clock.now())
    if claimed is None:
        return None
    outcome = mailing.send(claimed) if claimed.webhook is None else _posted(claimed, claimed.webhook, clock.now())
    return outbox.settle(claimed, outcome, clock.now())


def _posted(delivery: Delivery, webhook: Webhook, now: datetime) -> Outcome:
    if webhook.disabled:
        return Outcome("The webhook is disabled.", is_final=True)
    body = delivery.body.encode()
    try:
        signed = headers(delivery.message, int(now.timestamp()), body, webhook.signers(now))
    except BadSecret as refused:
        return Outcome(str(refused))
    sent = {"content-type": "application/json", "user-agent": "Gatehouse", **signed}
    return bridge().run(post(webhook.url, sent, body, settings.ALLOWED_PRIVATE_HOSTS))
