"""`/healthz`: this process answers. `/readyz`: it may be sent calls. Open to everyone, so they tell little."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from rest_framework.views import APIView

from llm.lifecycle import lifecycle
from llm.surfaces.openapi import operations
from llm.wiring import recorder, watch


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
        """503 while draining, and where no call can be served. What else is in trouble is told; calls go on with it."""
        troubles = await watch().fresh()
        if lifecycle.draining:
            state = "draining"
        elif any(trouble.stops for trouble in troubles.values()):
            state = "unavailable"
        else:
            state = "degraded" if troubles else "ok"
        said = {
            "status": state,
            "degraded": {part: trouble.why for part, trouble in troubles.items()},
            "records_pending": recorder().pending,
        }
        ready = state in ("ok", "degraded")
        return HttpResponse(orjson.dumps(said), status=200 if ready else 503, content_type="application/json")
