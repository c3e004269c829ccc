"""`/api/schema/` and `/api/docs/`: for any key, or for whoever is signed in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from llm.surfaces.auth import KeyAuthentication
from llm.surfaces.views import ResourceView


class SessionOrKey(KeyAuthentication):
    """A signed-in session will do; else the key decides."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        return SessionAuthentication().authenticate(request) or super().authenticate(request)


class SchemaView(ResourceView, SpectacularAPIView):
    """The API in OpenAPI 3, YAML unless JSON is asked for."""

    authentication_classes = [SessionOrKey]


class DocsView(ResourceView, SpectacularSwaggerView):
    """The same as pages to read and to try; their assets are served from here."""

    authentication_classes = [SessionOrKey]
