"""What an idempotency key stands for: the one call that answers under it, and later its answer."""

from __future__ import annotations

from django.db import models

from llm.models.keys import ApiKey


class Claim(models.Model):
    """`call` is who may answer: whoever takes over writes its own id here, and so fences off the one before."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="Of the idempotency key, and the user a client token is for.")
    fingerprint = models.CharField(max_length=64, help_text="Of the path and the body.")
    call = models.UUIDField()
    held_until = models.DateTimeField(help_text="When the call counts as dead unless it shows itself again, or ended.")
    answer = models.BinaryField(null=True, help_text="Headers and body, compressed and sealed.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "digest"], name="claim_once_for_a_key")]
        indexes = [models.Index(fields=["held_until"], name="claim_by_age")]

    def __str__(self) -> str:
        return f"claim of {self.call}"
