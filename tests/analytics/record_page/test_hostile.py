"""Three hundred hostile texts, each in every place of a record at once: its page keeps the bones of a harmless one."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from analytics.record_page import Sheet
from tests.analytics.logbook import row
from tests.hostile.markup import Element, bones
from tests.hostile.payloads import PAYLOADS

TEXTS = (
    *("status", "surface", "dialect", "team", "user_id", "session_id", "request_id", "purpose", "priority", "prompt"),
    *("prompt_label", "model", "provider", "upstream_model", "upstream_id", "cache", "finish_reason", "error_type"),
    *("error_code", "error_message", "limit_scope", "limit_name"),
)


class Everybody:
    """Who may read everything; no pages to link to."""

    def has_perm(self, right: str) -> bool:
        return right == "analytics.view_requestbody"

    def get_username(self) -> str:
        return "ada"


class Kept:
    def __init__(self, text: str) -> None:
        call = {"id": text, "name": text, "arguments": text}
        parts = [{"type": "text", "text": text}, {"type": text}]
        said = {"role": text, "name": text, "content": parts, "reasoning": text}
        choice = {"text": text, "reasoning": text, "refusal": text, "tool_calls": [call], "finish_reason": text}
        self.request = {"messages": [said | {"tool_calls": [call], "refusal": text}], text: text}
        self.answer = {"choices": [choice]}


def page(text: str) -> list[Element]:
    attempt = dict.fromkeys(("provider", "upstream_model", "outcome", "error", "status", "model"), text)
    told: Any = row(
        timezone.now(),
        **dict.fromkeys(TEXTS, text),
        tags={text: text},
        sources=[{text: text}],
        warnings=[text],
        attempts=[attempt, attempt],
    )
    told.key_name = told.organisation_name = text
    sheet = Sheet(told, Everybody(), "https://llm.example/")
    sheet.__dict__["body"] = Kept(text)
    request = RequestFactory().get("/")
    request.user = Everybody()  # type: ignore[assignment]  # all that the page asks of a user
    html = render_to_string("pages/record.html", {"title": sheet.name, "sheet": sheet, "row": told}, request)
    return bones(html)


def test_no_text_is_more_than_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.record_page.facts.numbered", lambda *_: None)
    plain = page("plain")

    assert len(plain) > 100
    assert len(PAYLOADS) >= 300
    assert [text for text in PAYLOADS if page(text) != plain] == []
