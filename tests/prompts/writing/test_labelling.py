"""Moving labels: who may, what is asked, and what the history says afterwards."""

from __future__ import annotations

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase

from llm.errors import Conflict, Forbidden, InvalidField
from llm.models import Organisation
from prompts.choosing import Split, chosen
from prompts.models import Example, LabelMove, Outcome, Prompt, Proposal, Result, Run
from prompts.writing.editing import Details, create, save_version, secure
from prompts.writing.labelling import approve, decline, move, protect, standing, whole
from tests.prompts.conftest import ADA, EVE, Save, wording


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
def test_any_label_can_be_protected_by_who_may_publish(greeting: Prompt) -> None:
    move(greeting, "staging", whole(1), EVE)
    with pytest.raises(Forbidden):
        protect(greeting, "staging", EVE, protected=True)
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


@pytest.mark.usefixtures("twice")
def test_four_eyes_wait_for_somebody_else(greeting: Prompt) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    proposal = move(greeting, "production", whole(2), ADA, reason="better")
    assert isinstance(proposal, Proposal)
    assert standing(greeting, "production") == []
    for unfit in (ADA, EVE):
        with pytest.raises(Forbidden):
            approve(proposal, unfit)
    bob = type(ADA)("bob", None, may_publish=True)
    made = approve(proposal, bob)
    assert (made.author, made.approver, standing(greeting, "production")) == ("ada", "bob", whole(2))
    assert not greeting.proposals.exists()


@pytest.mark.usefixtures("twice")
def test_nobody_agrees_to_what_has_changed_since_they_looked(greeting: Prompt) -> None:
    secure(greeting, ADA, needs_green=False, needs_approval=True)
    looked_at = move(greeting, "production", whole(1), ADA, reason="harmless")
    move(greeting, "production", whole(2), ADA, reason="something else")
    assert isinstance(looked_at, Proposal)
    with pytest.raises(Conflict):
        approve(looked_at, type(ADA)("bob", None, may_publish=True))
    assert standing(greeting, "production") == []


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
