from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from llm.models import Keyring, Model, Organisation, Provider, RoutePrice
from llm.models.frozen import load_snapshot
from llm.registry_file import export
from llm.vendors import CATALOGUE, KEY_NAMES, ollama_url

pytestmark = pytest.mark.django_db


def bootstrap() -> list[str]:
    """What it says it did."""
    out = io.StringIO()
    call_command("bootstrap", stdout=out, stderr=io.StringIO())
    return out.getvalue().splitlines()


def test_without_a_vendors_key_there_is_echo_and_it_is_the_default() -> None:
    bootstrap()
    snapshot = load_snapshot(1)
    assert list(snapshot.models) == ["echo", "echo-slow", "echo-fail", "echo-cut"]
    assert snapshot.default_model == "echo"
    assert all(model.routes[0].prices[0].input for model in snapshot.models.values())
    assert Organisation.objects.get().name == "demo"
    assert Keyring.objects.exists()


def test_again_is_harmless() -> None:
    bootstrap()
    before = export()
    assert bootstrap() == []
    assert export() == before


@pytest.mark.parametrize("vendor", KEY_NAMES)
def test_a_vendors_key_brings_its_provider_models_and_default(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAMES[vendor][-1], "sk-found-there-0123")
    bootstrap()
    provider = Provider.objects.get(name=vendor)
    assert provider.opened_secret() == "sk-found-there-0123"
    assert load_snapshot(1).default_model == str(provider.default_model)
    assert provider.default_model is not None
    assert provider.default_model.routes.get().provider == provider
    assert not Model.objects.filter(routes=None, retires_on=None).exists()


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "google", "groq", "mistral", "deepseek"])
def test_every_known_model_has_a_list_price(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAMES[vendor][0], "sk-found-there-0123")
    bootstrap()
    unpriced = Model.objects.exclude(routes=None).exclude(routes__prices__input__isnull=False)
    assert [model.name for model in unpriced] == []
    assert RoutePrice.objects.filter(route__provider__name=vendor, source="list").exists()


def test_a_model_gone_upstream_names_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-found-there-0123")
    bootstrap()
    gone = load_snapshot(1).models["gpt-4"]
    assert (gone.routes, gone.successor) == ((), "gpt-5.6-sol")


def test_what_an_operator_took_away_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-found-there-0123")
    bootstrap()
    Model.objects.get(name="gpt-5").delete()
    Model.objects.get(name="echo-cut").delete()
    assert bootstrap() == []


def test_an_operators_model_of_the_same_name_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    Model.objects.create(name="gpt-4o", quality=3)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-found-there-0123")
    bootstrap()
    assert Model.objects.get(name="gpt-4o").quality == 3


def test_an_organisation_that_is_there_is_enough() -> None:
    Organisation.objects.create(name="acme")
    bootstrap()
    assert Organisation.objects.get().name == "acme"


def test_a_local_server_is_found_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0")
    bootstrap()
    assert Provider.objects.get(name="ollama").base_url == "http://127.0.0.1:11434/v1"


def test_a_vendor_that_is_refused_leaves_the_others_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://not-allowed.example")
    with pytest.raises(CommandError, match="Left out: ollama"):
        bootstrap()
    assert Provider.objects.get().name == "echo"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://localhost:11434/v1"),
        (":8080", "http://127.0.0.1:8080/v1"),
        ("https://ollama.example/", "https://ollama.example:11434/v1"),
    ],
)
def test_a_host_may_be_written_in_several_ways(host: str, url: str) -> None:
    assert ollama_url(host) == url


def test_every_page_of_the_catalogue_belongs_to_a_vendor() -> None:
    assert {page.stem for page in CATALOGUE.glob("*.yaml")} == {*KEY_NAMES, "echo", "ollama"}
