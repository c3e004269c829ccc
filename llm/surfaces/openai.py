"""`/v1/chat/completions` and `/v1/models`: what the unchanged OpenAI SDKs ask for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from llm.dialects import anthropic, openai
from llm.dialects.anthropic.target import VERSION
from llm.dialects.base import Dialect
from llm.errors import NotFound
from llm.needs import may_use
from llm.registry import ModelSpec
from llm.surfaces.anthropic import list_model, list_models
from llm.surfaces.auth import caller_of
from llm.surfaces.http import serve
from llm.surfaces.openapi import operations
from llm.surfaces.views import GenerationView, ResourceView
from llm.types import JsonObject
from llm.wiring import catalog, clock


class ChatCompletionsView(GenerationView):
    dialect = openai

    @operations.chat_completions
    async def post(self, request: HttpRequest) -> HttpResponseBase:
        return await serve(request, self.dialect)


class ListingView(ResourceView):
    """Told to Anthropic's clients in their words: they are those who name its version."""

    dialect: Dialect = openai

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if VERSION in request.headers:
            self.dialect = anthropic
        return super().dispatch(request, *args, **kwargs)


class ModelsView(ListingView):
    """The models this key may use."""

    @operations.models
    def get(self, request: Request) -> Response:
        snapshot = catalog().snapshot()
        models = {model.name: model for model in snapshot.models.values()}
        usable = [model for name, model in sorted(models.items()) if may_use(caller_of(request), name)]
        if self.dialect is anthropic:
            return Response(list_models(usable, clock().now().date()))
        return Response({"object": "list", "data": [_listed(model) for model in usable]})


class ModelView(ListingView):
    """One of them, under its name or an alias."""

    @operations.model
    def get(self, request: Request, name: str) -> Response:
        model = catalog().snapshot().models.get(name)
        if model is None or not may_use(caller_of(request), model.name):
            raise NotFound(f"There is no model {name[:200]!r}.", param="model", code="model_not_found")
        if self.dialect is anthropic:
            return Response(list_model(model, clock().now().date()))
        return Response(_listed(model))


def _listed(model: ModelSpec) -> JsonObject:
    owner = model.routes[0].provider.name if model.routes else "gatehouse"
    return {"id": model.name, "object": "model", "created": 0, "owned_by": owner}
