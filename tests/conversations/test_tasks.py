"""No text outlives its days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings

from conversations import tasks
from conversations.models import Conversation, Message
from llm.call import Caller, new_id
from llm.models import Organisation
from tests.analytics.logbook import caller
from tests.conversations.test_turns import opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asker() -> Caller:
    return caller(organisation_id=Organisation.objects.create(name="acme").pk)


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def say(row: Conversation, position: int, days: float) -> None:
    Message.objects.create(id=new_id(), conversation=row, position=position, said={}, created_at=ago(days))


def test_messages_go_after_their_days_and_silent_conversations_with_them(
    asker: Caller, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CHUNK", 2)
    settings.BODY_DAYS = 30
    live, *silent = opened(asker, updated_at=ago(1)), *(opened(asker, updated_at=ago(31)) for _ in range(3))
    for position, days in enumerate((31, 31, 31, 29), start=1):
        say(live, position, days)
    for row in silent:
        say(row, 1, 31)

    assert tasks.prune_conversations() == 3

    assert list(Conversation.objects.all()) == [live]
    assert [message.position for message in Message.objects.all()] == [4]


def test_zero_is_for_ever(asker: Caller, settings: LazySettings) -> None:
    settings.BODY_DAYS = 0
    say(opened(asker, updated_at=ago(4000)), 1, 4000)

    assert tasks.prune_conversations() == 0

    assert Message.objects.count() == 1


def test_beat_knows_the_task_by_its_name(settings: LazySettings) -> None:
    assert tasks.prune_conversations.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
