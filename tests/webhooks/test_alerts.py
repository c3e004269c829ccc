"""Whoever answers for the money hears once of each share that a budget has reached: by webhook and by mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core import mail
from pytest_django import Settings

from llm.ledger.alerts import budget_alert, budget_exceeded
from llm.models import Budget, BudgetWindow, Membership, Organisation
from tests.llm import rows
from tests.llm.doubles import HandClock
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery, State
from webhooks.outbox import WAITS
from webhooks.sending import attempt

DOLLAR = 10**12


@pytest.fixture
def window(acme: Organisation) -> BudgetWindow:
    key, _ = rows.key("frontend")
    budget = Budget.objects.create(organisation=acme, scope="key", key=key, amount=50 * DOLLAR)
    return BudgetWindow.objects.create(
        budget=budget,
        starts_at=datetime(2026, 10, 31, 23, tzinfo=UTC),
        spent=40 * DOLLAR + DOLLAR // 8,
        reserved=DOLLAR,
    )


def reached(window: BudgetWindow, share: int) -> None:
    """As the ledger says it."""
    budget_alert.send(BudgetWindow, budget=window.budget, window=window, share=share)


def used_up(window: BudgetWindow) -> None:
    budget_exceeded.send(BudgetWindow, budget=window.budget, window=window)


def member(
    organisation: Organisation, name: str, role: str, *, email: str | None = None, is_active: bool = True
) -> None:
    user = User.objects.create_user(name, f"{name}@example.com" if email is None else email, is_active=is_active)
    Membership.objects.create(user=user, organisation=organisation, role=role)


def test_a_webhook_hears_all_of_it(
    hooked: Callable[..., object], window: BudgetWindow, clock: HandClock, receiver: Receiver
) -> None:
    hooked()
    reached(window, 80)
    attempt(Delivery.objects.get().pk, clock)

    assert receiver.heard[0].said["type"] == "budget.alert"
    assert receiver.heard[0].said["data"] == {
        "budget": "the budget of key frontend",
        "budget_id": window.budget_id,
        "organisation": "acme",
        "scope": "key",
        "period": "month",
        "hard": True,
        "share": 80,
        "spent": "40.125",
        "reserved": "1",
        "amount": "50",
        "currency": "USD",
        "starts_at": "2026-10-31T23:00:00+00:00",
        "resets_at": "2026-11-30T23:00:00+00:00",
        "resets": "resets on 1 December, 00:00 (Europe/Paris)",
    }


def test_its_end_is_another_event_and_says_how_much_is_spent(
    hooked: Callable[..., object], window: BudgetWindow, clock: HandClock, receiver: Receiver
) -> None:
    hooked(events=["budget.exceeded"])
    reached(window, 80)
    for _ in range(2):
        used_up(window)
    attempt(Delivery.objects.get().pk, clock)

    (heard,) = receiver.heard
    assert heard.said["type"] == "budget.exceeded"
    assert {name: heard.said["data"][name] for name in ("share", "spent", "amount")} == {
        "share": 80,
        "spent": "40.125",
        "amount": "50",
    }


def test_managers_and_operators_with_an_address_get_one_mail_for_each_share(
    window: BudgetWindow, clock: HandClock, acme: Organisation
) -> None:
    member(acme, "manager", "manager")
    member(acme, "operator", "operator")
    member(acme, "editor", "editor")
    member(acme, "nowhere", "manager", email="")
    member(acme, "gone", "manager", is_active=False)
    member(Organisation.objects.create(name="other"), "stranger", "manager")
    for share in (80, 80):
        reached(window, share)
    used_up(window)
    for delivery in Delivery.objects.order_by("pk"):
        attempt(delivery.pk, clock)

    assert sorted((sent.to[0], sent.subject) for sent in mail.outbox) == [
        ("manager@example.com", "80 % of the budget of key frontend is spent"),
        ("manager@example.com", "The budget of key frontend is used up"),
        ("operator@example.com", "80 % of the budget of key frontend is spent"),
        ("operator@example.com", "The budget of key frontend is used up"),
    ]
    for words in ("At acme, the budget of key frontend has reached 80 %.", "40.125 USD", "50 USD"):
        assert words in mail.outbox[0].body
    assert "It resets on 1 December, 00:00 (Europe/Paris). Calls beyond it are refused." in mail.outbox[0].body
    assert "At acme, the budget of key frontend is used up, with 80 % spent." in mail.outbox[-1].body


@pytest.mark.parametrize("match", ["a\nb", "a\r\nBcc: everybody@example.com", "\x85x"])
def test_no_users_name_is_too_strange_for_a_mail(
    window: BudgetWindow, clock: HandClock, acme: Organisation, match: str
) -> None:
    Budget.objects.update(scope="user", key=None, match=match)
    member(acme, "ada", "manager")
    reached(BudgetWindow.objects.get(), 80)
    attempt(Delivery.objects.get().pk, clock)

    assert Delivery.objects.get().state == State.DELIVERED
    assert mail.outbox[0].to == ["ada@example.com"]


def test_a_mail_server_that_is_away_is_tried_again(
    window: BudgetWindow, clock: HandClock, acme: Organisation, settings: Settings
) -> None:
    member(acme, "ada", "manager")
    reached(window, 80)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    delivery = Delivery.objects.get().pk
    assert attempt(delivery, clock) == WAITS[0]
    assert "The mail server said:" in Delivery.objects.get().last_error

    clock.seconds += WAITS[0]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    attempt(delivery, clock)
    assert (len(mail.outbox), Delivery.objects.get().state) == (1, State.DELIVERED)
