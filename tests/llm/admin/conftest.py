"""An operator signed in to the admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.forms import BaseForm
from django.test import Client

Form = dict[str, str]
Filled = Callable[[str], Form]


@pytest.fixture
def operator(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("ada", "ada@example.com"))
    return client


@pytest.fixture
def filled(operator: Client) -> Filled:
    """What a browser would send of the page at an address, unchanged."""

    def read(url: str) -> Form:
        context = operator.get(url).context
        forms = [context["adminform"].form]
        for inline in context["inline_admin_formsets"]:
            forms += [inline.formset.management_form, *inline.formset.initial_forms]
        return {name: value for form in forms for name, value in _values(form).items()}

    return read


def _values(form: BaseForm) -> Form:
    values: Form = {}
    for field in form:
        value = field.value()
        if field.name in {"scopes", "capabilities"}:
            values[field.html_name] = value
        elif isinstance(value, bool):
            values |= {field.html_name: "on"} if value else {}
        elif hasattr(field.field.widget, "widgets"):
            parts = field.field.widget.decompress(value)
            values |= {
                f"{field.html_name}_{index}": "" if part is None else str(part) for index, part in enumerate(parts)
            }
        else:
            values[field.html_name] = "" if value is None else str(value)
    return values
