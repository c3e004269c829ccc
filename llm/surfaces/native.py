"""`/api/v1/generate/`: the native dialect over JSON and server-sent events."""

from __future__ import annotations

from llm.dialects import native
from llm.surfaces.views import GenerationView


class GenerateView(GenerationView):
    dialect = native
