"""`budget_alert(budget=Budget, window=BudgetWindow, share=int)`: so many percent of a budget have been spent.
`budget_exceeded(budget=Budget, window=BudgetWindow)`: it is spent in full, or what is left of it was too little for a
call.

They are sent after the commit, from the threads of recorder and ledger, once for each window among all processes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

from django.db import Error, connections
from django.dispatch import Signal

from llm.ledger.books import Alert
from llm.models import BudgetWindow

logger = logging.getLogger(__name__)

budget_alert = Signal()
budget_exceeded = Signal()


def announce(news: Sequence[Alert], alias: str = "default") -> None:
    """A receiver that fails is logged and keeps no other from its turn."""
    if not news:
        return
    try:
        windows = BudgetWindow.objects.using(alias).select_related("budget__organisation")
        found = windows.in_bulk([alert.window_id for alert in news])
        for alert in news:
            if window := found.get(alert.window_id):
                _send(window, alert.share)
    except Error as error:
        logger.error("Nobody could be told what became of a budget: %s", error)
    finally:
        with suppress(Error):  # one that is dead is of no more use
            connections.close_all()  # those that were opened in this thread


def _send(window: BudgetWindow, share: int | None) -> None:
    if share is None:
        budget_exceeded.send_robust(BudgetWindow, budget=window.budget, window=window)
    else:
        budget_alert.send_robust(BudgetWindow, budget=window.budget, window=window, share=share)
