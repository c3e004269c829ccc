"""The log: one row for each request, and apart from it, for less long, what was said.

No foreign key leads to or from these tables: the log outlives what it speaks of. On PostgreSQL both are partitioned by
month; `id` is a UUIDv7 and `created_at` the instant inside it, so that each id belongs to exactly one partition.
"""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.db import models

from llm.call import Caller, created_at
from llm.models.money import PicodollarField


def optional_text() -> models.CharField[str | None, str | None]:
    """Unbounded, because a row that is too long for its column would be lost; NULL is "not known"."""
    return models.CharField(null=True)


def count() -> models.BigIntegerField[int, int]:
    return models.BigIntegerField(default=0)


class LogQuerySet(models.QuerySet["RequestLog"]):
    def of(self, caller: Caller) -> Self:
        """What `caller` may see: its key's own requests, all of its organisation's with that scope; of these one
        user's alone where the credential speaks for one."""
        rows = self.filter(organisation_id=caller.organisation_id)
        if "organisation" not in caller.scopes:
            rows = rows.filter(key_id=caller.key_id)
        return rows if caller.user_id is None else rows.filter(user_id=caller.user_id)

    def identified(self, identity: UUID) -> Self:
        """The row of `identity`; its instant leads PostgreSQL to the one partition."""
        return self.filter(id=identity, created_at=created_at(identity))


class RequestLog(models.Model):
    """The columns of `llm.call.Record`, by the same names. Times in milliseconds, money in picodollars."""

    id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField()
    status = models.CharField()
    surface = models.CharField()
    dialect = models.CharField()
    http_status = models.IntegerField(null=True)
    requests = models.BigIntegerField(default=1)

    organisation_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    team = optional_text()
    user_id = optional_text()
    session_id = optional_text()
    request_id = optional_text()
    purpose = models.CharField()
    priority = models.CharField()
    tags = models.JSONField(default=dict)
    sources = models.JSONField(default=list)
    prompt = optional_text()
    prompt_version = models.IntegerField(null=True)
    prompt_label = optional_text()

    model = optional_text()
    provider = optional_text()
    upstream_model = optional_text()
    upstream_id = optional_text()
    streamed = models.BooleanField(default=False)
    attempts = models.JSONField(default=list)
    retries = models.IntegerField(default=0)
    fallback_used = models.BooleanField(default=False)
    cache = models.CharField()
    finish_reason = optional_text()
    error_type = optional_text()
    error_code = optional_text()
    error_message = optional_text()
    limit_scope = optional_text()
    limit_name = optional_text()
    warnings = models.JSONField(default=list)
    selection = optional_text()

    prompt_tokens = count()
    completion_tokens = count()
    total_tokens = count()
    cached_tokens = count()
    cache_write_tokens = count()
    reasoning_tokens = count()
    usage_estimated = models.BooleanField(default=False)
    cost = PicodollarField(null=True)
    saved = PicodollarField(null=True)
    price = models.JSONField(null=True)

    queue_ms = models.FloatField(default=0)
    first_token_ms = models.FloatField(null=True)
    latency_ms = models.FloatField(default=0)
    overhead_ms = models.FloatField(default=0)

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name = "request"
        constraints = [models.UniqueConstraint(fields=["id", "created_at"], name="request_once")]
        indexes = [
            models.Index(fields=["organisation_id", "created_at", "id"], name="request_of_organisation"),
            models.Index(fields=["key_id", "created_at", "id"], name="request_of_key"),
            models.Index(fields=["created_at", "id"], name="request_newest"),
            models.Index(
                fields=["prompt", "created_at"], name="request_of_prompt", condition=models.Q(prompt__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"gen_{self.id}"


class RequestBody(models.Model):
    """What was asked and answered, under the id of its request."""

    id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField()
    organisation_id = models.BigIntegerField(null=True)
    request: models.JSONField[Any, Any] = models.JSONField(null=True)
    answer: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        verbose_name = "body"
        verbose_name_plural = "bodies"
        constraints = [models.UniqueConstraint(fields=["id", "created_at"], name="body_once")]
        indexes = [models.Index(fields=["created_at"], name="body_oldest")]

    def __str__(self) -> str:
        return f"body of gen_{self.id}"
