"""Limits on the pages of what has some: the fields, what they say in words, and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from llm.admin.desk import Desk
from llm.models.limited import LIMIT_NAMES, MOST, WITHIN

UNITS = {
    "requests_per_minute": "requests a minute",
    "tokens_per_minute": "tokens a minute",
    "max_concurrency": "at once",
}


TITLES = {
    "requests_per_minute": "Requests a minute",
    "tokens_per_minute": "Tokens a minute",
    "max_concurrency": "Requests at once",
}


def limits_section(*more: str) -> tuple[str, dict[str, Any]]:
    return ("Limits", {"fields": (*LIMIT_NAMES, *more)})


def in_words(row: Any) -> str:
    said = [f"{value:,} {unit}" for name, unit in UNITS.items() if (value := getattr(row, name)) is not None]
    return ", ".join(said) or "none"


class LimitedDesk(Desk):
    """Of rows with limits: what is doubtful is said when the page is opened, and when it was saved."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As on the bars; and what the row's own rules refuse, browsers refuse as it is typed."""
        if db_field.name in LIMIT_NAMES:
            said = {"min_value": WITHIN[0].message, "max_value": WITHIN[1].message}
            kwargs |= {"label": TITLES[db_field.name], "min_value": 1, "max_value": MOST, "error_messages": said}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def notices(self, obj: Any) -> Iterable[str]:
        yield from super().notices(obj)
        yield from obj.doubts()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for doubt in obj.doubts():
            messages.warning(request, doubt)
