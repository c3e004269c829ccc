from __future__ import annotations

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError

from llm.models import Provider
from tests.llm import rows

pytestmark = pytest.mark.django_db

CANARY = "sk-canary-0123456789"


def test_a_secret_is_sealed_and_shows_its_end_and_age() -> None:
    stored = Provider.objects.get(pk=rows.provider(secret=CANARY).pk)
    assert stored.opened_secret() == CANARY
    assert stored.secret_last_four == "6789"
    assert stored.secret_set_at is not None
    dump = io.StringIO()
    call_command("dumpdata", "llm", stdout=dump)
    assert "canary" not in dump.getvalue()


def test_another_host_forgets_the_secret() -> None:
    provider = rows.provider(base_url="https://api.openai.com/v1", secret=CANARY)
    provider.base_url = "https://evil.example/v1"
    provider.save()
    provider.refresh_from_db()
    assert (provider.sealed_secret, provider.secret_last_four, provider.secret_set_at) == ("", "", None)


def test_another_host_behind_djangos_back_does_not_get_the_secret() -> None:
    provider = rows.provider(base_url="https://api.openai.com/v1", secret=CANARY)
    Provider.objects.filter(pk=provider.pk).update(base_url="https://evil.example/v1")
    provider.refresh_from_db()
    assert provider.opened_secret() == ""


def test_another_vendor_without_an_address_forgets_the_secret() -> None:
    provider = rows.provider(secret=CANARY)
    provider.kind = "groq"
    provider.save()
    assert not provider.has_secret


def test_another_path_on_the_same_host_keeps_the_secret() -> None:
    provider = rows.provider(base_url="https://api.openai.com/v1", secret=CANARY)
    provider.base_url = "https://API.openai.com:443/v2"
    provider.save()
    assert provider.opened_secret() == CANARY


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://example.com"),
        ("base_url", "http://api.openai.com"),
        ("kind", "bard"),
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", 100_000),
        ("connect_timeout", 0),
        ("retries", 11),
        ("retry_delay", -1),
        ("requests_per_minute", 0),
        ("defaults", ["temperature"]),
    ],
)
def test_nonsense_is_refused_at_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        rows.provider(**{field: value})  # type: ignore[arg-type]  # wrong on purpose
    assert field in refused.value.message_dict


def test_a_compatible_provider_needs_an_address() -> None:
    with pytest.raises(ValidationError, match="needs its address"):
        rows.provider(kind="compatible")


@pytest.mark.parametrize("field", ["timeout", "chunk_timeout", "requests_per_minute"])
def test_the_database_itself_refuses_nothing_as_a_limit(field: str) -> None:
    provider = rows.provider()
    with pytest.raises(IntegrityError):
        Provider.objects.filter(pk=provider.pk).update(**{field: 0})
