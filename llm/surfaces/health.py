"""`/healthz`: this process answers. `/readyz`: it may be sent calls. Open to everyone, so they tell little."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from rest_framework.views import APIView

from llm.lifecycle import lifecycle
from llm.surfaces.openapi import operations
from llm.wiring import recorder


class ProbeView(APIView):
    """Served by the lean handler, without DRF's own steps."""

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]  # DRF's own is sync
        if request.method in ("GET", "HEAD"):
            return await self.get(request)
        return HttpResponseNotAllowed(["GET", "HEAD"])

    @abstractmethod
    async def get(self, request: HttpRequest) -> HttpResponse: ...


class HealthView(ProbeView):
    @operations.health
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(b'{"status":"ok"}', content_type="application/json")


class ReadinessView(ProbeView):
    @operations.readiness
    async def get(self, request: HttpRequest) -> HttpResponse:
        """503 while draining. A journal or database in trouble is told, but calls go on with it."""
        state = "draining" if lifecycle.draining else "ok" if recorder().healthy else "degraded"
        body = orjson.dumps({"status": state, "records_pending": recorder().pending})
        return HttpResponse(body, status=503 if lifecycle.draining else 200, content_type="application/json")
