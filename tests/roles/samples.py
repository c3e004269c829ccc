"""One row of every model in the admin, for its pages to be of; of models to come it is made up from their fields."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models.fields import NOT_PROVIDED
from django.utils import timezone

from analytics.models import RequestLog
from llm.models import Provider
from tests.analytics.logbook import row

SAID: dict[type[models.Model], dict[str, Any]] = {
    Provider: {"kind": "echo"},  # whoever presses its buttons calls nobody
    User: {"username": "sample"},
    Group: {"name": "sample"},
}
VALUES: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (models.CharField, "sample"),
    (models.TextField, "sample"),
    (models.BooleanField, False),
    (models.DateTimeField, timezone.now()),
    (models.DateField, timezone.now().date()),
    (models.JSONField, {}),
    (models.Field, 1),
)


def sample(model: type[models.Model]) -> models.Model:
    if model is RequestLog:
        found = RequestLog.objects.first() or row(timezone.now())
        found.save()
        return found
    known = model._default_manager.filter(**SAID.get(model, {})).first()
    return known or model._default_manager.create(**made_up(model))


def made_up(model: type[models.Model]) -> dict[str, Any]:
    return {field.name: value(field) for field in model._meta.concrete_fields if is_wanted(field)} | SAID.get(model, {})


def is_wanted(field: models.Field[Any, Any]) -> bool:
    return not (field.null or field.primary_key or field.default is not NOT_PROVIDED or field.blank)


def value(field: models.Field[Any, Any]) -> Any:
    if field.remote_field is not None:
        return sample(field.remote_field.model)
    if field.choices:
        return field.flatchoices[0][0]
    return next(said for kind, said in VALUES if isinstance(field, kind))
