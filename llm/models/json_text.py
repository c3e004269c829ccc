"""JSON of any text at all, in a column."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class JsonTextField(models.TextField):  # type: ignore[type-arg]  # Django's takes no arguments at run time
    """JSON in a text column, every sign beyond ASCII escaped: PostgreSQL's own kinds of JSON and text take no NUL."""

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))
