"""Who is told what happens, and every message on its way to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from llm import vault
from llm.addresses import BadAddress, check_base_url
from llm.models import Organisation
from llm.models.bounds import Subset
from webhooks.events import EVENTS, OF_NOBODY
from webhooks.signing import BadSecret, new_secret

PURPOSE = "webhooks"
OVERLAP = timedelta(hours=24)
"""How long messages are signed with a former secret too, once there is a new one."""


def every_event() -> list[str]:
    return list(EVENTS)


class Webhook(models.Model):
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="webhooks", help_text="Empty: of all of them."
    )
    url = models.CharField("address", max_length=500, help_text="https://…, without a query.")
    events = models.JSONField(default=every_event, validators=[Subset(tuple(EVENTS))])
    sealed_secret = models.TextField(editable=False)
    former_sealed_secret = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    disabled = models.BooleanField(default=False)
    disabled_because = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["url", "pk"]
        constraints = [models.CheckConstraint(name="webhook_has_a_secret", condition=~Q(sealed_secret=""))]

    def __str__(self) -> str:
        return self.url

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.disabled:
            self.disabled_because = ""
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.url:
            self._check_address()
        foreign = [event for event in self.events or () if event in OF_NOBODY]
        if self.organisation_id is not None and foreign:
            raise ValidationError({"events": f"{' and '.join(foreign)} are of no organisation: leave it empty."})

    def _check_address(self) -> None:
        try:
            check_base_url(self.url, settings.ALLOWED_PRIVATE_HOSTS, at_home=False)
        except BadAddress as refused:
            raise ValidationError({"url": f"The address {refused}."}) from None

    def renew_secret(self) -> str:
        """A new secret, for the only time; messages are signed with the one of now, too, for OVERLAP."""
        secret = new_secret()
        self.former_sealed_secret = self.sealed_secret
        self.former_until = timezone.now() + OVERLAP if self.sealed_secret else None
        self.sealed_secret = vault.current(PURPOSE).seal(secret)
        return secret

    def signers(self, now: datetime) -> list[str]:
        """The secrets that a message is signed with. Raises BadSecret where one cannot be read."""
        overlaps = self.former_until is not None and self.former_until > now
        sealed = [self.sealed_secret, *([self.former_sealed_secret] if overlaps else [])]
        try:
            return [vault.current(PURPOSE).open(one) for one in sealed]
        except vault.Unopenable:
            raise BadSecret("The secret cannot be opened with the SECRETS_KEY of now; rotate it.") from None

    def reseal(self) -> None:
        box = vault.current(PURPOSE)
        self.sealed_secret = box.reseal(self.sealed_secret)
        self.former_sealed_secret = box.reseal(self.former_sealed_secret) if self.former_sealed_secret else ""
        self.save()


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class Delivery(models.Model):
    """One message on its way to one receiver: a webhook, or else the mailbox `address`.

    `due_at` is when it may be tried next. Whoever tries it first moves that ahead, by a lease: `attempts` then tells
    whether what came of it is still theirs to write down.
    """

    message = models.CharField(max_length=50, editable=False)
    event = models.CharField(max_length=50)
    webhook = models.ForeignKey(Webhook, models.CASCADE, null=True, related_name="deliveries")
    address = models.EmailField(blank=True)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    body = models.TextField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["message", "webhook"], name="message_once_to_a_webhook"),
            models.UniqueConstraint(
                fields=["message", "address"], condition=Q(webhook=None), name="message_once_to_a_mailbox"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due")]

    def __str__(self) -> str:
        return f"{self.event} to {self.receiver}"

    @property
    def receiver(self) -> str:
        return self.address or str(self.webhook)
