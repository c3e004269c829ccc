"""A turn in the database: taken by one at a time, held by a lease, fenced by its number; and what is kept of it.

All of this waits for the database: call it off the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from conversations import history
from conversations.models import Conversation, ConversationQuerySet, Message, MessageStatus
from conversations.names import CONVERSATION, MESSAGE, read
from llm.call import Caller, new_id
from llm.dialects.fields import Fields
from llm.dialects.messages import MAX_MESSAGES, MessageReader
from llm.dialects.native.parts import read_part, render_message
from llm.errors import Forbidden, InvalidField, NotFound
from llm.types import JsonObject
from llm.types import Message as Said

LEASE = timedelta(seconds=30)
"""How long a turn outlives the last sign of life from the process that holds it."""


@dataclass(slots=True, frozen=True)
class Question:
    """What is asked, where and by whom; `user_id` is the user it says it speaks for, `generation` the call's id."""

    caller: Caller
    conversation: str
    said: list[Said]
    user_id: str | None
    generation: UUID


@dataclass(slots=True, frozen=True)
class Turn:
    """`past` is what was said before, oldest first; `dropped` counts what lies before that."""

    conversation: Conversation
    number: int
    asked: list[UUID]
    answer: UUID
    past: list[Said]
    dropped: int


@dataclass(slots=True, frozen=True)
class Outcome:
    """What became of an answer. Without a status nothing came of the turn, and nothing of it is kept."""

    status: MessageStatus | None
    said: JsonObject
    answer: JsonObject | None = None
    error: JsonObject | None = None


def find(caller: Caller, name: str) -> Conversation:
    """Somebody else's conversation is as unknown as one that never was."""
    identity = read(CONVERSATION, name)
    found = Conversation.objects.of(caller).filter(pk=identity).first() if identity else None
    if found is None:
        raise unknown()
    return found


def unknown() -> NotFound:
    return NotFound("There is no conversation with this id.", param="id", code="conversation_not_found")


def check_keeps(caller: Caller) -> None:
    if not caller.keeps_bodies:
        raise Forbidden(
            f"The organisation {caller.organisation} keeps no messages, and a conversation is made of them.",
            code="bodies_not_kept",
            hint="Send the messages that belong together to /api/v1/generate/ each time.",
        )


def take(question: Question, now: datetime) -> Turn | None:
    """The turn, with the question and the answer to come written down; None while another turn is on."""
    check_keeps(question.caller)
    identity = find(question.caller, question.conversation).pk
    own = Conversation.objects.of(question.caller).filter(pk=identity)
    free = Q(turn_until=None) | Q(turn_until__lt=now)
    with transaction.atomic():
        if not own.filter(free).update(turn=F("turn") + 1, turn_until=now + LEASE, updated_at=now):
            return None
        conversation = own.get()
        if question.user_id not in (None, conversation.user_id):
            raise unknown()
        return _begin(conversation, question, now)


def _begin(conversation: Conversation, question: Question, now: datetime) -> Turn:
    """Whoever held the turn before and let its lease pass has died: its answer stays as far as it came."""
    conversation.messages.filter(status=MessageStatus.RUNNING).update(status=MessageStatus.INTERRUPTED)
    kept = list(conversation.messages.order_by("-position")[:MAX_MESSAGES])
    dropped = conversation.messages.count() - len(kept) if len(kept) == MAX_MESSAGES else 0
    position = kept[0].position if kept else 0
    past = [said(row) for row in reversed(kept)]
    _check_results(question.said, past)
    asked = [
        Message(
            id=new_id(), conversation=conversation, position=position + at, said=render_message(one), created_at=now
        )
        for at, one in enumerate(question.said, start=1)
    ]
    answer = Message(
        id=new_id(),
        conversation=conversation,
        position=position + len(asked) + 1,
        said={"role": "assistant"},
        status=MessageStatus.RUNNING,
        generation_id=question.generation,
        created_at=now,
    )
    Message.objects.bulk_create([*asked, answer])
    return Turn(conversation, conversation.turn, [row.id for row in asked], answer.id, past, dropped)


def said(row: Message) -> Said:
    return MessageReader(read_part).read(Fields(row.said, "", strict=True))


def _check_results(asked: list[Said], past: list[Said]) -> None:
    calls = history.last_calls(past)
    for at, one in enumerate(asked):
        if one.role == "tool" and one.tool_call_id not in calls:
            path = f"messages[{at}].tool_call_id"
            raise InvalidField(f"{path}: the last answer made no such call.", param=path)


def renew(turn: Turn, said: JsonObject, now: datetime) -> bool:
    """Holds the turn for longer, and keeps what was said so far; False if it is another's by now."""
    with transaction.atomic():
        if not _mine(turn).update(turn_until=now + LEASE):
            return False
        Message.objects.filter(pk=turn.answer).update(said=said)
        return True


def give_back(turn: Turn, outcome: Outcome, now: datetime) -> bool:
    """Ends the turn with what came of it; False if it was another's by then, and nothing is written."""
    with transaction.atomic():
        if not _mine(turn).update(turn_until=None, updated_at=now):
            return False
        if outcome.status is None:
            Message.objects.filter(pk__in=[*turn.asked, turn.answer]).delete()
        else:
            Message.objects.filter(pk=turn.answer).update(
                said=outcome.said, status=outcome.status, answer=outcome.answer, error=outcome.error
            )
        return True


def _mine(turn: Turn) -> ConversationQuerySet:
    return Conversation.objects.filter(pk=turn.conversation.pk, turn=turn.number)


def answer_to(caller: Caller, name: str, message: str, now: datetime) -> Message:
    """The answer with this id, or to the message with this id. One whose process died is told as interrupted."""
    conversation = find(caller, name)
    identity = read(MESSAGE, message)
    asked = conversation.messages.filter(pk=identity).first() if identity else None
    answers = conversation.messages.filter(generation_id__isnull=False)
    answer = answers.filter(position__gte=asked.position).order_by("position").first() if asked else None
    if answer is None:
        raise NotFound("There is no message with this id.", param="message", code="message_not_found")
    if answer.status == MessageStatus.RUNNING and not conversation.is_held(now):
        answer.status = MessageStatus.INTERRUPTED
    return answer


def delete(caller: Caller, name: str) -> None:
    """The row is locked first, so that no turn begins between its messages' end and its own."""
    with transaction.atomic():
        found = find(caller, name)
        locked = Conversation.objects.of(caller).select_for_update().filter(pk=found.pk).first()
        if locked is None:
            raise unknown()
        locked.delete()
