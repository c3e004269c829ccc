"""The Test button of a provider, pressed against the fake vendor."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from llm.admin import probes
from llm.errors import ProviderAuth
from llm.models import Provider
from llm.providers.base import Probe
from llm.registry import ProviderSpec
from tests.llm import rows
from tests.services import free_port
from tests.upstream import Upstream

SECRET = "sk-canary-0123456789"


def press(operator: Client, provider: Provider) -> str:
    """What the page then says."""
    response = operator.post(reverse("admin:llm_provider_test", args=[provider.pk]), follow=True)
    assert response.redirect_chain == [(reverse("admin:llm_provider_change", args=[provider.pk]), 302)]
    assert "canary" not in response.content.decode()
    (message,) = response.context["messages"]
    return str(message)


def vendor(upstream: Upstream, secret: str = SECRET) -> Provider:
    return rows.provider(secret=secret, base_url=upstream.base_url)


def test_a_right_key_tells_the_time_and_the_models(operator: Client, upstream: Upstream) -> None:
    said = press(operator, vendor(upstream))
    assert re.search(r"openai answered in \d+\.\d\d s\.", said)
    assert "gpt-4o" in said
    assert upstream.requests[-1].key == SECRET


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("sk-play-status-401", "(status 401). Enter a key that the vendor knows"),
        ("sk-play-status-404", "(status 404). Look at the address: it ends where the vendor's paths begin"),
        ("sk-play-status-429", "(status 429). The key is known, and its limit at the vendor is used up"),
        ("sk-play-status-503", "(status 503). The address is right, and the vendor has trouble of its own"),
        ("sk-play-html-200", "Look at the address and the kind: what answers there does not speak"),
    ],
)
def test_a_refusal_is_told_with_its_mend(operator: Client, upstream: Upstream, secret: str, said: str) -> None:
    assert said in press(operator, vendor(upstream, secret))


def test_an_address_that_is_not_called_says_who_may_allow_it(operator: Client) -> None:
    provider = rows.provider()
    Provider.objects.update(base_url="http://10.1.2.3/v1")
    assert "ALLOWED_PRIVATE_HOSTS. Look at the host of the address" in press(operator, provider)


def test_a_missing_key_is_told_as_such(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake vendor answers whoever comes; one that does not is stood in for."""

    async def refuse(spec: ProviderSpec) -> Probe:
        assert not spec.secret
        raise ProviderAuth("You did not provide an API key.")

    monkeypatch.setattr(probes, "probe", refuse)
    assert "No secret is set: enter the vendor's key" in press(operator, rows.provider())


def test_a_port_where_nobody_listens_is_told(operator: Client) -> None:
    provider = rows.provider(secret=SECRET, base_url=f"http://127.0.0.1:{free_port()}/v1")
    assert "could not be reached. Look at the host and the port" in press(operator, provider)


def test_the_built_in_provider_passes(operator: Client) -> None:
    assert "echo answered in 0." in press(operator, rows.provider("echo", kind="echo"))


def test_a_kind_that_cannot_be_asked_says_so(operator: Client) -> None:
    Provider.objects.create(name="odd", kind="odd")
    assert "cannot be asked yet" in press(operator, Provider.objects.get())


def test_looking_does_not_test(operator: Client, upstream: Upstream) -> None:
    assert operator.get(reverse("admin:llm_provider_test", args=[vendor(upstream).pk])).status_code == 405
    assert upstream.received == []


def test_only_who_may_change_providers_tests_them(client: Client, upstream: Upstream, db: None) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_provider"))
    client.force_login(reader)
    provider = vendor(upstream)
    assert client.post(reverse("admin:llm_provider_test", args=[provider.pk])).status_code == 403
    assert "Test</button>" not in client.get(reverse("admin:llm_provider_change", args=[provider.pk])).content.decode()
    assert upstream.received == []


def test_a_provider_that_is_none_is_not_found(operator: Client) -> None:
    assert operator.post("/admin/llm/provider/999/test/").status_code == 404
