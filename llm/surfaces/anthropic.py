"""`/v1/messages`, `/v1/messages/count_tokens` and the listing of models: what the unchanged Anthropic SDKs ask for."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponseBase

from llm.dialects import anthropic
from llm.registry import ModelSpec
from llm.surfaces.http import count, serve
from llm.surfaces.openapi import operations
from llm.surfaces.views import GenerationView
from llm.types import JsonObject

UNKNOWN = "1970-01-01T00:00:00Z"
"""What Anthropic says where it does not know when a model came out."""


class MessagesView(GenerationView):
    dialect = anthropic

    @operations.messages
    async def post(self, request: HttpRequest) -> HttpResponseBase:
        return await serve(request, self.dialect)


class CountTokensView(GenerationView):
    dialect = anthropic

    @operations.count_tokens
    async def post(self, request: HttpRequest) -> HttpResponseBase:
        return await count(request, self.dialect, anthropic.parse_question)


def list_models(models: list[ModelSpec], today: date) -> JsonObject:
    """All of them, on one page."""
    listed = [list_model(model, today) for model in models]
    ends = (listed[0]["id"], listed[-1]["id"]) if listed else (None, None)
    return {"data": listed, "has_more": False, "first_id": ends[0], "last_id": ends[1]}


def list_model(model: ModelSpec, today: date) -> JsonObject:
    retires = model.retires_on
    return {
        "type": "model",
        "id": model.name,
        "display_name": model.name,
        "created_at": UNKNOWN,
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
        "lifecycle": "active" if retires is None else "deprecated" if today < retires else "retired",
        "retires_at": None if retires is None else f"{retires.isoformat()}T00:00:00Z",
    }
