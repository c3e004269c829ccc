"""A webhook leads where it may, and never loses or shows its secret."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError
from pytest_django import Settings

from llm import vault
from llm.models import Organisation
from webhooks.models import Webhook

pytestmark = pytest.mark.django_db


def webhook(url: str = "https://hooks.example/gatehouse", **fields: object) -> Webhook:
    made = Webhook(url=url, **fields)
    made.renew_secret()
    return made


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example/", "must be https"),
        ("http://127.0.0.1:9000/", "leads to this machine"),
        ("https://localhost/", "leads to this machine"),
        ("https://10.0.0.7/", "private network"),
        ("https://169.254.169.254/latest", "private network"),
        ("https://ada:secret@hooks.example/", "credentials"),
        ("https://hooks.example/?token=1", "query"),
        ("ftp://hooks.example/", "https://"),
    ],
)
def test_an_address_that_is_not_called_is_not_kept(url: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        webhook(url).full_clean()
    assert words in str(refused.value.message_dict["url"])


def test_a_private_one_is_kept_where_the_environment_lists_it(settings: Settings) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = ["hooks.internal", "10.0.0.0/8"]
    for url in ("http://hooks.internal/", "http://10.0.0.7:8080/hooks"):
        webhook(url).full_clean()


def test_news_of_providers_is_for_those_of_all_organisations() -> None:
    acme = Organisation.objects.create(name="acme")
    webhook().full_clean()
    with pytest.raises(ValidationError, match="are of no organisation"):
        webhook(organisation=acme).full_clean()
    webhook(organisation=acme, events=["budget.alert"]).full_clean()


@pytest.mark.parametrize("events", [[], ["budget.alerts"], "budget.alert"])
def test_it_wants_events_that_there_are(events: object) -> None:
    with pytest.raises(ValidationError):
        webhook(events=events).full_clean()


def test_one_without_a_secret_cannot_be_kept() -> None:
    with pytest.raises(IntegrityError):
        Webhook.objects.create(url="https://hooks.example/")


def test_a_secret_is_sealed_and_outlives_a_change_of_the_sealing_key(settings: Settings) -> None:
    made = webhook()
    secrets = [made.renew_secret(), made.renew_secret()]
    made.save()
    settings.SECRETS_KEYS = ["A" * 43 + "=", *settings.SECRETS_KEYS]
    call_command("rotate_secrets")
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]

    kept = Webhook.objects.get()
    assert kept.former_until is not None
    assert kept.signers(kept.created_at) == secrets[::-1]
    assert not any(secret[6:] in f"{kept.sealed_secret}{kept.former_sealed_secret}" for secret in secrets)
    with pytest.raises(vault.Unopenable):
        vault.current().open(kept.sealed_secret)
