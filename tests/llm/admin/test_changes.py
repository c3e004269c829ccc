"""The history says who changed what, from what, to what; a secret it calls by its name alone."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from llm.models import Team
from tests.llm import rows
from tests.llm.admin.conftest import Filled


def told() -> str:
    entry = LogEntry.objects.latest("pk")
    assert entry.user == User.objects.get(username="ada")
    return str(entry.get_change_message())


def test_a_number_and_a_switch(operator: Client, filled: Filled) -> None:
    url = reverse("admin:llm_provider_change", args=[rows.provider().pk])
    form = {**filled(url), "retries": "1"}
    del form["caching"]
    operator.post(url, form)
    assert told() == "Changed Retries from 3 to 1 and Caching from yes to no."


def test_a_secret_is_only_named(operator: Client, filled: Filled) -> None:
    url = reverse("admin:llm_provider_change", args=[rows.provider().pk])
    operator.post(url, {**filled(url), "new_secret": "sk-canary-0123456789"})
    assert told() == "Changed New secret."


def test_a_list_and_another_row(operator: Client, filled: Filled) -> None:
    key, _ = rows.key()
    rows.model("echo")
    team = Team.objects.create(organisation=key.organisation, name="web")
    url = reverse("admin:llm_apikey_change", args=[key.pk])
    operator.post(url, {**filled(url), "models": "gpt-*\necho", "team": str(team.pk)})
    assert told() == "Changed Team from none to web and Models from * to gpt-*, echo."


def test_money_in_dollars_and_the_part_it_belongs_to(operator: Client, filled: Filled) -> None:
    route = rows.model("gpt", rows.provider()).routes.get()
    url = reverse("admin:llm_route_change", args=[route.pk])
    operator.post(url, {**filled(url), "prices-0-input": "0.30"})
    assert told().startswith("Changed Input from 1 USD to 0.3 USD for route price “price of gpt at openai")


def test_what_was_added(operator: Client, filled: Filled) -> None:
    add = "/admin/llm/organisation/add/"
    operator.post(add, {**filled(add), "name": "acme", "teams-TOTAL_FORMS": "1", "teams-0-name": "web"})
    assert told() == "Added. Added team “web”."


def test_a_password_is_only_named(operator: Client) -> None:
    user = User.objects.create_user("bob", password="canary-former-81")
    new = {"password1": "canary-later-Vd81Qx", "password2": "canary-later-Vd81Qx", "usable_password": "true"}
    assert operator.post(f"/admin/auth/user/{user.pk}/password/", new).status_code == 302
    assert "canary" not in str(list(LogEntry.objects.values()))
    assert told() == "Changed Password."
