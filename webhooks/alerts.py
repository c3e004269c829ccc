"""What is said of a budget that has reached a share of its amount, and who is told."""

from __future__ import annotations

from llm.models import BudgetWindow, Membership, Role
from llm.models.money import dollars
from llm.types import JsonObject
from webhooks.events import ALERT, EXCEEDED
from webhooks.outbox import notify

WHOLE = 100
"""Percent from which a budget is used up."""
ANSWERABLE = (Role.MANAGER, Role.OPERATOR)


def tell_of(window: BudgetWindow, share: int) -> None:
    """Tell webhooks and mailboxes that the window has reached `share` percent; once, however often it is called."""
    organisation = window.budget.organisation_id
    event = EXCEEDED if share >= WHOLE else ALERT
    notify(
        event,
        organisation,
        said_of(window, share),
        once=f"{event} {window.pk} {share}",
        mailboxes=_mailboxes(organisation),
    )


def said_of(window: BudgetWindow, share: int) -> JsonObject:
    budget = window.budget
    return {
        "budget": f"the budget of {budget.whose(window.value)}",
        "budget_id": budget.pk,
        "organisation": budget.organisation.name,
        "scope": budget.scope,
        "period": budget.get_period_display().lower(),
        "hard": budget.hard,
        "share": share,
        "spent": f"{dollars(window.spent):f}",
        "reserved": f"{dollars(window.reserved):f}",
        "amount": f"{dollars(budget.amount):f}",
        "currency": "USD",
        "starts_at": window.starts_at.isoformat(),
        "resets_at": window.ends_at and window.ends_at.isoformat(),
        "resets": window.resets,
    }


def _mailboxes(organisation: int) -> list[str]:
    members = Membership.objects.filter(organisation=organisation, role__in=ANSWERABLE, user__is_active=True)
    return sorted(set(members.exclude(user__email="").values_list("user__email", flat=True)))
