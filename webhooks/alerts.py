"""What is said of a budget that has reached a share of its amount, or its end, and who is told."""

from __future__ import annotations

from llm.models import BudgetWindow, Membership, Role
from llm.models.money import dollars
from llm.types import JsonObject
from webhooks.events import ALERT, EXCEEDED
from webhooks.outbox import notify

ANSWERABLE = (Role.MANAGER, Role.OPERATOR)


def tell_of_share(window: BudgetWindow, share: int) -> None:
    """Tell webhooks and mailboxes that the window has reached `share` percent; once, however often it is called."""
    _tell(ALERT, window, share, once=f"{ALERT} {window.pk} {share}")


def tell_of_end(window: BudgetWindow) -> None:
    """As above, that it is used up; the share is that of now."""
    _tell(EXCEEDED, window, window.spent * 100 // window.budget.amount, once=f"{EXCEEDED} {window.pk}")


def _tell(event: str, window: BudgetWindow, share: int, *, once: str) -> None:
    organisation = window.budget.organisation_id
    notify(event, organisation, said_of(window, share), once=once, mailboxes=_mailboxes(organisation))


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
