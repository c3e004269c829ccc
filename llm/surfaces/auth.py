"""Who asks: from a request's credentials to the Caller. Every credential goes through `credential`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def credential(meta: Mapping[str, Any], *others: str) -> str:
    """The key in `Authorization: Bearer`, in `x-api-key` or among `others`; two different ones are refused, none is a
    401."""
    found = {key for key in (_bearer(meta), str(meta.get("HTTP_X_API_KEY", "")).strip(), *others) if key}
    if len(found) > 1:
        raise CallerError("The request carries two different keys.", code="ambiguous_credentials")
    if found:
        return found.pop()
    raise Unauthenticated(
        "No API key was sent.",
        code="missing_api_key",
        hint="Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'.",
    )


def _bearer(meta: Mapping[str, Any]) -> str:
    scheme, _, key = str(meta.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def meta_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of an ASGI scope under the names that `HttpRequest.META` gives them; one sent twice is joined."""
    meta: dict[str, str] = {}
    for header, value in headers:
        name = f"HTTP_{header.decode('latin1').upper().replace('-', '_')}"
        said = value.decode("latin1")
        if b"_" not in header:
            meta[name] = f"{meta[name]},{said}" if name in meta else said
    return meta


async def identify(key: str, *, header: str | None = None) -> Caller:
    """Whom a key or a client token lets in, whichever way it came. Raises Unauthenticated, or Unavailable while the
    store of keys is away and the key unknown."""
    return catalog().known(key) or await catalog().lookup(key) or _refuse(key, header)


async def authenticate(request: HttpRequest) -> Caller:
    """Raises what `credential` and `identify` raise."""
    return await identify(credential(request.META), header=_header(request.META))


def authenticate_sync(request: HttpRequest) -> Caller:
    """The same for the stock side's views."""
    key = credential(request.META)
    return catalog().known(key) or catalog().lookup_sync(key) or _refuse(key, _header(request.META))


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
