from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from llm.models import ApiKey, Keyring, Organisation
from llm.models.frozen import load_callers
from llm.vault import digest
from tests.llm import rows
from tests.llm.admin.conftest import Filled

ADD = "/admin/llm/apikey/add/"


def change_url(key: ApiKey) -> str:
    return reverse("admin:llm_apikey_change", args=[key.pk])


@pytest.fixture
def page(operator: Client, filled: Filled) -> str:
    """What the operator sees after making the key `frontend`."""
    acme = Organisation.objects.create(name="acme")
    rows.model("echo", rows.provider("echo", kind="echo"))
    response = operator.post(ADD, {**filled(ADD), "name": "frontend", "organisation": str(acme.pk)})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def secret_on(page: str) -> str:
    found = re.search(r"gh_[\w-]{43}", page)
    assert found is not None
    return found.group()


def test_a_new_key_is_shown_and_works(page: str) -> None:
    (caller,) = load_callers([digest(secret_on(page), Keyring.pepper())]).values()
    assert caller.key_name == "frontend"
    assert caller.scopes == {"generate", "prompts.read", "batches", "usage", "requests"}


def test_it_is_shown_exactly_once(page: str, operator: Client) -> None:
    secret, key = secret_on(page), ApiKey.objects.get()
    assert page.count(secret) == 4  # alone, and in three snippets
    for url in (change_url(key), "/admin/llm/apikey/", "/admin/"):
        assert secret not in operator.get(url).content.decode()
    assert secret not in str(list(LogEntry.objects.values()))
    assert secret not in str(operator.cookies)


def test_no_page_shows_a_digest(operator: Client) -> None:
    key, secret = rows.key()
    for url in (change_url(key), "/admin/llm/apikey/"):
        html = operator.get(url).content.decode()
        assert str(key.digest) not in html
        assert f"…{secret[-4:]}" in html


def test_editing_a_key_leaves_its_secret(operator: Client, filled: Filled) -> None:
    key, _ = rows.key(origins=["https://app.example"])
    rows.model("echo")
    form = {**filled(change_url(key)), "requests_per_minute": "60", "models": "gpt-*\n\n echo ", "digest": "0" * 64}
    assert operator.post(change_url(key), form).status_code == 302
    edited = ApiKey.objects.get()
    assert (edited.digest, edited.requests_per_minute) == (key.digest, 60)
    assert (edited.models, edited.origins) == (["gpt-*", "echo"], ["https://app.example"])


@pytest.mark.parametrize(
    ("models", "refused"),
    [("gpt-4o*\nsmall\ngone", ""), ("small\nsmal", "smal"), ("tiny", "tiny"), ("small-?", "")],
    ids=["known and stale", "misspelt", "an alias", "a pattern"],
)
def test_a_misnamed_model_is_refused_and_not_ignored(
    operator: Client, filled: Filled, models: str, refused: str
) -> None:
    """But for one that the key names already: it must not be in the way of whoever disables the key, say."""
    key, _ = rows.key(models=["gone"])
    rows.model("small").aliases.create(name="tiny")
    html = operator.post(change_url(key), {**filled(change_url(key)), "models": models}).content.decode()
    assert (f"There is no model {refused};" in html) is bool(refused)
    assert (ApiKey.objects.get().models == ["gone"]) is bool(refused)


def test_nonsense_is_said_at_its_field(operator: Client, filled: Filled) -> None:
    key, _ = rows.key()
    response = operator.post(change_url(key), {**filled(change_url(key)), "origins": "app.example"})
    assert "must be like https://app.example" in response.content.decode()
