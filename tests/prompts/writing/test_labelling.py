"""Moving labels: who may, what is asked, and what the history says afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase

from llm.errors import Conflict, Forbidden, InvalidField, NotFound
from llm.models import Organisation
from prompts.choosing import Split, chosen
from prompts.models import Example, LabelMove, Outcome, Prompt, Proposal, Result, Run
from prompts.writing.authors import Author
from prompts.writing.editing import Details, create, save_version, secure
from prompts.writing.labelling import MOST_LABELS, approve, decline, move, protect, standing, whole
from tests.prompts.conftest import ADA, EVE, PIA, Save, person, wording


@pytest.fixture
def twice(save: Save) -> None:
    save("First")
    save("Second")


@pytest.mark.usefixtures("twice")
def test_a_free_label_moves_without_a_right_or_a_reason(greeting: Prompt) -> None:
    assert isinstance(move(greeting, "staging", whole(2), EVE), LabelMove)
    assert standing(greeting, "staging") == whole(2)


@pytest.mark.usefixtures("twice")
def test_production_moves_by_the_right_and_with_a_reason_alone(greeting: Prompt) -> None:
    with pytest.raises(Forbidden):
        move(greeting, "production", whole(1), EVE, reason="please")
    with pytest.raises(InvalidField) as caught:
        move(greeting, "production", whole(1), ADA, reason="  ")
    assert caught.value.code == "reason_missing"
    assert standing(greeting, "production") == []
    move(greeting, "production", whole(1), ADA, reason="first")
    assert standing(greeting, "production") == whole(1)


@pytest.mark.usefixtures("twice")
def test_any_label_can_be_protected_by_who_sets_rules(greeting: Prompt) -> None:
    move(greeting, "staging", whole(1), EVE)
    for unfit in (EVE, PIA):
        with pytest.raises(Forbidden):
            protect(greeting, "staging", unfit, protected=True)
    protect(greeting, "staging", ADA, protected=True)
    with pytest.raises(Forbidden):
        move(greeting, "staging", whole(2), EVE, reason="mine")


@pytest.mark.usefixtures("twice")
def test_a_move_to_where_it_is_writes_no_history(greeting: Prompt) -> None:
    move(greeting, "staging", whole(1), EVE)
    move(greeting, "staging", whole(1), EVE)
    assert greeting.moves.count() == 1


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize(
    "split",
    [
        [],
        whole(3),
        [{"version": 1, "weight": 1.0}, {"version": 1, "weight": 2.0}],
        [{"version": 1, "weight": 0.0}, {"version": 2, "weight": 1.0}],
        [{"version": 1, "weight": float("nan")}],
        [{"version": 1, "weight": float("inf")}],
    ],
)
def test_a_split_that_means_nothing_is_refused(greeting: Prompt, split: Split) -> None:
    with pytest.raises(InvalidField):
        move(greeting, "staging", split, EVE)


@pytest.mark.parametrize("label", ["", "Production", "a b", "a" * 65, "../x", "\x00"])
def test_a_label_that_no_address_takes_is_refused(greeting: Prompt, label: str) -> None:
    with pytest.raises(InvalidField):
        move(greeting, label, whole(1), ADA, reason="go")


@pytest.fixture
def guarded(greeting: Prompt, twice: None) -> Prompt:
    """Two versions, the first in production; the second pair of eyes is asked for."""
    move(greeting, "production", whole(1), ADA, reason="first")
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    return greeting


def wished(prompt: Prompt, author: Author, version: int = 2) -> Proposal:
    made = move(prompt, "production", whole(version), author, reason="better")
    assert isinstance(made, Proposal)
    return made


def test_four_eyes_wait_for_somebody_else(guarded: Prompt) -> None:
    ada, eve = person("ada"), person("eve", may_publish=False)
    proposal = wished(guarded, ada)
    assert standing(guarded, "production") == whole(1)
    for unfit in (ada, eve):
        with pytest.raises(Forbidden):
            approve(proposal, unfit)
    made = approve(proposal, person("bob"))
    assert isinstance(made, LabelMove)
    assert (made.author, made.approver, standing(guarded, "production")) == ("ada", "bob", whole(2))
    assert not guarded.proposals.exists()


def test_another_name_is_no_other_pair_of_eyes(guarded: Prompt) -> None:
    ada = person("ada")
    proposal = wished(guarded, ada)
    with pytest.raises(Forbidden):
        approve(proposal, replace(ada, name="somebody-else"))


@pytest.mark.parametrize("nobody", [PIA, Author("key publisher", None, may_publish=True)])
def test_what_no_person_has_wished_takes_two_people(guarded: Prompt, nobody: Author) -> None:
    """Whoever holds a key may be the one who agrees."""
    proposal, ada = wished(guarded, nobody), person("ada")
    waiting = approve(proposal, ada)
    assert isinstance(waiting, Proposal)
    assert waiting.author == f"ada, for {nobody.name}"
    assert standing(guarded, "production") == whole(1)
    for unfit in (ada, nobody):
        with pytest.raises(Forbidden):
            approve(proposal, unfit)
    approve(proposal, person("bob"))
    assert standing(guarded, "production") == whole(2)


def test_the_wish_of_somebody_who_is_gone_takes_two_people(guarded: Prompt) -> None:
    proposal, bob = wished(guarded, person("ada")), person("bob")
    User.objects.get(username="ada").delete()
    assert isinstance(approve(proposal, bob), Proposal)
    assert standing(guarded, "production") == whole(1)


def test_nobody_agrees_to_what_has_changed_since_they_looked(guarded: Prompt) -> None:
    ada, bob = person("ada"), person("bob")
    looked_at = wished(guarded, ada)
    wished(guarded, ada, 1 + 1)
    for answer in (approve, decline):
        with pytest.raises(Conflict):
            answer(looked_at, bob)
    assert standing(guarded, "production") == whole(1)


def test_a_command_that_wishes_the_same_again_undoes_no_agreement(guarded: Prompt) -> None:
    proposal = wished(guarded, PIA)
    approve(proposal, person("ada"))
    assert wished(guarded, PIA) == proposal
    approve(proposal, person("bob"))
    assert standing(guarded, "production") == whole(2)


def test_a_move_ends_what_waited_to_move_the_label_from_where_it_was(guarded: Prompt, save: Save) -> None:
    proposal = wished(guarded, person("ada"))
    secure(guarded, ADA, needs_green=False, needs_approval=False)
    save("Third")
    move(guarded, "production", whole(3), ADA, reason="at once")
    secure(guarded, ADA, needs_green=False, needs_approval=True)
    with pytest.raises(Conflict):
        approve(proposal, person("bob"))
    assert standing(guarded, "production") == whole(3)


def test_who_may_publish_lifts_no_protection(guarded: Prompt) -> None:
    with pytest.raises(Forbidden) as caught:
        protect(guarded, "production", PIA, protected=False)
    assert caught.value.code == "rules_not_allowed"


def test_a_label_that_never_moved_is_neither_protected_nor_set_free(guarded: Prompt) -> None:
    with pytest.raises(NotFound):
        protect(guarded, "canary", ADA, protected=True)


@pytest.mark.usefixtures("twice")
def test_a_prompt_has_a_hundred_labels_and_those_go_on_moving(greeting: Prompt) -> None:
    for number in range(MOST_LABELS):
        move(greeting, f"label-{number}", whole(1), EVE)
    with pytest.raises(InvalidField) as caught:
        move(greeting, "one-more", whole(1), EVE)
    assert caught.value.param == "label"
    assert isinstance(move(greeting, "label-7", whole(2), EVE), LabelMove)


@pytest.mark.usefixtures("twice")
def test_a_declined_proposal_moves_nothing(greeting: Prompt) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    proposal = move(greeting, "production", whole(2), ADA, reason="better")
    assert isinstance(proposal, Proposal)
    decline(proposal, ADA)
    assert not greeting.proposals.exists()
    assert standing(greeting, "production") == []


@pytest.mark.usefixtures("twice")
def test_publish_only_when_green_asks_for_every_examples_last_result(greeting: Prompt) -> None:
    secure(greeting, ADA, needs_green=True, needs_approval=False)

    def refused() -> bool:
        try:
            move(greeting, "production", whole(2), ADA, reason="go")
        except InvalidField as error:
            return error.code == "not_green"
        return False

    assert refused()
    example = Example.objects.create(prompt=greeting, name="one", changed_at=timezone.now())
    assert refused()
    tried(example, 2, Outcome.PASS)
    tried(example, 2, Outcome.FAIL)
    assert refused()
    tried(example, 2, Outcome.PASS)
    example.changed_at = timezone.now()
    example.save()
    assert refused()
    tried(example, 2, Outcome.PASS)
    assert not refused()


def tried(example: Example, version: int, outcome: Outcome) -> None:
    now = timezone.now()
    run = Run.objects.create(prompt=example.prompt, versions=[version], total=1, author="ada", created_at=now)
    Result.objects.create(run=run, example=example, version=version, outcome=outcome, created_at=now)


class TestHistory(TestCase):
    @given(
        moves=some.lists(
            some.tuples(some.sampled_from(["draft", "staging", "production"]), some.integers(1, 3)), max_size=12
        )
    )
    def test_a_labels_history_replays_to_its_state(self, moves: list[tuple[str, int]]) -> None:
        prompt = create(Details("replayed"), ADA, Organisation.objects.create(name="replays"))
        for content in ("One", "Two", "Three"):
            save_version(prompt, wording(content), ADA)
        for label, version in moves:
            move(prompt, label, whole(version), ADA, reason="so")

        replayed: dict[str, Split] = {}
        for line in prompt.moves.order_by("id"):
            assert line.before == replayed.get(line.label, [])
            replayed[line.label] = line.after

        assert replayed == {label.name: label.split for label in prompt.labels.all()}
        prompt.organisation.delete()  # type: ignore[union-attr]  # it has one


def test_a_split_is_sticky_and_falls_by_its_weights() -> None:
    split: Split = [{"version": 1, "weight": 9.0}, {"version": 2, "weight": 1.0}]
    lots = [f"user-{number}" for number in range(2_000)]
    first = [chosen(split, lot) for lot in lots]
    assert first == [chosen(split, lot) for lot in lots]
    assert 0.07 < first.count(2) / len(lots) < 0.13


def test_more_weight_moves_nobody_who_has_that_version_already() -> None:
    before: Split = [{"version": 1, "weight": 9.0}, {"version": 2, "weight": 1.0}]
    after: Split = [{"version": 1, "weight": 5.0}, {"version": 2, "weight": 5.0}]
    lots = [f"user-{number}" for number in range(500)]
    assert all(chosen(after, lot) == 2 for lot in lots if chosen(before, lot) == 2)
