from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from llm.checks import check_fingerprint
from llm.models import Keyring, Provider, SecretsMismatch, verify_fingerprint
from llm.models.frozen import load_callers
from llm.vault import digest
from tests.llm import rows
from tests.llm.test_vault import secrets_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(settings: Settings) -> str:
    """The key this database is sealed with, holding one provider secret."""
    settings.SECRETS_KEYS = [secrets_key()]
    rows.provider(secret="sk-0123456789abcdef")
    verify_fingerprint()
    return str(settings.SECRETS_KEYS[0])


def test_a_foreign_secrets_key_is_refused_and_the_mend_named(old: str, settings: Settings) -> None:
    settings.SECRETS_KEYS = [secrets_key()]
    with pytest.raises(SecretsMismatch, match="rotate_secrets"):
        verify_fingerprint()
    assert [error.id for error in check_fingerprint(databases=["default"])] == ["llm.E003"]


def test_a_new_key_before_the_old_one_is_accepted(old: str, settings: Settings) -> None:
    settings.SECRETS_KEYS = [secrets_key(), old]
    verify_fingerprint()
    assert Provider.objects.get().opened_secret() == "sk-0123456789abcdef"


def test_a_changed_secret_key_is_refused_until_it_is_accepted(old: str, settings: Settings) -> None:
    settings.SECRET_KEY = "another"
    with pytest.raises(SecretsMismatch, match="SECRET_KEY is not"):
        verify_fingerprint()
    call_command("rotate_secrets", stderr=io.StringIO())
    verify_fingerprint()


def test_after_the_rotation_the_old_key_can_go_and_everything_works(old: str, settings: Settings) -> None:
    key, secret = rows.key()
    new = secrets_key()
    settings.SECRETS_KEYS = [new, old]
    call_command("rotate_secrets", stderr=io.StringIO())
    settings.SECRETS_KEYS = [new]
    verify_fingerprint()
    assert Provider.objects.get().opened_secret() == "sk-0123456789abcdef"
    found = load_callers([digest(secret, Keyring.pepper())])
    assert [caller.key_id for caller in found.values()] == [key.pk]


def test_a_host_left_with_the_old_key_is_refused_after_the_rotation(old: str, settings: Settings) -> None:
    settings.SECRETS_KEYS = [secrets_key(), old]
    call_command("rotate_secrets", stderr=io.StringIO())
    settings.SECRETS_KEYS = [old]
    with pytest.raises(SecretsMismatch):
        verify_fingerprint()


def test_a_rotation_without_the_old_key_changes_nothing(old: str, settings: Settings) -> None:
    settings.SECRETS_KEYS = [secrets_key()]
    with pytest.raises(CommandError, match="add the former one"):
        call_command("rotate_secrets")
    settings.SECRETS_KEYS = [old]
    verify_fingerprint()


def test_a_database_without_tables_is_not_complained_of(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.checks._has_keyring", lambda: False)
    assert check_fingerprint(databases=["default"]) == []
