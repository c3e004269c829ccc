"""What the page's script is told of prompts."""

from __future__ import annotations

import pytest
from django.test import Client

from llm.models import Organisation
from prompts.models import Prompt
from prompts.writing.editing import Details, create, save_version
from tests.prompts.conftest import ADA, Save, wording
from tests.prompts.playground.conftest import person, signed_in

pytestmark = pytest.mark.django_db


def names(client: Client, organisation: Organisation, words: str = "") -> list[str]:
    answer = client.get("/playground/prompts/", {"organisation": str(organisation.pk), "q": words})
    return [one["name"] for one in answer.json()["prompts"]]


def shared(name: str) -> Prompt:
    prompt = create(Details(name), ADA, None)
    save_version(prompt, wording(), ADA)
    return prompt


def test_an_organisations_prompts_and_the_shared_ones_are_found(editor: Client, acme: Organisation, save: Save) -> None:
    save()
    shared("farewell")
    create(Details("empty"), ADA, acme)
    other = Organisation.objects.create(name="other")

    assert names(editor, acme) == ["farewell", "greeting"]
    assert names(editor, acme, "greet") == ["greeting"]
    assert names(editor, other) == ["farewell"]


def test_an_own_prompt_hides_the_shared_one_of_its_name(editor: Client, acme: Organisation, save: Save) -> None:
    save()
    shared("greeting")
    (found,) = editor.get("/playground/prompts/", {"organisation": acme.pk}).json()["prompts"]

    assert found["id"] == Prompt.objects.get(organisation=acme).pk


def test_a_prompt_tells_what_its_versions_take(editor: Client, greeting: Prompt, save: Save) -> None:
    save()
    save("No names", model="echo")
    told = editor.get(f"/playground/prompts/{greeting.pk}/").json()

    assert [(one["number"], one["model"]) for one in told["versions"]] == [(2, "echo"), (1, None)]
    assert told["versions"][1]["variables"][0]["name"] == "customer"


def test_who_may_not_see_prompts_is_told_of_none(acme: Organisation, save: Save, greeting: Prompt) -> None:
    save()
    blind = signed_in(person("bo", rights=("use_playground",)))

    assert blind.get("/playground/prompts/").status_code == 403
    assert blind.get(f"/playground/prompts/{greeting.pk}/").status_code == 403


def test_an_unknown_prompt_is_a_404(editor: Client) -> None:
    assert editor.get("/playground/prompts/999/").status_code == 404
    assert editor.post("/playground/prompts/999/").status_code == 405
