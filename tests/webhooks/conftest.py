"""A receiver, a webhook that leads to it, and a clock in the hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from llm.models import Organisation
from tests.llm.doubles import HandClock
from tests.webhooks.receiver import Receiver, receiving
from webhooks.models import Webhook


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    clock = HandClock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def acme(db: None) -> Organisation:
    return Organisation.objects.create(name="acme", time_zone="Europe/Paris")


@pytest.fixture
def hooked(receiver: Receiver, settings: Settings, db: None) -> Callable[..., tuple[Webhook, str]]:
    """Makes webhooks to the receiver, or elsewhere, each with its secret."""
    settings.ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]

    def make(**fields: Any) -> tuple[Webhook, str]:
        webhook = Webhook(**{"url": receiver.url, **fields})
        secret = webhook.renew_secret()
        webhook.save()
        return webhook, secret

    return make
