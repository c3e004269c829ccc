"""The project itself as a Django application: it brings `serve` and `up`, and the Celery app that tasks go out by."""

from __future__ import annotations

from django.apps import AppConfig

from config.celery import app


class ProjectConfig(AppConfig):
    name = "config"
    verbose_name = "Gatehouse"
    celery = app
