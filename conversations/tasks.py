"""What conversations need once a day: an end to what is older than any text may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction

from conversations.models import Conversation, Message

CHUNK = 500
"""Rows deleted in one transaction, so that nobody waits long behind it."""


@shared_task
def prune_conversations() -> int:
    """Deletes messages that are over BODY_DAYS old, and conversations in which nothing was said since; says how many
    conversations went."""
    if not settings.BODY_DAYS:
        return 0
    cutoff = datetime.now(UTC) - timedelta(days=settings.BODY_DAYS)
    old = Message.objects.filter(created_at__lt=cutoff).order_by()
    while names := list(old.values_list("pk", flat=True)[:CHUNK]):
        Message.objects.filter(pk__in=names).delete()
    deleted = 0
    while gone := _delete_some(cutoff):
        deleted += gone
    return deleted


def _delete_some(cutoff: datetime) -> int:
    """Locked first, so that no turn begins in one meanwhile."""
    with transaction.atomic():
        silent = Conversation.objects.filter(updated_at__lt=cutoff).select_for_update()
        names = list(silent.values_list("pk", flat=True)[:CHUNK])
        Conversation.objects.filter(pk__in=names).delete()
    return len(names)
