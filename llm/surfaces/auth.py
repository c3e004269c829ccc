"""Who asks: from the credential headers to the Caller. Every credential goes through `credential`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from llm.call import Caller
from llm.client_tokens import invalid, is_token
from llm.errors import CallerError, Forbidden, Unauthenticated
from llm.wiring import catalog


def credential(meta: Mapping[str, Any]) -> str:
    """The key in `Authorization: Bearer` or `x-api-key`; two different ones are refused, none is a 401."""
    bearer = _bearer(meta)
    api_key = str(meta.get("HTTP_X_API_KEY", "")).strip()
    if bearer and api_key and bearer != api_key:
        raise CallerError(
            "The Authorization and x-api-key headers carry two different keys.", code="ambiguous_credentials"
        )
    if key := bearer or api_key:
        return key
    raise Unauthenticated(
        "No API key was sent.",
        code="missing_api_key",
        hint="Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.",
    )


def _bearer(meta: Mapping[str, Any]) -> str:
    scheme, _, key = str(meta.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def authenticate(request: HttpRequest) -> Caller:
    """Raises Unauthenticated, or Unavailable while the store of keys is away and the key unknown."""
    return await identify(credential(request.META), header=_header(request.META))


def authenticate_sync(request: HttpRequest) -> Caller:
    """The same for the stock side's views."""
    key = credential(request.META)
    return catalog().known(key) or catalog().lookup_sync(key) or _refuse(key, _header(request.META))


async def identify(key: str, *, header: str | None = None) -> Caller:
    """Whom a key or a client token lets in, whichever way it came."""
    return catalog().known(key) or await catalog().lookup(key) or _refuse(key, header)


def _refuse(key: str, header: str | None) -> NoReturn:
    if is_token(key):
        raise invalid()
    place = f" in the {header} header" if header else ""
    raise Unauthenticated(f"The API key{place} is unknown, expired or disabled.")


def _header(meta: Mapping[str, Any]) -> str:
    return "Authorization" if _bearer(meta) else "x-api-key"


def check_scope(caller: Caller, scope: str) -> None:
    if scope not in caller.scopes:
        raise Forbidden(f"This key lacks the scope {scope!r}.", code="missing_scope")


class KeyAuthentication(BaseAuthentication):
    """`request.auth` is the Caller. There is no Django user behind a key."""

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        return None, authenticate_sync(request._request)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def caller_of(request: Request) -> Caller:
    """Who `KeyAuthentication` found."""
    caller: Any = request.auth
    assert isinstance(caller, Caller)
    return caller


def requires(scope: str) -> type[BasePermission]:
    """A permission class that asks for one scope of the key."""

    class RequiresScope(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            check_scope(caller_of(request), scope)
            return True

    RequiresScope.__name__ = f"Requires{scope.title().replace('.', '')}"
    return RequiresScope
