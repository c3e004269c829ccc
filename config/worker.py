"""What a Celery worker does as it starts: it follows its parent, and refuses secrets that are not the database's."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_init
from django.core.management.base import CommandError

from config import entry
from config.supervisor import follow_parent


@worker_init.connect
def begin(**sender: Any) -> None:
    follow_parent()
    try:
        entry.verify()
    except CommandError as refusal:
        raise SystemExit(str(refusal)) from None
