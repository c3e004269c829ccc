"""The project itself as a Django application: it brings `serve` and `up`, the Celery app that tasks go out by, and the
groups of staff."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from config import roles
from config.celery import app


class ProjectConfig(AppConfig):
    name = "config"
    verbose_name = "Gatehouse"
    celery = app

    def ready(self) -> None:
        post_migrate.connect(roles.grant)
