"""The pages on which a label is moved: to one version or to several, at once or once somebody else agrees."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from prompts.choosing import Split, in_words
from prompts.models import Prompt, Proposal
from prompts.writing.editing import secure
from prompts.writing.labelling import move, standing, whole
from tests.browsing import form
from tests.prompts.admin.conftest import Enter
from tests.prompts.conftest import ADA, Save, person

SPLIT: Split = [{"version": 1, "weight": 2.0}, {"version": 2, "weight": 0.5}, {"version": 3, "weight": 1.0}]


@pytest.fixture
def here(greeting: Prompt, save: Save) -> str:
    """The address of a prompt with three versions, the first in production."""
    for content in ("First words", "Second words", "Third thoughts"):
        save(content)
    move(greeting, "production", whole(1), ADA, reason="first")
    return f"/admin/prompts/prompt/{greeting.pk}/"


@pytest.fixture
def proposed(greeting: Prompt, here: str) -> str:
    """The address of a move of production to version 2, which Ada proposes."""
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    waiting = move(greeting, "production", whole(2), person("ada"), reason="It is warmer.\nLegal agrees.")
    assert isinstance(waiting, Proposal)
    return f"{here}proposals/{waiting.pk}/"


def read(client: Client, address: str, **said: Any) -> str:
    return client.get(address, said, follow=True).content.decode()


def test_an_editor_splits_a_free_label_between_three_versions(greeting: Prompt, here: str, enter: Enter) -> None:
    said = {"to": [1, 2, 3], "weight": ["2", "0.5", "1"]}
    address = f"{here}labels/staging/move/"
    client = enter("prompt editor")
    page = read(client, address, **said)
    assert "Move staging to versions 1 (57.1 %), 2 (14.3 %) and 3 (28.6 %)" in page

    assert client.post(address, form(page) | said).status_code == 302
    assert standing(greeting, "staging") == SPLIT


def test_the_form_grows_by_a_row_and_keeps_what_was_chosen(here: str, enter: Enter) -> None:
    client, address = enter("prompt editor"), f"{here}labels/staging/move/"
    assert read(client, address).count('name="to"') == 1
    page = read(client, address, to=3, more="1")
    assert page.count('name="weight"') == page.count('name="to"') == 2
    assert '<option value="3" selected>' in page
    assert "What changes" not in page.replace("Show what changes", "")
    assert 'role="alert"' not in page


def test_the_form_grows_to_as_many_rows_as_a_label_has_versions(here: str, enter: Enter, save: Save) -> None:
    for number in range(4, 9):
        save(f"Words {number}")
    page = read(enter("prompt editor"), f"{here}labels/staging/move/", to=list(range(1, 8)), more="1")
    assert page.count('<select id="to-') == 8
    assert "One more version" not in page


def test_a_version_without_a_weight_is_told_before_anything_moves(here: str, enter: Enter) -> None:
    page = read(enter("prompt editor"), f"{here}labels/staging/move/", to=[1, 2], weight=["9", ""])
    assert "Version 2 has no weight." in page
    assert "Move it" not in page


def test_each_version_that_is_new_to_the_label_is_held_against_what_most_get(here: str, enter: Enter) -> None:
    said = {"to": [1, 2, 3], "weight": [1, 1, 1]}
    page = read(enter("prompt publisher"), f"{here}labels/production/move/", **said)
    assert "From version 1 to version 2" in page
    assert "From version 1 to version 3" in page
    assert "<ins>Third thoughts</ins>" in page


def test_a_split_of_three_is_rolled_back_to_in_two_clicks(greeting: Prompt, here: str, enter: Enter) -> None:
    move(greeting, "staging", SPLIT, ADA)
    move(greeting, "staging", whole(3), ADA)
    client = enter("prompt editor")
    way = "to=1&amp;weight=2&amp;to=2&amp;weight=0.5&amp;to=3&amp;weight=1&amp;reason="
    assert way in read(client, here)
    assert way in read(client, f"{here}labels/staging/")

    said = {"to": [1, 2, 3], "weight": ["2", "0.5", "1"]}
    client.post(f"{here}labels/staging/move/", said)
    assert standing(greeting, "staging") == SPLIT


def test_an_old_version_can_be_chosen_where_it_is_named(here: str, enter: Enter, greeting: Prompt) -> None:
    greeting.newest = 1_000
    greeting.save()
    page = read(enter("prompt editor"), f"{here}labels/staging/move/", to=1)
    assert '<option value="1" selected>' in page


def test_who_may_not_move_a_label_reads_what_would_change_and_finds_no_button(here: str, enter: Enter) -> None:
    client = enter("prompt editor")
    page = read(client, f"{here}labels/production/move/", to=2)
    assert "<ins>Second</ins>" in page
    assert "Move production to" not in page
    assert "Roll back" not in read(client, f"{here}labels/production/")


def test_a_move_to_where_it_is_has_nothing_to_show(here: str, enter: Enter) -> None:
    page = read(enter("prompt publisher"), f"{here}labels/production/move/", to=1)
    assert "means version 1 already" in page
    assert "Move it" not in page


def test_a_label_that_means_nothing_yet_leads_to_what_it_will_mean(here: str, enter: Enter) -> None:
    page = read(enter("prompt editor"), f"{here}labels/canary/move/", to=2)
    assert "It meant nothing before." in page
    assert f'href="{here}versions/2/"' in page


def test_a_proposal_is_read_with_its_difference_and_agreed_to(greeting: Prompt, proposed: str, enter: Enter) -> None:
    client = enter("prompt publisher")
    page = read(client, proposed)
    assert "It is warmer.\nLegal agrees." in page
    assert "<ins>Second</ins>" in page
    assert (
        "production means version 2 now." in client.post(proposed, {"answer": "approve"}, follow=True).content.decode()
    )
    assert standing(greeting, "production") == whole(2)
    assert greeting.moves.first().approver == "prompt-publisher"  # type: ignore[union-attr]  # there is one


def test_ones_own_proposal_can_be_taken_back_and_not_agreed_to(greeting: Prompt, here: str, enter: Enter) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    client = enter("prompt publisher")
    page = read(client, f"{here}labels/production/move/", to=2)
    assert "Propose to move production to version 2" in page
    client.post(f"{here}labels/production/move/", {"to": 2, "reason": "better"})
    address = f"{here}proposals/{greeting.proposals.get().pk}/"

    page = read(client, address)
    assert "Take it back" in page
    assert "Agree" not in page
    client.post(address, {"answer": "approve"})
    assert standing(greeting, "production") == whole(1)
    client.post(address, {"answer": "decline"})
    assert not greeting.proposals.exists()
    assert LogEntry.objects.get().change_message == "Declined prompt-publisher's wish that production means version 2."


@pytest.mark.parametrize("role", ["prompt editor", "operator"])
def test_who_may_not_publish_reads_a_proposal_and_finds_no_button(
    greeting: Prompt, proposed: str, enter: Enter, role: str
) -> None:
    client = enter(role)
    page = read(client, proposed)
    assert "<ins>Second</ins>" in page
    assert 'name="answer"' not in page
    for answer in ("approve", "decline"):
        client.post(proposed, {"answer": answer})
    assert standing(greeting, "production") == whole(1)
    assert greeting.proposals.exists()


def test_a_proposal_that_is_gone_is_told_on_the_prompts_page(here: str, enter: Enter) -> None:
    for method in ("get", "post"):
        answer = getattr(enter(f"prompt {'editor' if method == 'get' else 'publisher'}"), method)(
            f"{here}proposals/5/", follow=True
        )
        assert "That proposal waits no longer" in answer.content.decode()


def test_whoever_moves_a_label_that_somebody_waits_for_is_told(proposed: str, here: str, enter: Enter) -> None:
    page = read(enter("prompt publisher"), f"{here}labels/production/move/", to=3)
    assert "A move proposed by <bdi>ada</bdi>" in page
    assert proposed in page


def test_setting_a_label_free_is_written_into_the_prompts_history(here: str, greeting: Prompt, enter: Enter) -> None:
    for unfit in ("prompt editor", "prompt publisher"):
        enter(unfit).post(f"{here}labels/production/protection/", {"protected": "no"})
    assert not LogEntry.objects.exists()
    enter("operator").post(f"{here}labels/production/protection/", {"protected": "no"})
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (str(greeting.pk), "production is protected no longer.")


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ([], "no version"),
        (whole(3), "version 3"),
        ([{"version": 3, "weight": 9.0}, {"version": 4, "weight": 1.0}], "versions 3 (90 %) and 4 (10 %)"),
        (SPLIT, "versions 1 (57.1 %), 2 (14.3 %) and 3 (28.6 %)"),
    ],
)
def test_a_split_is_told_in_percent(split: Split, words: str) -> None:
    assert in_words(split) == words
