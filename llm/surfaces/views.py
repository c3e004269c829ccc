"""What the views of all surfaces share: an async dispatch for generation, the native error envelope for resources."""

from __future__ import annotations

from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from llm.call import Caller, new_id, public_id
from llm.dialects import native
from llm.dialects.base import Dialect
from llm.dialects.fields import Fields
from llm.errors import CallerError, GatewayError, NotFound, Unavailable
from llm.surfaces.auth import KeyAuthentication
from llm.surfaces.cors import add_headers, cors_headers, preflight
from llm.surfaces.http import read_body, refusal
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.responses import identity_headers


class MethodNotAllowed(CallerError):
    status = 405
    code = "method_not_allowed"


class GenerationView(APIView):
    """Its methods are async and served by the lean handler, and they authenticate: DRF gives the schema alone."""

    authentication_classes = [KeyAuthentication]
    schema = BodySchema()
    dialect: Dialect

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # DRF's own is sync
        if request.method == "OPTIONS":
            return preflight(request)
        if request.method in self.allowed_methods:
            answered: HttpResponseBase = await getattr(self, request.method.lower())(request, **kwargs)
            return answered
        offered = " or ".join(method for method in self.allowed_methods if method != "OPTIONS")
        refused = MethodNotAllowed(f"{request.method} is not allowed here; use {offered}.")
        response = refusal(refused, self.dialect, public_id(new_id()), cors_headers(request, None))
        response["allow"] = ", ".join(self.allowed_methods)
        return response


class ResourceView(APIView):
    """A view of the stock side: a key, the native error envelope, a request id and CORS on every answer."""

    authentication_classes = [KeyAuthentication]
    dialect: Dialect = native

    caller: Caller | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.public_id = public_id(new_id())
        if request.method == "OPTIONS":
            return preflight(request)
        response = super().dispatch(request, *args, **kwargs)
        add_headers(response, cors_headers(request, self.caller) | identity_headers(self.public_id))
        return response

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        self.caller = request.auth if isinstance(request.auth, Caller) else None

    def handle_exception(self, exc: Exception) -> HttpResponse | Response:  # type: ignore[override]  # HttpResponse is enough for finalize_response
        return refusal(_as_ours(exc), self.dialect, self.public_id, {})


def body_of(request: Request) -> Fields:
    """The JSON object that was sent, to be read strictly. Raises MalformedBody, BodyTooLarge."""
    return Fields(read_body(request._request), "", strict=True)


def _as_ours(error: Exception) -> GatewayError:
    """Django's and DRF's few own refusals in our words; anything else is a bug and goes on its way."""
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        return Unavailable("The database is out of reach.", retry_after=2.0)
    if isinstance(error, Http404):
        return NotFound("There is nothing here.")
    if isinstance(error, APIException):
        ours = CallerError(str(error.detail), code=str(error.get_codes()))
        ours.status = error.status_code
        return ours
    raise error
