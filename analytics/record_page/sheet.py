"""All that the page of one record shows, for one viewer.

Whoever may see the log but not bodies sees money, times and names, and nothing that was said: no messages, no answer,
no titles of sources, and no error's own words, in which vendors like to quote the prompt.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from analytics.models import RequestBody, RequestLog
from analytics.record_page import bill, curl, facts, timeline, transcript
from analytics.record_page.facts import milliseconds
from analytics.record_page.prompted import is_written_out
from llm.call import public_id
from llm.models import Organisation

BODIES = "analytics.view_requestbody"
PLAYGROUND = "prompts.use_playground"


class Sheet:
    """`row` carries the names of its key and organisation; `ask` is the address a request goes to again."""

    def __init__(self, row: RequestLog, viewer: Any, ask: str) -> None:
        self.row: Any = row
        self.viewer = viewer
        self.ask = ask
        self.name = public_id(row.id)
        self.may_read = viewer.has_perm(BODIES)

    @cached_property
    def body(self) -> RequestBody | None:
        if not self.may_read:
            return None
        return RequestBody.objects.filter(id=self.row.id, created_at=self.row.created_at).first()

    @cached_property
    def turns(self) -> list[transcript.Turn]:
        if self.body is None:
            return []
        return transcript.cut([*transcript.asked(self.body.request), *transcript.answered(self.body.answer)])

    @property
    def why_unsaid(self) -> str:
        """Why there is nothing to read."""
        if not self.may_read:
            return "What was said is for those who may read messages and answers. You may see everything else."
        if self.body is not None:
            return "" if self.turns else "Nothing was said."
        days, age = settings.BODY_DAYS, timezone.now() - self.row.created_at
        if days and age > timedelta(days=days):
            return f"Messages and answers are kept for {days} days; this one's are gone."
        if Organisation.objects.filter(pk=self.row.organisation_id, keeps_bodies=False).exists():
            return f"Messages and answers of {self.row.organisation_name} are not kept."
        return "Message and answer of this call were not kept."

    @property
    def curl(self) -> str | None:
        if self.body is None:
            return None
        return curl.line(self.body.request, self.ask, written_out=is_written_out(self.row))

    @property
    def playground(self) -> str:
        """Where the viewer may ask it anew."""
        return f"{reverse('playground')}?record={self.name}" if self.viewer.has_perm(PLAYGROUND) else ""

    @property
    def facts(self) -> list[tuple[str, list[facts.Fact]]]:
        return facts.groups(self.row, self.viewer)

    @property
    def error(self) -> str:
        parts = [self.row.error_type, self.row.error_code, self.row.error_message if self.may_read else None]
        return ": ".join(dict.fromkeys(part for part in parts if part))

    @property
    def sources(self) -> str:
        return transcript.pretty(self.row.sources) if self.row.sources and self.may_read else ""

    @property
    def bars(self) -> list[timeline.Bar]:
        return timeline.bars(self.row)

    @property
    def rest(self) -> str:
        return milliseconds(timeline.rest(self.row))

    @property
    def lines(self) -> list[bill.Line]:
        return bill.lines(self.row)

    @property
    def notes(self) -> list[str]:
        return bill.notes(self.row)

    @property
    def cost(self) -> str:
        return bill.in_dollars(self.row.cost)

    @property
    def saved(self) -> str:
        return bill.in_dollars(self.row.saved) if self.row.cache == "hit" else ""

    @property
    def took(self) -> str:
        return milliseconds(self.row.latency_ms)
