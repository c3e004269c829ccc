"""Lines to paste, which name the address that was asked and a model that the key may use."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.utils import timezone

from llm.admin.snippets import snippets, usable_model
from llm.models import ApiKey
from tests.llm import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ApiKey:
    echo, openai = rows.provider("echo", kind="echo"), rows.provider(secret="sk-0123456789abcdef")
    rows.model("echo", echo)
    rows.model("gpt-3", openai, retires_on=timezone.now().date())
    rows.model("gpt-4o", openai)
    rows.model("claude", rows.provider("anthropic", kind="anthropic"))
    return rows.key()[0]


@pytest.mark.parametrize(
    ("patterns", "model"),
    [(["*"], "gpt-4o"), (["gpt-*"], "gpt-4o"), (["e*"], "echo"), (["claude"], None), (["gpt-3"], None), ([], None)],
)
def test_the_model_is_one_that_would_answer(key: ApiKey, patterns: list[str], model: str | None) -> None:
    key.models = patterns
    assert usable_model(key) == model


def test_all_three_name_address_key_and_model(key: ApiKey) -> None:
    request = RequestFactory().get("/admin/", headers={"host": "localhost:8123"})
    made = snippets(request, key, "gh_made-up")
    assert [snippet.id for snippet in made] == ["curl", "python", "javascript"]
    for snippet in made:
        assert "http://localhost:8123/v1" in snippet.text
        assert "gh_made-up" in snippet.text
        assert "gpt-4o" in snippet.text


def test_without_a_model_there_are_none(key: ApiKey) -> None:
    key.models = ["nothing"]
    assert snippets(RequestFactory().get("/"), key, "gh_made-up") == []
