from django.db import migrations, models

import llm.models.money
from analytics.operations import CreateMonthlyModel


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateMonthlyModel(
            name="RequestBody",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("request", models.JSONField(null=True)),
                ("answer", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "body",
                "verbose_name_plural": "bodies",
                "indexes": [models.Index(fields=["created_at"], name="body_oldest")],
                "constraints": [models.UniqueConstraint(fields=("id", "created_at"), name="body_once")],
            },
        ),
        CreateMonthlyModel(
            name="RequestLog",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("status", models.CharField()),
                ("surface", models.CharField()),
                ("dialect", models.CharField()),
                ("http_status", models.IntegerField(null=True)),
                ("requests", models.BigIntegerField(default=1)),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("key_id", models.BigIntegerField(null=True)),
                ("team", models.CharField(null=True)),
                ("user_id", models.CharField(null=True)),
                ("session_id", models.CharField(null=True)),
                ("request_id", models.CharField(null=True)),
                ("purpose", models.CharField()),
                ("priority", models.CharField()),
                ("tags", models.JSONField(default=dict)),
                ("sources", models.JSONField(default=list)),
                ("prompt", models.CharField(null=True)),
                ("prompt_version", models.IntegerField(null=True)),
                ("prompt_label", models.CharField(null=True)),
                ("model", models.CharField(null=True)),
                ("provider", models.CharField(null=True)),
                ("upstream_model", models.CharField(null=True)),
                ("upstream_id", models.CharField(null=True)),
                ("streamed", models.BooleanField(default=False)),
                ("attempts", models.JSONField(default=list)),
                ("retries", models.IntegerField(default=0)),
                ("fallback_used", models.BooleanField(default=False)),
                ("cache", models.CharField()),
                ("finish_reason", models.CharField(null=True)),
                ("error_type", models.CharField(null=True)),
                ("error_code", models.CharField(null=True)),
                ("error_message", models.CharField(null=True)),
                ("limit_scope", models.CharField(null=True)),
                ("limit_name", models.CharField(null=True)),
                ("warnings", models.JSONField(default=list)),
                ("prompt_tokens", models.BigIntegerField(default=0)),
                ("completion_tokens", models.BigIntegerField(default=0)),
                ("total_tokens", models.BigIntegerField(default=0)),
                ("cached_tokens", models.BigIntegerField(default=0)),
                ("cache_write_tokens", models.BigIntegerField(default=0)),
                ("reasoning_tokens", models.BigIntegerField(default=0)),
                ("usage_estimated", models.BooleanField(default=False)),
                ("cost", llm.models.money.PicodollarField(null=True)),
                ("saved", llm.models.money.PicodollarField(null=True)),
                ("price", models.JSONField(null=True)),
                ("queue_ms", models.FloatField(default=0)),
                ("first_token_ms", models.FloatField(null=True)),
                ("latency_ms", models.FloatField(default=0)),
                ("overhead_ms", models.FloatField(default=0)),
            ],
            options={
                "verbose_name": "request",
                "indexes": [
                    models.Index(fields=["organisation_id", "created_at", "id"], name="request_of_organisation"),
                    models.Index(fields=["key_id", "created_at", "id"], name="request_of_key"),
                    models.Index(fields=["created_at", "id"], name="request_newest"),
                ],
                "constraints": [models.UniqueConstraint(fields=("id", "created_at"), name="request_once")],
            },
        ),
    ]
