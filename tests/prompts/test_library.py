"""What a process knows of prompts: read once, renewed by the stamp, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from llm.call import Caller
from llm.errors import InvalidField, NotFound
from llm.models import Organisation
from llm.types import PromptReference, Text
from prompts.library import Library
from prompts.models import Prompt
from prompts.writing.editing import Details, archive, create, describe, save_version
from prompts.writing.labelling import move, whole
from tests.prompts.conftest import ADA, Save, wording


def caller(organisation: Organisation) -> Caller:
    return Caller(1, "key", organisation.pk, organisation.name)


def said(library: Library, organisation: Organisation, name: str = "greeting", **asked: Any) -> str:
    variables = asked.pop("variables", {})
    reference = PromptReference(name, variables=variables, **asked)
    choice = library.choose(caller(organisation), reference, "somebody")
    rendered = async_to_sync(library.render)(choice, variables)
    (part,) = rendered.messages[0].parts
    assert isinstance(part, Text)
    return part.text


@pytest.fixture
def library(greeting: Prompt, save: Save) -> Library:
    """After the first reading; the first of two versions is in production."""
    save("First")
    save("Second")
    move(greeting, "production", whole(1), ADA, reason="go")
    made = Library()
    made.renew()
    return made


def test_what_is_labelled_needs_no_database(library: Library, acme: Organisation) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert said(library, acme) == "First"
    assert len(queries) == 0


def test_a_moved_label_is_known_after_the_next_reading(library: Library, greeting: Prompt, acme: Organisation) -> None:
    move(greeting, "production", whole(2), ADA, reason="better")
    assert said(library, acme) == "First"
    library.renew()
    assert said(library, acme) == "Second"


def test_a_reading_without_changes_asks_once(library: Library) -> None:
    with CaptureQueriesContext(connection) as queries:
        library.renew()
    assert len(queries) == 1


def test_a_renamed_prompt_answers_to_its_new_name_alone(library: Library, greeting: Prompt, acme: Organisation) -> None:
    describe(greeting, Details("welcome"), ADA)
    library.renew()
    assert said(library, acme, "welcome") == "First"
    with pytest.raises(NotFound):
        said(library, acme, "greeting")


def test_an_archived_prompt_is_not_answered(library: Library, greeting: Prompt, acme: Organisation) -> None:
    archive(greeting, ADA)
    library.renew()
    with pytest.raises(NotFound) as caught:
        said(library, acme)
    assert caught.value.code == "prompt_archived"


def test_an_own_prompt_hides_a_shared_one_of_its_name_from_its_own_organisation_alone(
    library: Library, acme: Organisation
) -> None:
    shared = create(Details("greeting"), ADA, None)
    save_version(shared, wording("Shared"), ADA)
    move(shared, "production", whole(1), ADA, reason="go")
    library.renew()
    assert said(library, acme) == "First"
    assert said(library, Organisation.objects.create(name="globex")) == "Shared"


def test_nobody_reads_what_another_organisation_wrote(library: Library) -> None:
    globex = Organisation.objects.create(name="globex")
    with pytest.raises(NotFound) as caught:
        said(library, globex)
    assert caught.value.code == "prompt_not_found"


@pytest.mark.parametrize("asked", [{"label": "nope"}, {"label": ""}, {"label": "\x00"}])
def test_an_unknown_label_is_said_with_those_there_are(
    library: Library, acme: Organisation, asked: dict[str, str]
) -> None:
    with pytest.raises(NotFound) as caught:
        said(library, acme, **asked)
    assert (caught.value.param, caught.value.hint) == ("label", "Its labels: production.")


def test_a_label_and_a_version_at_once_are_refused(library: Library, acme: Organisation) -> None:
    with pytest.raises(InvalidField):
        said(library, acme, label="production", version=1)


ITSELF: list[Any] = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize("value", [{1}, 2**70, b"x", "\ud800", ITSELF], ids=["set", "huge", "bytes", "half", "itself"])
def test_what_json_does_not_have_is_refused_by_its_name(
    library: Library, greeting: Prompt, save: Save, acme: Organisation, value: object
) -> None:
    """Python and Celery can say it."""
    save("Hello {{ customer }}")
    move(greeting, "staging", whole(3), ADA)
    library.renew()
    with pytest.raises(InvalidField) as caught:
        said(library, acme, label="staging", variables={"customer": value})
    assert caught.value.param == "variables.customer"


@pytest.mark.django_db(transaction=True)
def test_what_is_pinned_takes_bounded_memory(
    library: Library, greeting: Prompt, acme: Organisation, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letter in "abcdef":
        save(letter * 10_000)
    monkeypatch.setattr("prompts.library.HEAVIEST", 35_000)
    for version in range(3, 9):
        assert len(said(library, acme, version=version)) == 10_000
    assert sum(map(len, library._pinned.values())) <= 35_000
    assert sum(ready.weight for ready in library._compiled.values()) <= 35_000
    assert said(library, acme) == "First"
