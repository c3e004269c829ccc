"""Writing prompts and versions: what is kept, and what is refused."""

from __future__ import annotations

import pytest

from llm.errors import Conflict, Forbidden, InvalidField
from llm.models import Organisation, RegistryStamp
from prompts.models import Prompt
from prompts.writing.editing import Details, Origin, archive, create, describe, duplicate, save_version, secure
from prompts.writing.labelling import move, whole
from tests.prompts.conftest import ADA, EVE, PIA, Save, wording


def test_versions_are_numbered_from_one_without_gaps(save: Save) -> None:
    assert [save().number for _ in range(3)] == [1, 2, 3]


def test_a_saved_version_can_never_be_saved_again(save: Save) -> None:
    version = save()
    version.note = "better"
    with pytest.raises(TypeError):
        version.save()


def test_a_version_that_cannot_be_rendered_is_refused_with_its_place(greeting: Prompt) -> None:
    with pytest.raises(InvalidField) as caught:
        save_version(greeting, wording("Hello {{ nobody }}"), EVE)
    assert (caught.value.param, caught.value.code) == ("messages[0].content", "template_error")
    assert greeting.versions.count() == 0


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(greeting: Prompt, save: Save) -> None:
    save("First")
    save_version(greeting, wording("Second"), ADA, Origin(based_on=1))
    with pytest.raises(Conflict) as caught:
        save_version(greeting, wording("Other second"), EVE, Origin(based_on=1))
    assert caught.value.code == "newer_version"
    assert greeting.versions.first().wording["messages"][0]["content"] == "Second"  # type: ignore[union-attr]  # there is one


@pytest.mark.parametrize("name", ["", "export", "import", "two words", "-dash", "ä", "a" * 101, "a/b", "a\x00b"])
def test_a_name_that_no_address_takes_is_refused(acme: Organisation, name: str) -> None:
    with pytest.raises(InvalidField) as caught:
        create(Details(name), ADA, acme)
    assert caught.value.param == "name"


def test_a_name_is_given_once_in_an_organisation_and_once_among_the_shared(greeting: Prompt) -> None:
    create(Details("greeting"), ADA, None)
    for organisation in (greeting.organisation, None):
        with pytest.raises(InvalidField) as caught:
            create(Details("greeting"), ADA, organisation)
        assert caught.value.code == "name_taken"


@pytest.mark.parametrize(
    ("param", "details"),
    [
        ("description", Details("a", description="a\x00b")),
        ("description", Details("a", description="\ud800")),
        ("description", Details("a", description="a" * 2_001)),
        ("tags", Details("a", tags=["t"] * 33)),
        ("tags[0]", Details("a", tags=["a" * 65])),
    ],
)
def test_what_no_column_holds_is_refused_by_its_field(acme: Organisation, param: str, details: Details) -> None:
    with pytest.raises(InvalidField) as caught:
        create(details, ADA, acme)
    assert caught.value.param == param


def test_a_search_finds_words_of_name_tags_and_newest_version(greeting: Prompt, save: Save) -> None:
    save("Good morning")
    save("Good evening")
    assert Prompt.objects.searched("GREETING friendly evening").exists()
    assert not Prompt.objects.searched("morning").exists()
    assert Prompt.objects.tagged("Friendly").exists()
    assert not Prompt.objects.tagged("friend").exists()


def test_a_duplicate_begins_with_the_newest_version_and_no_label(greeting: Prompt, save: Save) -> None:
    save("First")
    save("Second")
    move(greeting, "production", whole(1), ADA, reason="go")
    copy = duplicate(greeting, "farewell", EVE)
    assert [row.opened() for row in copy.versions.all()] == [wording("Second")]
    assert not copy.labels.exists()


def test_whoever_may_not_publish_neither_archives_nor_unlocks_what_is_published(greeting: Prompt, save: Save) -> None:
    save()
    move(greeting, "production", whole(1), ADA, reason="go")
    with pytest.raises(Forbidden):
        archive(greeting, EVE)
    for unfit in (EVE, PIA):
        with pytest.raises(Forbidden):
            secure(greeting, unfit, needs_green=True, needs_approval=True)
    assert archive(greeting, ADA).archived


def test_whatever_callers_see_raises_the_stamp_of_prompts_alone(greeting: Prompt, save: Save) -> None:
    before = RegistryStamp.read()
    describe(greeting, Details("welcome"), ADA)
    save()
    move(greeting, "draft", whole(1), EVE)
    after = RegistryStamp.read()
    assert after.prompts - before.prompts == 2
    assert after[:2] == before[:2]


def test_a_name_that_is_asked_for_is_given_away_by_who_may_publish_alone(greeting: Prompt, save: Save) -> None:
    save()
    move(greeting, "production", whole(1), ADA, reason="go")
    with pytest.raises(Forbidden):
        describe(greeting, Details("elsewhere"), EVE)
    assert describe(greeting, Details("elsewhere"), PIA).name == "elsewhere"


def test_a_prompt_with_rules_makes_no_room_for_one_without(greeting: Prompt) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    with pytest.raises(Forbidden):
        describe(greeting, Details("elsewhere"), PIA)
    assert describe(greeting, Details("greeting", "Warm"), PIA).description == "Warm"


def test_rules_go_with_a_duplicate(greeting: Prompt, save: Save) -> None:
    save()
    secure(greeting, ADA, needs_green=True, needs_approval=True)
    greeting.refresh_from_db()
    copy = duplicate(greeting, "farewell", PIA)
    assert (copy.needs_green, copy.needs_approval) == (True, True)


def test_an_own_prompt_hides_a_published_shared_one_by_the_right_and_under_its_rules(acme: Organisation) -> None:
    shared = create(Details("greeting"), ADA, None)
    save_version(shared, wording(), ADA)
    move(shared, "production", whole(1), ADA, reason="go")
    secure(shared, ADA, needs_green=False, needs_approval=True)
    other = create(Details("other"), EVE, acme)
    with pytest.raises(Forbidden):
        create(Details("greeting"), EVE, acme)
    with pytest.raises(Forbidden):
        describe(other, Details("greeting"), EVE)
    assert create(Details("greeting"), PIA, acme).needs_approval
    globex = Organisation.objects.create(name="globex")
    assert describe(create(Details("other"), EVE, globex), Details("greeting"), PIA).needs_approval


def test_what_an_operator_lifted_from_an_own_prompt_stays_lifted(acme: Organisation) -> None:
    secure(create(Details("greeting"), ADA, None), ADA, needs_green=True, needs_approval=False)
    own = create(Details("greeting"), PIA, acme)
    secure(own, ADA, needs_green=False, needs_approval=False)
    assert not describe(own, Details("greeting", "Warm"), EVE).needs_green
