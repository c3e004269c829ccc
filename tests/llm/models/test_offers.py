from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from llm.models import Alias, Fallback, Model
from tests.llm import rows

pytestmark = pytest.mark.django_db


def test_a_name_belongs_to_one_model_whether_as_name_or_alias() -> None:
    small = rows.model("gpt-4o-mini")
    Alias.objects.create(model=small, name="small")
    with pytest.raises(ValidationError, match="as an alias"):
        rows.model("small")
    with pytest.raises(ValidationError, match="has this name"):
        Alias(model=small, name="gpt-4o-mini").full_clean()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "two words"),
        ("context_window", 0),
        ("max_output_tokens", -5),
        ("quality", 11),
        ("capabilities", ["telepathy"]),
    ],
)
def test_nonsense_is_refused_at_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        rows.model(**{"name": "gpt-4o", field: value})  # type: ignore[arg-type]  # wrong on purpose
    assert field in refused.value.message_dict


def test_an_answer_cannot_be_longer_than_the_window() -> None:
    with pytest.raises(ValidationError, match="More than the context window"):
        rows.model("gpt-4o", context_window=1000, max_output_tokens=1001)


def test_a_model_falls_back_on_others_only() -> None:
    model = rows.model("gpt-4o")
    with pytest.raises(IntegrityError):
        Fallback.objects.create(model=model, target=model)


def test_a_successor_that_goes_leaves_the_model() -> None:
    successor = rows.model("new")
    old = rows.model("old", successor=successor)
    successor.delete()
    assert Model.objects.get(pk=old.pk).successor is None
