"""Messages reach a real receiver signed, again and again until it takes them, and nobody else ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from llm.models import Organisation
from tests.llm.doubles import HandClock
from tests.services import free_port
from tests.webhooks.receiver import Receiver
from webhooks import outbox, posting
from webhooks.events import ALERT, EVENTS, OPENED
from webhooks.models import OVERLAP, Delivery, State, Webhook
from webhooks.outbox import LEASE, WAITS, notify
from webhooks.sending import attempt

Hooked = Callable[..., tuple[Webhook, str]]
SAID = {"share": 80, "name": "Ünïcode ✓"}


def told(clock: HandClock, event: str = ALERT, organisation: int | None = None) -> Delivery:
    """The delivery of one notice."""
    notify(event, organisation, SAID)
    return Delivery.objects.latest("pk")


def test_a_message_is_signed_as_published(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    _, secret = hooked()
    attempt(told(clock).pk, clock)

    (heard,) = receiver.heard
    assert heard.is_signed_with(secret)
    assert heard.headers["webhook-timestamp"] == str(int(clock.now().timestamp()))
    assert heard.headers["content-type"] == "application/json"
    assert heard.said == {"type": ALERT, "timestamp": clock.now().isoformat(), "data": SAID}
    assert Delivery.objects.get().state == State.DELIVERED


def test_another_secret_does_not_fit(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    _, secret = hooked()
    attempt(told(clock).pk, clock)

    assert not receiver.heard[0].is_signed_with("whsec_" + "A" * 44)
    assert secret not in str(receiver.heard)


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(
    hooked: Hooked, receiver: Receiver, clock: HandClock
) -> None:
    webhook, former = hooked()
    secret = webhook.renew_secret()
    webhook.save()
    attempt(told(clock).pk, clock)
    clock.seconds += OVERLAP.total_seconds() + 1
    attempt(told(clock).pk, clock)

    during, after = receiver.heard
    assert during.is_signed_with(former)
    assert during.is_signed_with(secret)
    assert not after.is_signed_with(former)
    assert after.is_signed_with(secret)


def test_it_is_tried_again_after_growing_waits_under_one_id_until_it_is_taken(
    hooked: Hooked, receiver: Receiver, clock: HandClock
) -> None:
    hooked()
    receiver.statuses = [500, 503, 200]
    delivery = told(clock).pk

    waits = []
    while (wait := attempt(delivery, clock)) is not None:
        waits.append(wait)
        clock.seconds += wait - 1
        assert attempt(delivery, clock) is None, "it was tried before its time"
        clock.seconds += 1
    assert waits == list(WAITS[:2])
    assert len({heard.name for heard in receiver.heard}) == 1
    assert len({heard.headers["webhook-timestamp"] for heard in receiver.heard}) == 3
    assert len({heard.body for heard in receiver.heard}) == 1
    assert attempt(delivery, clock) is None


def test_it_is_given_up_after_the_last_wait(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    hooked()
    receiver.status, receiver.words = 500, b"<b>Oh no</b>, key sk-abcdefghijklmnop"
    delivery = told(clock).pk

    waits = []
    while (wait := attempt(delivery, clock)) is not None:
        waits.append(wait)
        clock.seconds += wait
    assert tuple(waits) == WAITS
    assert len(receiver.heard) == len(WAITS) + 1
    row = Delivery.objects.get()
    assert row.state == State.FAILED
    assert row.last_error == "It answered 500. <b>Oh no</b>, key [hidden]"


def test_gone_disables_the_webhook_and_what_waits_for_it(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    webhook, _ = hooked()
    receiver.status = 410
    first, second = told(clock), told(clock)
    assert attempt(first.pk, clock) is None
    assert attempt(second.pk, clock) is None
    notify(ALERT, None, SAID)

    webhook.refresh_from_db()
    assert (webhook.disabled, "410" in webhook.disabled_because) == (True, True)
    assert len(receiver.heard) == 1
    assert [row.state for row in Delivery.objects.all()] == [State.FAILED, State.FAILED]


def test_a_redirect_is_not_followed(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    hooked()
    receiver.status, receiver.location = 307, f"{receiver.url}/elsewhere"

    assert attempt(told(clock).pk, clock) == WAITS[0]
    assert [heard.path for heard in receiver.heard] == ["/hooks"]
    assert "307: redirects are not followed" in Delivery.objects.get().last_error


def test_a_slow_receiver_is_left_and_tried_again(
    hooked: Hooked, receiver: Receiver, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "PATIENCE", 0.2)
    hooked()
    receiver.gate.clear()

    assert attempt(told(clock).pk, clock) == WAITS[0]
    assert Delivery.objects.get().last_error == "It did not answer within 0.2 seconds."


def test_nobody_listens(hooked: Hooked, clock: HandClock) -> None:
    hooked(url=f"http://127.0.0.1:{free_port()}/")
    attempt(told(clock).pk, clock)

    assert "could not be reached" in Delivery.objects.get().last_error


@pytest.mark.parametrize("allowed", [[], ["10.0.0.0/8"]])
def test_a_private_address_is_judged_again_when_it_is_called(
    hooked: Hooked, receiver: Receiver, clock: HandClock, settings: Settings, allowed: list[str]
) -> None:
    hooked()
    settings.ALLOWED_PRIVATE_HOSTS = allowed

    assert attempt(told(clock).pk, clock) == WAITS[0]
    assert receiver.heard == []
    assert "ALLOWED_PRIVATE_HOSTS" in Delivery.objects.get().last_error


def test_a_name_that_leads_inside_is_not_called(
    hooked: Hooked, receiver: Receiver, clock: HandClock, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def leads_home(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_, **__: leads_home(host, port))
    hooked(url=f"https://inner.example:{receiver.port}/hooks")
    settings.ALLOWED_PRIVATE_HOSTS = []
    attempt(told(clock).pk, clock)

    assert receiver.heard == []
    assert "private network" in Delivery.objects.get().last_error


def test_who_has_claimed_it_has_it_alone_for_the_lease(hooked: Hooked, clock: HandClock) -> None:
    hooked()
    delivery = told(clock).pk
    first = outbox.claim(delivery, clock.now())
    assert first is not None
    assert outbox.claim(delivery, clock.now()) is None

    clock.seconds += LEASE
    second = outbox.claim(delivery, clock.now())
    assert second is not None
    outbox.settle(first, outbox.Outcome("It was too late."), clock.now())
    assert Delivery.objects.get().last_error == "", "a worker whose lease is over wrote down what came of its try"
    outbox.settle(second, outbox.Outcome(), clock.now())
    assert Delivery.objects.get().state == State.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    hooked()
    delivery = told(clock).pk

    def work() -> None:
        attempt(delivery, clock)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.heard) == 1


def test_what_kills_every_worker_that_tries_it_is_given_up(hooked: Hooked, clock: HandClock) -> None:
    hooked()
    delivery = told(clock).pk
    for _ in range(len(WAITS) + 1):
        assert outbox.give_up(clock.now()) == 0
        assert outbox.claim(delivery, clock.now()) is not None
        clock.seconds += LEASE

    assert outbox.claim(delivery, clock.now()) is None
    assert outbox.give_up(clock.now()) == 1
    assert Delivery.objects.get().state == State.FAILED


def test_who_hears_of_what(hooked: Hooked, clock: HandClock, acme: Organisation) -> None:
    other = Organisation.objects.create(name="other")
    everybody, _ = hooked()
    own, _ = hooked(organisation=acme)
    hooked(organisation=other)
    hooked(organisation=acme, events=[event for event in EVENTS if event != ALERT])
    hooked(disabled=True)

    notify(ALERT, acme.pk, SAID)
    assert {row.webhook_id for row in Delivery.objects.all()} == {everybody.pk, own.pk}
    Delivery.objects.all().delete()
    notify(OPENED, None, SAID)
    assert [row.webhook_id for row in Delivery.objects.all()] == [everybody.pk]


def test_what_is_said_twice_is_told_once(hooked: Hooked, clock: HandClock) -> None:
    hooked()
    for _ in range(2):
        notify(ALERT, None, SAID, once="that", mailboxes=["ada@example.com"])
    notify(ALERT, None, SAID, once="this")

    assert Delivery.objects.count() == 3


def test_a_secret_that_cannot_be_read_signs_nothing(hooked: Hooked, receiver: Receiver, clock: HandClock) -> None:
    webhook, _ = hooked()
    Webhook.objects.filter(pk=webhook.pk).update(sealed_secret="sealed-elsewhere")

    assert attempt(told(clock).pk, clock) == WAITS[0]
    assert receiver.heard == []
    assert "rotate it" in Delivery.objects.get().last_error


def test_what_is_due_is_found_and_what_is_not_is_left(hooked: Hooked, clock: HandClock) -> None:
    hooked()
    early, late = told(clock), told(clock)
    Delivery.objects.filter(pk=late.pk).update(due_at=clock.now() + timedelta(seconds=1))

    assert outbox.due(clock.now(), 10) == [early.pk]
