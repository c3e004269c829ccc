"""Models by any of their names."""

from __future__ import annotations

from django.db.models import Q

from llm.models import Model


def named_model(name: str | None) -> Model | None:
    """By public name or alias; None for None."""
    if name is None:
        return None
    return Model.objects.filter(Q(name=name) | Q(aliases__name=name)).first()
