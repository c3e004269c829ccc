"""Conversations and their messages. Whose a conversation is, is asked of `of(caller)` alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models

from llm.call import Caller
from llm.models.json_text import JsonTextField


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, caller: Caller) -> Self:
        """The organisation's; of these one user's alone where the credential speaks for one."""
        rows = self.filter(organisation_id=caller.organisation_id)
        return rows if caller.user_id is None else rows.filter(user_id=caller.user_id)


class Conversation(models.Model):
    """`turn` counts the turns that were taken and fences off the holder of an older one; a turn is held until
    `turn_until` at the latest."""

    id = models.UUIDField(primary_key=True, editable=False)
    organisation = models.ForeignKey("llm.Organisation", models.CASCADE, related_name="+")
    user_id = models.TextField(null=True)  # noqa: DJ001  # NULL is nobody's, which no text may mean
    title = models.TextField()
    system: models.TextField[Any, Any] = JsonTextField(null=True)
    model = models.TextField(null=True)  # noqa: DJ001  # NULL is the default model of the moment
    prompt: models.TextField[Any, Any] = JsonTextField(null=True)
    metadata: models.TextField[Any, Any] = JsonTextField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    turn = models.BigIntegerField(default=0)
    turn_until = models.DateTimeField(null=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "created_at", "id"], name="conversation_newest"),
            models.Index(fields=["organisation", "user_id", "created_at", "id"], name="conversation_of_user"),
            models.Index(fields=["updated_at"], name="conversation_oldest"),
        ]

    def __str__(self) -> str:
        return f"conv_{self.id}"

    def is_held(self, now: datetime) -> bool:
        return self.turn_until is not None and self.turn_until >= now


class MessageStatus(models.TextChoices):
    """Of an answer: how it came out. What was asked is complete."""

    RUNNING = "running", "Being answered"
    COMPLETE = "complete", "Complete"
    INCOMPLETE = "incomplete", "Broke off"
    CANCELLED = "cancelled", "Cancelled"
    ERROR = "error", "Failed"
    INTERRUPTED = "interrupted", "Its process died"


class Message(models.Model):
    """`said` is the message in the native dialect; `answer` the rest of a native answer, `error` why there is none."""

    id = models.UUIDField(primary_key=True, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    position = models.BigIntegerField()
    said: models.TextField[Any, Any] = JsonTextField()
    status = models.CharField(max_length=16, choices=MessageStatus.choices, default=MessageStatus.COMPLETE)
    generation_id = models.UUIDField(null=True)
    answer: models.TextField[Any, Any] = JsonTextField(null=True)
    error: models.TextField[Any, Any] = JsonTextField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["conversation", "position"], name="message_in_order")]
        indexes = [models.Index(fields=["created_at"], name="message_oldest")]

    def __str__(self) -> str:
        return f"msg_{self.id}"

    @property
    def is_answer(self) -> bool:
        return self.generation_id is not None
