"""An answer of the playground becomes an example of its prompt."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from llm.models import Organisation
from prompts.models import Example, Prompt
from tests.prompts.playground.conftest import person, signed_in

pytestmark = pytest.mark.django_db
SOURCE = "gen_019a9b6e-0000-7000-8000-000000000001"


def saved(client: Client, prompt: Prompt | int, **said: Any) -> Any:
    number = prompt.pk if isinstance(prompt, Prompt) else prompt
    body = {"prompt": number, "name": "For Ada", "variables": {"customer": "Ada"}, "expected": "Hello", **said}
    return client.post("/playground/examples/", body, content_type="application/json")


def test_it_keeps_variables_answer_and_where_they_come_from(editor: Client, greeting: Prompt) -> None:
    answer = saved(editor, greeting, source=SOURCE)
    example = Example.objects.get()

    assert answer.json() == {"name": "For Ada"}
    assert (example.name, example.variables, example.expected) == ("For Ada", {"customer": "Ada"}, "Hello")
    assert f"gen_{example.source}" == SOURCE


def test_no_example_is_overwritten(editor: Client, greeting: Prompt) -> None:
    saved(editor, greeting)
    again = saved(editor, greeting, expected="Other")

    assert (again.status_code, again.json()["error"]["code"]) == (422, "name_taken")
    assert Example.objects.get().expected == "Hello"


def test_it_takes_the_right_to_change_prompts(acme: Organisation, greeting: Prompt) -> None:
    looker = signed_in(person("bo", rights=("use_playground", "view_prompt")))

    assert saved(looker, greeting).status_code == 403
    assert not Example.objects.exists()


@pytest.mark.parametrize(
    ("said", "param"), [({"source": "x"}, "source"), ({"name": ""}, "name"), ({"variables": []}, "variables")]
)
def test_bad_input_is_told_by_its_field(editor: Client, greeting: Prompt, said: Any, param: str) -> None:
    answer = saved(editor, greeting, **said)

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_an_unknown_prompt_is_a_404(editor: Client, acme: Organisation) -> None:
    assert saved(editor, 999).status_code == 404
