"""The pages on which a version is read, and held against another."""

from __future__ import annotations

from typing import Any

import pytest

from prompts.admin.pages.reading import allowed
from prompts.models import Prompt
from prompts.writing.labelling import move, whole
from tests.prompts.admin.conftest import Enter
from tests.prompts.conftest import EVE, Save
from tests.prompts.drafts import wording


@pytest.fixture
def here(greeting: Prompt, save: Save) -> str:
    """The address of a prompt with two versions, which differ in their settings too."""
    save("First words", options={"max_tokens": 7, "seed": 1}, optimized_for=["a"])
    save("Second words", options={"max_tokens": 8, "seed": 2})
    return f"/admin/prompts/prompt/{greeting.pk}/"


def test_settings_are_called_as_in_the_editor(here: str, enter: Enter) -> None:
    client = enter("operator")
    page = client.get(f"{here}versions/1/").content.decode()
    assert "<dt>Longest answer</dt><dd" in page
    assert "<dt>seed</dt><dd" in page
    assert "<dt>Written for the models</dt><dd" in page

    page = client.get(f"{here}diff/1/2/").content.decode()
    assert "Setting <bdi>Longest answer</bdi>" in page
    assert "options.max_tokens" not in page


def test_both_sides_say_which_version_they_are(here: str, enter: Enter) -> None:
    page = enter("operator").get(f"{here}diff/2/1/?view=beside").content.decode()
    assert page.index('<p class="kind">Version 2</p>') < page.index('<p class="kind">Version 1</p>')


def test_a_version_tells_the_labels_that_mean_it(greeting: Prompt, here: str, enter: Enter) -> None:
    move(greeting, "canary", whole(2), EVE)
    pages = [enter(role).get(f"{here}versions/2/").content.decode() for role in ("operator", "prompt editor")]
    assert all("<bdi>canary</bdi>" in page for page in pages)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, ""),
        ({"type": "integer", "min": 1, "max": 9}, "1 to 9"),
        ({"type": "number", "min": 0}, "at least 0"),
        ({"type": "number", "max": 0.5}, "at most 0.5"),
        ({"max_length": 80, "pattern": "[a-z]+"}, "at most 80 characters; like [a-z]+"),
        ({"type": "array", "min_length": 1, "max_length": 3, "schema": {}}, "1 to 3 items; as its JSON Schema says"),
        ({"type": "enum", "choices": ["warm", "brief"], "default": "warm"}, "warm, brief; left out: warm"),
        ({"type": "boolean", "default": False}, "left out: false"),
        (
            {"type": "enum", "choices": [str(number) for number in range(12)]},
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more",
        ),
    ],
)
def test_what_a_variable_may_be_is_told_in_words(said: dict[str, Any], words: str) -> None:
    (variable,) = wording(("user", "hello"), variables=[{"name": "it", **said}]).variables
    assert allowed(variable) == words
