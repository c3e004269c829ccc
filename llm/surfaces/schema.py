"""`/api/schema/` and `/api/docs/`: for any key, or for whoever is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from llm.surfaces.auth import KeyAuthentication
from llm.surfaces.views import ResourceView

OURS_ALONE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI styles its elements inline; scripts, and whom they may speak to, are this host's."""


class KeySchemes(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its `__init_subclass__` has no types
    """Either header will do."""

    target_class = KeyAuthentication
    name = ["bearer", "apiKey"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{scheme: []} for scheme in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "x-api-key"}]


class SessionOrKey(KeyAuthentication):
    """A signed-in session will do; else the key decides."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        return SessionAuthentication().authenticate(request) or super().authenticate(request)


class SchemaView(ResourceView, SpectacularAPIView):
    """The API in OpenAPI 3, YAML unless JSON is asked for."""

    authentication_classes = [SessionOrKey]


class DocsView(ResourceView, SpectacularSwaggerSplitView):
    """The same as pages to read and to try; their assets are served from here."""

    authentication_classes = [SessionOrKey]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response["content-security-policy"] = OURS_ALONE
        return response
