"""`/api/v1/generate/`: the native dialect over JSON and server-sent events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from llm.dialects import native
from llm.surfaces.http import serve
from llm.surfaces.openapi import operations
from llm.surfaces.views import GenerationView


class GenerateView(GenerationView):
    dialect = native

    @operations.generate
    async def post(self, request: HttpRequest) -> HttpResponseBase:
        return await serve(request, self.dialect)
