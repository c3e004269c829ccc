"""An import by the rights of whoever brings it: all of it or nothing, and every fault by its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps

from llm.errors import CallerError, Conflict, Forbidden, InvalidField
from llm.models import Organisation, RegistryStamp
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.transfer import Change, Import, imported
from prompts.writing.authors import Author
from prompts.writing.editing import archive, secure
from prompts.writing.labelling import move, protect, standing, whole
from tests.prompts.conftest import ADA, EVE, PIA, Save

VERSION: JsonObject = {"messages": [{"role": "user", "content": "Hello"}]}

Bring = Callable[..., list[Change]]


@pytest.fixture
def bring(acme: Organisation) -> Bring:
    def brought(prompt: JsonObject, author: Author = EVE, **more: Any) -> list[Change]:
        return imported({"prompts": [{"name": "greeting", **prompt}]}, Import(acme, author, **more))

    return brought


@pytest.fixture
def published(greeting: Prompt, save: Save) -> Prompt:
    save("First")
    save("Second")
    move(greeting, "production", whole(1), ADA, reason="go")
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    greeting.refresh_from_db()
    return greeting


def rows() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_app_config("prompts").get_models()}


KEPT: JsonObject = {"tags": ["friendly"]}


@pytest.mark.parametrize(
    "attempt",
    [
        {"labels": {"production": {"version": 2}}},
        {"labels": {"production": {"split": [{"version": 1}, {"version": 2}]}}},
        {"labels": {"production": {"version": 1, "protected": False}}},
        {"publish_with_four_eyes": False},
        {"publish_only_when_green": True},
        {"archived": True},
        {"labels": {"staging": {"version": 1, "protected": True}}},
    ],
)
def test_whoever_may_not_publish_changes_nothing_that_is_protected(
    published: Prompt, bring: Bring, attempt: JsonObject
) -> None:
    before = rows(), RegistryStamp.read()
    with pytest.raises(Forbidden) as caught:
        bring({**KEPT, **attempt, "versions": [VERSION]})
    assert (caught.value.param or "").startswith("prompts[0]")
    published.refresh_from_db()
    assert standing(published, "production") == whole(1)
    assert (published.needs_approval, published.archived) == (True, False)
    assert (rows(), RegistryStamp.read()) == before


@pytest.mark.parametrize(
    "attempt",
    [
        {"labels": {"production": {"version": 1, "protected": False}}},
        {"labels": {"staging": {"version": 1, "protected": True}}},
        {"publish_with_four_eyes": False},
        {"publish_only_when_green": True},
    ],
)
def test_whoever_may_publish_sets_no_rules_by_that_alone(published: Prompt, bring: Bring, attempt: JsonObject) -> None:
    with pytest.raises(Forbidden) as caught:
        bring({**KEPT, **attempt}, PIA)
    assert caught.value.code == "rules_not_allowed"
    published.refresh_from_db()
    assert (published.needs_green, published.needs_approval) == (False, True)
    assert bring({**KEPT, **attempt}, ADA)


def test_a_prompt_that_is_made_anew_has_no_rules_unless_they_are_the_importers_to_set(bring: Bring) -> None:
    with pytest.raises(Forbidden):
        bring({"publish_with_four_eyes": True}, PIA)
    bring({}, PIA)
    assert not Prompt.objects.get().needs_approval


def test_what_stands_already_takes_no_right(published: Prompt, bring: Bring) -> None:
    said = {**KEPT, "labels": {"production": {"version": 1, "protected": True}}, "publish_with_four_eyes": True}
    assert bring(said) == []


def test_what_is_not_said_of_rules_and_archive_stays(published: Prompt, bring: Bring) -> None:
    archive(published, ADA)
    assert bring(KEPT) == []
    published.refresh_from_db()
    assert (published.needs_approval, published.archived) == (True, True)


def test_an_archived_prompt_with_a_protected_label_is_not_brought_back_without_the_right(
    published: Prompt, bring: Bring
) -> None:
    archive(published, ADA)
    with pytest.raises(Forbidden):
        bring({**KEPT, "archived": False})


@pytest.mark.parametrize(("author", "told"), [(EVE, "eve"), (ADA, "grace")])
def test_only_who_may_publish_brings_authors_and_instants_along(
    greeting: Prompt, bring: Bring, author: Author, told: str
) -> None:
    bring({**KEPT, "versions": [{**VERSION, "author": "grace", "created_at": "2001-01-01T00:00:00Z"}]}, author)
    version = greeting.versions.get()
    assert (version.author, version.created_at.year == 2001) == (told, told == "grace")


def test_a_move_under_four_eyes_waits_here_too(published: Prompt, bring: Bring) -> None:
    (change,) = bring({**KEPT, "labels": {"production": {"version": 2}}}, ADA)
    assert str(change) == "greeting: production moves to version 2, once somebody else approves"
    assert standing(published, "production") == whole(1)


def test_an_unprotected_label_that_is_protected_stays_so_for_others(published: Prompt, bring: Bring) -> None:
    move(published, "canary", whole(1), EVE)
    protect(published, "canary", ADA, protected=True)
    with pytest.raises(Forbidden):
        bring({**KEPT, "labels": {"canary": {"version": 2}}})


def test_one_fault_anywhere_and_nothing_is_kept(acme: Organisation) -> None:
    before = rows(), RegistryStamp.read()
    good = {"name": "good", "versions": [VERSION], "labels": {"draft": {"version": 1}}}
    with pytest.raises(InvalidField):
        imported({"prompts": [good, {"name": "bad", "versions": [{"messages": []}]}]}, Import(acme, ADA))
    assert (rows(), RegistryStamp.read()) == before


def test_a_dry_run_says_all_and_changes_nothing(published: Prompt, bring: Bring) -> None:
    said = {
        "description": "Warm",
        "versions": [VERSION],
        "labels": {"draft": {"version": 3}},
        "examples": [{"name": "one", "variables": {}}],
        "archived": True,
    }
    before = rows(), RegistryStamp.read()
    told = bring(said, ADA, dry_run=True)
    assert (rows(), RegistryStamp.read()) == before
    assert [change.what for change in told] == [
        *("is described anew", "version 3 is new", "example one is new", "draft moves to version 3", "is archived"),
    ]
    assert [change.what for change in bring(said, ADA)] == [change.what for change in told]


def test_a_new_text_without_a_number_is_a_new_version_with_its_difference(
    greeting: Prompt, bring: Bring, save: Save
) -> None:
    save("Hello there")
    (change,) = bring({**KEPT, "versions": [VERSION]})
    assert str(change) == "greeting: version 2 is new"
    assert {"kind": "gone", "text": " there"} in change.difference[0]["pieces"]
    assert bring({**KEPT, "versions": [VERSION]}) == []


def wrong(**more: Any) -> JsonObject:
    return {"versions": [VERSION, {**VERSION, **more}]}


@pytest.mark.parametrize(
    ("said", "param"),
    [
        (wrong(messages=[{"role": "user", "content": "{{ nobody }}"}]), "versions[1].messages[0].content"),
        (wrong(messages=[{"role": "user", "content": "a\x00b"}]), "versions[1].messages[0].content"),
        (wrong(messages=[{"role": "tool", "content": "a"}]), "versions[1].messages[0].role"),
        (wrong(variables=[{"name": "a", "description": "\ud800"}]), "versions[1].variables[0].description"),
        (wrong(variables=[{"name": "a", "type": "array", "default": ["\x01"]}]), "versions[1].variables[0].default[0]"),
        (wrong(options={"stop": ["\x02"]}), "versions[1].options.stop[0]"),
        (wrong(options={"temperature": "hot"}), "versions[1].options.temperature"),
        (wrong(response_schema={"title": "\x03"}), "versions[1].response_schema.title"),
        (wrong(response_schema={"\x03": 1}), "versions[1].response_schema"),
        (wrong(note="\x04", model="echo"), "versions[1].note"),
        (wrong(created_at="yesterday"), "versions[1].created_at"),
        (wrong(created_at="2026-13-45T00:00:00Z"), "versions[1].created_at"),
        (wrong(version=0), "versions[1].version"),
        (wrong(version=2**31 - 1), "versions[1].version"),
        (wrong(version=2**40), "versions[1].version"),
        (wrong(stranger=1), "versions[1].stranger"),
        ({"name": "../x"}, "name"),
        ({"name": "export"}, "name"),
        ({"category": "poems"}, "category"),
        ({"tags": ["a\x00"]}, "tags[0]"),
        ({"labels": {"draft": {"version": 9}}}, "labels.draft.version"),
        ({"labels": {"../x": {"version": 1}}}, 'labels["../x"].label'),
        ({"labels": {"draft": 3}}, "labels.draft"),
        ({"examples": [{"name": "a", "variables": {"b": ["\x05"]}}]}, "examples[0].variables.b[0]"),
        ({"examples": [{"name": "a", "variables": {"b": float("nan")}}]}, "examples[0].variables.b"),
        ({"examples": [{"name": "a", "variables": {"b": 2**64}}]}, "examples[0].variables.b"),
        (
            {"examples": [{"name": "a", "checks": [{"type": "regex", "pattern": "(?=a)"}]}]},
            "examples[0].checks[0].pattern",
        ),
        ({"stranger": 1}, "stranger"),
    ],
)
def test_a_fault_is_named_by_its_place_in_the_document(bring: Bring, said: JsonObject, param: str) -> None:
    with pytest.raises(InvalidField) as caught:
        bring(said, ADA)
    assert caught.value.param == f"prompts[0].{param}"
    caught.value.message.encode()


def test_a_number_that_is_taken_says_something_else(greeting: Prompt, bring: Bring, save: Save) -> None:
    save("First")
    with pytest.raises(InvalidField) as caught:
        bring({**KEPT, "versions": [{**VERSION, "version": 1}]})
    assert (caught.value.code, caught.value.param) == ("version_differs", "prompts[0].versions[0].version")


def test_a_number_below_the_newest_comes_late(greeting: Prompt, bring: Bring) -> None:
    bring({**KEPT, "versions": [{**VERSION, "version": 5}]})
    with pytest.raises(Conflict) as caught:
        bring({**KEPT, "versions": [{**VERSION, "version": 4}]})
    assert caught.value.param == "prompts[0].versions[0].version"


@pytest.mark.parametrize(
    ("document", "param"),
    [
        ({"format": "other/2"}, "format"),
        ({"prompts": {}}, "prompts"),
        ({"prompts": [1]}, "prompts[0]"),
        ({"prompts": [{"name": ["a"]}]}, "prompts[0].name"),
        ({"prompts": [{"name": "a"}, {"name": "a"}]}, "prompts[1].name"),
        ({"x": 1}, "prompts"),
        ({"prompts": [], "x": 1}, "x"),
    ],
)
def test_a_document_of_another_shape_is_refused(acme: Organisation, document: JsonObject, param: str) -> None:
    with pytest.raises(CallerError) as caught:
        imported(document, Import(acme, ADA))
    assert caught.value.param == param


def test_nothing_reaches_another_organisation_or_what_is_shared(greeting: Prompt, bring: Bring) -> None:
    other = Organisation.objects.create(name="globex")
    imported({"prompts": [{"name": "greeting", "versions": [VERSION]}]}, Import(other, EVE))
    imported({"prompts": [{"name": "greeting", "versions": [VERSION]}]}, Import(None, ADA))
    assert [prompt.versions.count() for prompt in Prompt.objects.order_by("id")] == [0, 1, 1]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"name": "a\0b"}, "prompts[0].name"),
        ({"name": "a", "examples": [{"name": "a\0b", "variables": {}}]}, "prompts[0].examples[0].name"),
        ({"name": "a", "labels": {"a\0b": {"version": 1}}}, "prompts[0].labels"),
    ],
)
def test_a_name_that_no_column_holds_is_refused(acme: Organisation, said: JsonObject, place: str) -> None:
    with pytest.raises(InvalidField) as caught:
        imported({"prompts": [said]}, Import(acme, ADA))
    assert (caught.value.param or "").startswith(place)
