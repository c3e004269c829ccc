"""`/healthz`: this process answers. `/readyz`: it may be sent calls."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse

from llm.lifecycle import lifecycle
from llm.wiring import recorder


async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b'{"status":"ok"}', content_type="application/json")


async def readyz(request: HttpRequest) -> HttpResponse:
    """503 while draining. A journal or database in trouble is told, but calls go on with it."""
    state = "draining" if lifecycle.draining else "ok" if recorder().healthy else "degraded"
    body = orjson.dumps({"status": state, "records_pending": recorder().pending})
    return HttpResponse(body, status=503 if lifecycle.draining else 200, content_type="application/json")
