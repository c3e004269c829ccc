"""One row of every model in the admin, for its pages to be of; of models to come it is made up from their fields."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models.fields import NOT_PROVIDED
from django.utils import timezone

from analytics.models import RequestLog
from llm.models import Provider
from prompts.models import Example, Prompt, Proposal, Run, Version
from prompts.wording import Line, Wording
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
    if model is Prompt:
        return known or written()
    return known or model._default_manager.create(**made_up(model))


def written() -> Prompt:
    """A prompt with a version, an example, a run and a proposal of it, each the first."""
    prompt = Prompt.objects.create(pk=1, name="sample", newest=1, search="sample")
    wording = Wording((Line("user", "Hello"),)).as_json()
    told: dict[str, Any] = {"prompt": prompt, "author": "sample", "created_at": timezone.now()}
    Version.objects.create(number=1, wording=wording, **told)
    Run.objects.create(pk=1, versions=[1], total=1, **told)
    Proposal.objects.create(pk=1, label="sample", before=[], after=[{"version": 1, "weight": 1.0}], **told)
    Example.objects.create(pk=1, prompt=prompt, name="sample", changed_at=timezone.now())
    return prompt


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
