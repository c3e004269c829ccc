"""What is listened to: signals of the books."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from llm.ledger.alerts import budget_alert
from llm.models import BudgetWindow
from webhooks.alerts import tell_of


@receiver(budget_alert, dispatch_uid="webhooks")
def budget_alerted(window: BudgetWindow, share: int, **_: Any) -> None:
    tell_of(window, share)
