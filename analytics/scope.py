"""Whose records a caller may see. Code that serves requests reads the log through `of` and in no other way."""

from __future__ import annotations

from typing import Any, Self

from django.db.models import QuerySet

from llm.call import Caller


class ScopedRecords(QuerySet[Any]):
    def of(self, caller: Caller) -> Self:
        """The key's own records, its organisation's with that scope; one user's where the key speaks for one."""
        seen = self.filter(organisation_id=caller.organisation_id)
        if "organisation" not in caller.scopes:
            seen = seen.filter(key_id=caller.key_id)
        return seen if caller.user_id is None else seen.filter(user_id=caller.user_id)
