from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from llm.checks import check_private_hosts, check_secrets


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44, ""]])
def test_a_malformed_secrets_key_is_an_error_with_its_mend(settings: Settings, keys: list[str]) -> None:
    settings.SECRETS_KEYS = keys
    (error,) = check_secrets()
    assert error.id == "llm.E001"
    assert "urlsafe_b64encode" in str(error.hint)


def test_what_is_neither_host_nor_network_is_an_error(settings: Settings) -> None:
    settings.ALLOWED_PRIVATE_HOSTS = ["ollama.internal", "10.0.0.0/8", "::1", "http://ollama"]
    (error,) = check_private_hosts()
    assert error.id == "llm.E002"
    assert "'http://ollama'" in error.msg


def test_they_run_with_every_command(settings: Settings) -> None:
    settings.SECRETS_KEYS = ["short"]
    assert "llm.E001" in {message.id for message in run_checks()}
