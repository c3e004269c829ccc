"""The version stamp that every change of the registry raises in its own transaction, so that no process misses one."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal

from llm.models.budgets import Budget
from llm.models.keys import ApiKey
from llm.models.offers import Alias, Fallback, Model, Tier
from llm.models.organisations import Organisation, Team
from llm.models.prices import LongPromptPrice, RoutePrice
from llm.models.providers import Provider
from llm.models.routes import Route

registry_changed = Signal()
"""Sent after the commit, in the process that made the change, once for a transaction."""


def first_stamp() -> int:
    """Microseconds since 1970, so that an emptied database does not count through the same stamps again."""
    return time.time_ns() // 1000


class Stamps(NamedTuple):
    registry: int
    keys: int
    prompts: int


class RegistryStamp(models.Model):
    """One row with three counters: what is for sale, who may ask, and what prompts say. The row lock of the one who
    raises it makes stamps and commits come in the same order."""

    registry = models.PositiveBigIntegerField(default=first_stamp)
    keys = models.PositiveBigIntegerField(default=first_stamp)
    prompts = models.PositiveBigIntegerField(default=first_stamp)

    class Meta:
        constraints = [models.CheckConstraint(name="one_stamp", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return f"registry {self.registry}, keys {self.keys}, prompts {self.prompts}"

    @classmethod
    def read(cls) -> Stamps:
        found = cls.objects.values_list(*Stamps._fields).filter(pk=1).first()
        return Stamps(*found) if found else Stamps(0, 0, 0)

    @classmethod
    def bump(cls, counter: str) -> None:
        """For changes that send no signals (bulk and queryset writes), inside their transaction."""
        if not cls.objects.filter(pk=1).update(**{counter: F(counter) + 1}):
            cls.objects.get_or_create(pk=1)
        announced = transaction.get_connection().run_on_commit
        if not any(entry[1] is announce for entry in announced):
            transaction.on_commit(announce, robust=True)


def announce() -> None:
    registry_changed.send(RegistryStamp)


COUNTERS: dict[type[models.Model], tuple[str, ...]] = {
    Organisation: ("keys",),
    Team: ("keys",),
    ApiKey: ("keys",),
    Budget: ("keys",),
    Provider: ("registry",),
    Model: ("registry",),
    Alias: ("registry",),
    Fallback: ("registry",),
    Tier: ("registry",),
    Route: ("registry",),
    RoutePrice: ("registry",),
    LongPromptPrice: ("registry",),
}


def raise_stamp(sender: type[models.Model], **_: Any) -> None:
    for counter in COUNTERS[sender]:
        RegistryStamp.bump(counter)


for noun in COUNTERS:
    post_save.connect(raise_stamp, sender=noun, dispatch_uid=f"stamp-save-{noun.__name__}")
    post_delete.connect(raise_stamp, sender=noun, dispatch_uid=f"stamp-delete-{noun.__name__}")
