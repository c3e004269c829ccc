"""`/v1/chat/completions` and `/v1/models`: what the unchanged OpenAI SDKs ask for."""

from __future__ import annotations

from fnmatch import fnmatchcase

from rest_framework.request import Request
from rest_framework.response import Response

from llm.dialects import openai
from llm.surfaces.auth import caller_of
from llm.surfaces.views import GenerationView, ResourceView
from llm.wiring import catalog


class ChatCompletionsView(GenerationView):
    dialect = openai


class ModelsView(ResourceView):
    """The models this key may use, as the OpenAI API lists them."""

    dialect = openai

    def get(self, request: Request) -> Response:
        snapshot = catalog().snapshot()
        models = {model.name: model for model in snapshot.models.values()}
        usable = [model for name, model in sorted(models.items()) if _may_use(caller_of(request).models, name)]
        data = [
            {
                "id": model.name,
                "object": "model",
                "created": 0,
                "owned_by": model.routes[0].provider.name if model.routes else "gatehouse",
            }
            for model in usable
        ]
        return Response({"object": "list", "data": data})


def _may_use(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
