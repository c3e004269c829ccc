"""What the history says of a saved form: each field with what it held before and after, and never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.text import capfirst

from llm.models.money import DollarsField

LONGEST = 200
Message = list[dict[str, dict[str, Any]]]
"""Django's own shape, which it turns into a sentence when somebody reads it."""


def told(form: Any, formsets: Iterable[Any], *, add: bool) -> Message:
    message: Message = []
    if add:
        message.append({"added": {}})
    elif fields := list(differences(form)):
        message.append({"changed": {"fields": fields}})
    for formset in formsets:
        message += [{"added": named(row)} for row in formset.new_objects]
        message += [{"changed": named(row) | {"fields": fields}} for row, fields in _changed(formset)]
        message += [{"deleted": named(row)} for row in formset.deleted_objects]
    return message


def named(row: Model) -> dict[str, Any]:
    return {"name": str(row._meta.verbose_name), "object": str(row)}


def differences(form: Any) -> Iterator[str]:
    """`Retries from 3 to 1` for each field that was changed."""
    for name in form.changed_data:
        field = form.fields.get(name)
        label = _label(name, field)
        if field is None or isinstance(field.widget, forms.PasswordInput) or name not in form.cleaned_data:
            yield label
            continue
        before, after = form.get_initial_for_field(field, name), form.cleaned_data[name]
        if before != after:  # a field with a made-up default counts as changed where its hidden twin was not sent
            yield difference(label, readable(field, before), readable(field, after))


def difference(label: str, before: Any, after: Any) -> str:
    return f"{label} from {shown(before)} to {shown(after)}"


def readable(field: Any, value: Any) -> Any:
    """Dollars for picodollars, and the row where a form holds the key of one."""
    if isinstance(field, DollarsField) and value is not None:
        return f"{field.prepare_value(value)} USD"
    if isinstance(field, forms.ModelMultipleChoiceField):
        return list(value or ())
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None and isinstance(value, int):
        return field.queryset.filter(pk=value).first()
    return value


def shown(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _label(name: str, field: Any) -> str:
    return str(field.label) if field is not None and field.label else str(capfirst(name.replace("_", " ")))


def _changed(formset: Any) -> Iterator[tuple[Model, list[str]]]:
    forms_of = {form.instance: form for form in formset.initial_forms}
    for row, _ in formset.changed_objects:
        yield row, list(differences(forms_of[row]))
