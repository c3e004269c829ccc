"""An operator's way to webhooks: a secret shown once, a test event, and messages sent again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from llm.models import Organisation
from webhooks import outbox
from webhooks.models import Delivery, State, Webhook

Hooked = Callable[..., tuple[Webhook, str]]
SECRET = re.compile(r'id="issued-secret">(whsec_[\w+/=]+)<')
URL = "https://hooks.example/gatehouse"
EVENTS = ["budget.alert", "budget.exceeded"]


@pytest.fixture
def operator(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture(autouse=True)
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What workers were told of."""
    told: list[int] = []
    monkeypatch.setattr(outbox, "hint", told.extend)
    return told


def test_a_secret_is_shown_once_when_it_is_made(operator: Client) -> None:
    page = operator.post("/admin/webhooks/webhook/add/", {"url": URL, "events": EVENTS}).content.decode()
    found = SECRET.search(page)
    assert found
    webhook = Webhook.objects.get()
    assert webhook.signers(timezone.now()) == [found[1]]
    for path in ("", f"{webhook.pk}/change/", f"{webhook.pk}/history/"):
        assert found[1][6:] not in operator.get(f"/admin/webhooks/webhook/{path}").content.decode()


def test_a_new_secret_leaves_the_former_one_a_day(operator: Client, hooked: Hooked) -> None:
    webhook, former = hooked()
    found = SECRET.search(operator.post(f"/admin/webhooks/webhook/{webhook.pk}/secret/").content.decode())
    assert found
    webhook.refresh_from_db()
    assert webhook.signers(timezone.now()) == [found[1], former]
    assert webhook.signers(timezone.now() + timedelta(hours=25)) == [found[1]]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "http://hooks.example", "events": EVENTS}, "must be https"),
        ({"url": "https://10.0.0.1", "events": EVENTS}, "ALLOWED_PRIVATE_HOSTS"),
        ({"url": URL}, "This field is required"),
        ({"url": URL, "events": ["circuit.opened"], "organisation": "1"}, "of no organisation"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    operator: Client, acme: Organisation, form: dict[str, object], words: str, settings: Settings
) -> None:
    if "organisation" in form:
        form["organisation"] = acme.pk
    assert words in operator.post("/admin/webhooks/webhook/add/", form).content.decode()
    assert not Webhook.objects.exists()


def test_a_test_event_goes_out(
    operator: Client, hooked: Hooked, hinted: list[int], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    webhook, _ = hooked(events=EVENTS)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # a context manager
        page = operator.post(f"/admin/webhooks/webhook/{webhook.pk}/test/", follow=True).content.decode()
    delivery = Delivery.objects.get()
    assert "is on its way" in page
    assert (delivery.event, delivery.webhook) == ("webhook.test", webhook)
    assert hinted == [delivery.pk]


def test_what_was_given_up_is_sent_again(
    operator: Client, hooked: Hooked, hinted: list[int], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    webhook, _ = hooked()
    outbox.try_out(webhook)
    delivery = Delivery.objects.get()
    Delivery.objects.update(
        state=State.FAILED, attempts=8, ended_at=timezone.now(), last_error="<b>It</b> answered 500."
    )
    page = operator.get("/admin/webhooks/delivery/").content.decode()
    assert "&lt;b&gt;It&lt;/b&gt; answered 500." in page

    asked = {"action": "send_again", "_selected_action": delivery.pk}
    assert "tried at once" in operator.post("/admin/webhooks/delivery/", asked).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # as above
        operator.post("/admin/webhooks/delivery/", asked | {"agreed": "yes"})
    again = Delivery.objects.get()
    assert (again.state, again.attempts, again.message) == (State.WAITING, 0, delivery.message)
    assert hinted == [delivery.pk]


def test_one_that_closed_itself_says_why(operator: Client, hooked: Hooked) -> None:
    webhook, _ = hooked()
    Webhook.objects.update(disabled=True, disabled_because="It answered 410.")
    address = f"/admin/webhooks/webhook/{webhook.pk}/change/"
    assert "disabled by itself. It answered 410." in operator.get(address).content.decode()
    operator.post(address, {"url": URL, "events": EVENTS})
    webhook.refresh_from_db()
    assert (webhook.disabled, webhook.disabled_because) == (False, "")


def test_a_delivery_is_read_and_not_changed(operator: Client, hooked: Hooked) -> None:
    outbox.try_out(hooked()[0])
    address = f"/admin/webhooks/delivery/{Delivery.objects.get().pk}/change/"
    assert "nothing happened" in operator.get(address).content.decode()
    assert operator.post(address, {"state": "delivered"}).status_code == 403
