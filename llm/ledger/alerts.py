"""`budget_alert(budget=Budget, window=BudgetWindow, share=int)`: so many percent of a budget have been spent.

It is sent after the commit, from the recorder's own threads, once for each window and share among all processes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import DatabaseError, connections
from django.dispatch import Signal

from llm.ledger.books import Alert
from llm.models import BudgetWindow

logger = logging.getLogger(__name__)

budget_alert = Signal()


def announce(alerts: Sequence[Alert], alias: str = "default") -> None:
    """A receiver that fails is logged and keeps no other from its turn."""
    if not alerts or not budget_alert.has_listeners(BudgetWindow):
        return
    try:
        windows = BudgetWindow.objects.using(alias).select_related("budget__organisation")
        found = windows.in_bulk([alert.window_id for alert in alerts])
        for alert in alerts:
            if window := found.get(alert.window_id):
                budget_alert.send_robust(BudgetWindow, budget=window.budget, window=window, share=alert.share)
    except DatabaseError as error:
        logger.error("Nobody could be told that a budget is nearly spent: %s", error)
    finally:
        connections.close_all()  # those that were opened in this thread
