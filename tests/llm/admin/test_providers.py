from __future__ import annotations

import time

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from llm.admin import providers
from llm.call import SystemClock
from llm.errors import ProviderUnreachable
from llm.models import Provider
from llm.routing import Circuits
from llm.routing.circuits import FAILURES
from tests.llm import rows
from tests.llm.admin.conftest import Filled
from tests.llm.doubles import route

SECRET = "sk-canary-0123456789"


def change_url(provider: Provider) -> str:
    return reverse("admin:llm_provider_change", args=[provider.pk])


def test_a_secret_goes_in_and_never_comes_out(operator: Client, filled: Filled) -> None:
    add = "/admin/llm/provider/add/"
    form = {**filled(add), "name": "openai", "kind": "openai", "new_secret": SECRET}
    assert operator.post(add, form).status_code == 302
    provider = Provider.objects.get()
    assert provider.opened_secret() == SECRET
    for url in (change_url(provider), "/admin/llm/provider/", "/admin/"):
        html = operator.get(url).content.decode()
        assert "canary" not in html
        assert provider.sealed_secret not in html
    assert "ends in 6789, set" in operator.get(change_url(provider)).content.decode()
    assert "canary" not in str(list(LogEntry.objects.values()))


def test_a_circuit_that_is_open_is_the_first_thing_said(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    circuits, way = Circuits(SystemClock()), route("one")
    monkeypatch.setattr(providers, "circuits", lambda: circuits)
    failing, other = rows.provider(way.provider.name), rows.provider("another")
    for second in range(FAILURES):
        circuits.of(way).fail(time.monotonic() + second / 1000, ProviderUnreachable("No."), on_trial=False)

    said = f"The circuit of {way.upstream_model} is open: {FAILURES} of {FAILURES} tries failed"
    assert said in operator.get(change_url(failing)).content.decode()
    assert said not in operator.get(change_url(other)).content.decode()


def test_a_form_that_is_refused_does_not_give_the_secret_back(operator: Client, filled: Filled) -> None:
    add = "/admin/llm/provider/add/"
    response = operator.post(add, {**filled(add), "name": "two words", "kind": "openai", "new_secret": SECRET})
    assert response.status_code == 200
    assert "canary" not in response.content.decode()


def test_an_empty_field_keeps_the_secret(operator: Client, filled: Filled) -> None:
    provider = rows.provider(secret=SECRET)
    operator.post(change_url(provider), {**filled(change_url(provider)), "retries": "1"})
    provider.refresh_from_db()
    assert (provider.opened_secret(), provider.retries) == (SECRET, 1)


def test_a_ticked_box_forgets_it(operator: Client, filled: Filled) -> None:
    provider = rows.provider(secret=SECRET)
    operator.post(change_url(provider), {**filled(change_url(provider)), "forget_secret": "on"})
    provider.refresh_from_db()
    assert not provider.has_secret


def test_another_host_forgets_it_and_says_so(operator: Client, filled: Filled) -> None:
    provider = rows.provider(secret=SECRET, base_url="https://api.openai.com/v1")
    form = {**filled(change_url(provider)), "base_url": "https://evil.example/v1"}
    response = operator.post(change_url(provider), form, follow=True)
    assert "The secret was for another host" in response.content.decode()
    provider.refresh_from_db()
    assert provider.sealed_secret == ""


def test_an_address_we_do_not_call_is_refused(operator: Client, filled: Filled) -> None:
    provider = rows.provider()
    form = {**filled(change_url(provider)), "base_url": "http://169.254.169.254/"}
    assert "ALLOWED_PRIVATE_HOSTS" in operator.post(change_url(provider), form).content.decode()
