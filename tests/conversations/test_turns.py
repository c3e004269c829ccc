"""A turn is one process's at a time: held by its lease, fenced by its number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversations import turns
from conversations.models import Conversation, Message, MessageStatus
from conversations.names import public
from conversations.turns import LEASE, Outcome, Question, Turn
from llm.call import Caller, created_at, new_id
from llm.errors import Forbidden, NotFound
from llm.models import Organisation
from llm.types import Message as Said
from llm.types import Text
from tests.analytics.logbook import caller

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + LEASE + timedelta(seconds=1)
DONE = Outcome(MessageStatus.COMPLETE, {"role": "assistant", "content": "Yes."}, {"cost": "0"})


@pytest.fixture
def asker() -> Caller:
    return caller(organisation_id=Organisation.objects.create(name="acme").pk)


@pytest.fixture
def conversation(asker: Caller) -> Conversation:
    return opened(asker)


def opened(asker: Caller, **said: Any) -> Conversation:
    identity = new_id()
    fields = {"created_at": created_at(identity), "updated_at": NOON, "organisation_id": asker.organisation_id}
    return Conversation.objects.create(id=identity, **{**fields, **said})


def take(asker: Caller, row: Conversation, now: datetime = NOON, *, user_id: str | None = None) -> Turn | None:
    said = [Said("user", [Text("Is it?")])]
    return turns.take(Question(asker, public("conv", row.id), said, user_id, new_id()), now)


def taken(asker: Caller, row: Conversation, now: datetime = NOON) -> Turn:
    turn = take(asker, row, now)
    assert turn is not None
    return turn


def statuses(row: Conversation) -> list[str]:
    return [message.status for message in row.messages.all()]


def test_a_turn_is_taken_by_one_at_a_time(asker: Caller, conversation: Conversation) -> None:
    turn = taken(asker, conversation)
    assert take(asker, conversation) is None
    assert turns.give_back(turn, DONE, NOON)
    assert taken(asker, conversation).number == turn.number + 1


def test_what_was_said_is_the_past_of_the_next_turn(asker: Caller, conversation: Conversation) -> None:
    turns.give_back(taken(asker, conversation), DONE, NOON)

    past = taken(asker, conversation).past

    assert past == [Said("user", [Text("Is it?")]), Said("assistant", [Text("Yes.")])]


def test_the_dead_lose_the_turn_with_their_lease_and_keep_what_they_said(
    asker: Caller, conversation: Conversation
) -> None:
    turn = taken(asker, conversation)
    turns.renew(turn, {"role": "assistant", "content": "Ye"}, NOON)

    assert take(asker, conversation, NOON + LEASE) is None
    assert taken(asker, conversation, LATER).past[-1] == Said("assistant", [Text("Ye")])
    assert statuses(conversation) == ["complete", "interrupted", "complete", "running"]


def test_a_sign_of_life_holds_the_turn(asker: Caller, conversation: Conversation) -> None:
    turn = taken(asker, conversation)
    assert turns.renew(turn, {"role": "assistant"}, NOON + LEASE / 2)
    assert take(asker, conversation, LATER) is None


def test_whoever_comes_back_after_the_lease_writes_nothing(asker: Caller, conversation: Conversation) -> None:
    late = taken(asker, conversation)
    taken(asker, conversation, LATER)

    assert not turns.renew(late, {"role": "assistant", "content": "late"}, LATER)
    assert not turns.give_back(late, DONE, LATER)
    assert statuses(conversation) == ["complete", "interrupted", "complete", "running"]
    assert take(asker, conversation, LATER) is None


def test_of_a_turn_that_came_to_nothing_nothing_is_kept(asker: Caller, conversation: Conversation) -> None:
    assert turns.give_back(taken(asker, conversation), Outcome(None, {}), NOON)
    assert statuses(conversation) == []
    assert taken(asker, conversation).past == []


def test_messages_before_the_longest_history_are_counted_and_stay_behind(
    asker: Caller, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MAX_MESSAGES", 2)
    for _ in range(3):
        turns.give_back(taken(asker, conversation), DONE, NOON)

    turn = taken(asker, conversation)

    assert (len(turn.past), turn.dropped) == (2, 4)


def test_anothers_conversation_is_unknown(asker: Caller) -> None:
    other = caller(organisation_id=Organisation.objects.create(name="globex").pk)
    ours, adas = opened(asker), opened(asker, user_id="ada")
    ada, bob = (caller(organisation_id=asker.organisation_id, user_id=name) for name in ("ada", "bob"))

    for stranger, row in ((other, ours), (ada, ours), (bob, adas)):
        with pytest.raises(NotFound):
            take(stranger, row)
        with pytest.raises(NotFound):
            turns.delete(stranger, public("conv", row.id))
    assert taken(ada, adas)
    assert taken(asker, ours)


def test_whoever_speaks_for_a_user_reaches_that_users_conversations_alone(asker: Caller) -> None:
    row = opened(asker, user_id="ada")
    with pytest.raises(NotFound):
        take(asker, row, user_id="bob")
    assert taken(asker, row).number == 1
    assert Message.objects.count() == 2


def test_an_organisation_that_keeps_no_messages_can_say_none(conversation: Conversation) -> None:
    forgetful = caller(organisation_id=conversation.organisation_id, keeps_bodies=False)
    with pytest.raises(Forbidden, match="keeps no messages"):
        take(forgetful, conversation)


def test_a_deleted_conversation_takes_its_messages_along(asker: Caller, conversation: Conversation) -> None:
    turn = taken(asker, conversation)
    turns.delete(asker, public("conv", conversation.id))
    assert not turns.give_back(turn, DONE, NOON)
    assert Message.objects.count() == 0
