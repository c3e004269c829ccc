"""What is listened to: signals of the books, and the news of circuits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from llm.ledger.alerts import budget_alert
from llm.models import BudgetWindow
from webhooks.alerts import tell_of
from webhooks.events import CLOSED, OPENED
from webhooks.outbox import notify


@receiver(budget_alert, dispatch_uid="webhooks")
def budget_alerted(window: BudgetWindow, share: int, **_: Any) -> None:
    tell_of(window, share)


def circuit_changed(
    change: str, *, opened: bool, provider: str, upstream_model: str, since: datetime, why: str
) -> None:
    """`change` names this turn of the circuit: processes that see the same one tell of it once."""
    data = {"provider": provider, "upstream_model": upstream_model, "since": since.isoformat(), "why": why}
    notify(OPENED if opened else CLOSED, None, data, once=f"circuit {change}")
