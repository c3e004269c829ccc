from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from llm.models import Alias, ApiKey, Keyring, Organisation
from llm.models.frozen import load_callers
from llm.models.limited import LIMIT_NAMES
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


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("gpt-4o-mimi", "There is no model &#x27;gpt-4o-mimi&#x27;. Did you mean gpt-4o-mini?"),
        ("small", "small is an alias: write gpt-4o-mini, which it stands for."),
        ("gpt 4*", "must be a model&#x27;s name or a pattern"),
    ],
)
def test_a_model_that_is_none_is_refused_at_its_field(
    operator: Client, filled: Filled, models: str, words: str
) -> None:
    Alias.objects.create(model=rows.model("gpt-4o-mini"), name="small")
    key, _ = rows.key(models=["gone"])
    form = filled(change_url(key))

    assert words in operator.post(change_url(key), {**form, "models": models}).content.decode()
    assert operator.post(change_url(key), {**form, "models": "gone\ngpt-4o-mini\ngpt-*"}).status_code == 302


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("0", "Must be 1 or more."),
        ("-1", "Must be 1 or more."),
        ("1" * 30, "Must be 1,000,000,000 or less; leave it out where there is no limit."),
        ("1.5", "Enter a whole number."),
    ],
)
@pytest.mark.parametrize("field", LIMIT_NAMES)
def test_a_limit_that_is_none_is_refused_at_its_field(
    operator: Client, filled: Filled, field: str, limit: str, words: str
) -> None:
    key, _ = rows.key()
    answer = operator.post(change_url(key), {**filled(change_url(key)), field: limit})
    assert answer.context["adminform"].form.errors == {field: [words]}


def test_editing_a_key_leaves_its_secret(operator: Client, filled: Filled) -> None:
    key, _ = rows.key(origins=["https://app.example"])
    rows.model("echo")
    form = {**filled(change_url(key)), "requests_per_minute": "60", "models": "gpt-*\n\n echo ", "digest": "0" * 64}
    assert operator.post(change_url(key), form).status_code == 302
    edited = ApiKey.objects.get()
    assert (edited.digest, edited.requests_per_minute) == (key.digest, 60)
    assert (edited.models, edited.origins) == (["gpt-*", "echo"], ["https://app.example"])


def test_nonsense_is_said_at_its_field(operator: Client, filled: Filled) -> None:
    key, _ = rows.key()
    response = operator.post(change_url(key), {**filled(change_url(key)), "origins": "app.example"})
    assert "must be like https://app.example" in response.content.decode()
