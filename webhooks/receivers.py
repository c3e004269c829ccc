"""What is listened to: signals of the books."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from llm.ledger.alerts import budget_alert, budget_exceeded
from llm.models import BudgetWindow
from webhooks.alerts import tell_of_end, tell_of_share


@receiver(budget_alert, dispatch_uid="webhooks")
def budget_alerted(window: BudgetWindow, share: int, **_: Any) -> None:
    tell_of_share(window, share)


@receiver(budget_exceeded, dispatch_uid="webhooks")
def budget_used_up(window: BudgetWindow, **_: Any) -> None:
    tell_of_end(window)
