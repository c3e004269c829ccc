"""From a notice to a real receiver through a real worker; and what no hint was heard of goes with the sweep."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from config.celery import app
from tests.llm.surfaces.worker import working
from tests.services import wait_until
from tests.serving import Serving
from tests.webhooks.receiver import receiving
from webhooks import tasks
from webhooks.models import Delivery, State
from webhooks.outbox import DELIVER, LEASE, WAITS
from webhooks.posting import PATIENCE

NOTIFY = """
import time
from webhooks.models import Webhook
from webhooks.outbox import notify
made = Webhook(url="{url}")
print(made.renew_secret())
made.save()
notify("budget.alert", None, {{}})
time.sleep(1)
"""
SWEEP = "from webhooks.tasks import sweep; sweep()"


def test_a_notice_is_delivered_at_once_and_a_missed_one_by_the_sweep(tmp_path: Path) -> None:
    """In one test, because a worker takes seconds to start."""
    installed = Serving(tmp_path / "var")
    with receiving() as receiver, working(installed):
        secret = installed.manage("shell", "-v", "0", "-c", NOTIFY.format(url=receiver.url)).strip()
        assert wait_until(lambda: len(receiver.heard) == 1)
        assert receiver.heard[0].is_signed_with(secret)

        installed.change("UPDATE webhooks_delivery SET state = 'waiting'")
        installed.change("UPDATE webhooks_delivery SET due_at = created_at")
        installed.manage("shell", "-v", "0", "-c", SWEEP)
        assert wait_until(lambda: len(receiver.heard) == 2)
        assert receiver.heard[0].name == receiver.heard[1].name


def test_a_try_is_over_before_its_lease() -> None:
    assert PATIENCE < tasks.LIMIT < (tasks.deliver.time_limit or 0) < LEASE
    assert (tasks.deliver.name, tasks.deliver.acks_late) == (DELIVER, False)


def test_the_sweep_runs_each_minute() -> None:
    entry = app.conf.beat_schedule["webhooks"]
    assert (entry["task"], str(entry["schedule"])) == (tasks.sweep.name, "<crontab: * * * * * (m/h/dM/MY/d)>")


@pytest.mark.django_db
def test_the_sweep_gives_up_what_ended_with_every_worker() -> None:
    before = timezone.now() - timedelta(seconds=LEASE)
    Delivery.objects.create(message="msg_1", event="x", address="a@b.example", attempts=len(WAITS) + 1, due_at=before)

    assert tasks.sweep() == 0
    assert Delivery.objects.get().state == State.FAILED


@pytest.mark.django_db
def test_what_came_to_its_end_long_ago_goes() -> None:
    now = timezone.now()
    for days, state in ((91, State.DELIVERED), (89, State.FAILED), (91, State.WAITING)):
        ended = None if state == State.WAITING else now - timedelta(days=days)
        Delivery.objects.create(
            message=f"msg_{days}{state}", event="x", address="a@b.example", state=state, ended_at=ended
        )

    assert tasks.prune_deliveries() == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [State.FAILED, State.WAITING]
