"""Google's Gemini API, over the transport of all vendors, with what `genai.Client` knows of the way there."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
from google import genai
from google.genai.client import DebugConfig
from google.genai.types import HttpOptions

from llm.dialects import gemini as dialect
from llm.dialects.gemini import render_count, render_request
from llm.errors import ProviderBroken
from llm.providers.base import Probe, UpstreamCall
from llm.providers.dialling import open_client
from llm.providers.transport import Outgoing, Transport
from llm.registry import ProviderSpec
from llm.types import EventStream, Request

GOOGLE_URL = "https://generativelanguage.googleapis.com"
VERSION = "v1"
"""The SDK's own. It carries all that is asked here; only the names ending in `-latest` exist in `v1beta` alone."""
VERSIONED = re.compile(r"(.*)/(v\d+(?:(?:alpha|beta)\d*)?)", re.ASCII)
RESOURCES = ("models/", "tunedModels/", "publishers/", "projects/")
PAGE = "pageSize=1000"
"""As many models as one page of the list can hold."""


class GoogleProvider:
    """One endpoint that speaks Gemini. The SDK is asked once for address and headers: its own way from a request to
    an answer is a model of every field, and costs several times what sending and reading JSON does.
    """

    dialect = dialect.name

    def __init__(self, spec: ProviderSpec) -> None:
        http = open_client(spec)
        self._transport = Transport(http, spec)
        self._root, self._headers = _way(spec, http)

    async def close(self) -> None:
        await self._transport.close()

    def stream(self, call: UpstreamCall) -> EventStream:
        model = call.route.upstream_model
        body = render_request(call.request, model=model, max_tokens=call.max_tokens, dropped=call.dropped)
        verb = "streamGenerateContent?alt=sse" if call.request.stream else "generateContent"
        outgoing = self._outgoing(f"{_resource(model)}:{verb}", body, ("x-client-request-id", call.id))
        return self._transport.stream(outgoing, call, dialect)

    async def probe(self) -> Probe:
        url = httpx2.URL(f"{self._root}models?{PAGE}")
        return await self._transport.probe(Outgoing(url, self._headers, method="GET"))

    async def count(self, request: Request, model: str) -> int | None:
        resource = _resource(model)
        asked = self._outgoing(f"{resource}:countTokens", render_count(request, model=resource))
        said, _ = await self._transport.fetch(asked)
        count = said.get("totalTokens") if isinstance(said, dict) else None
        if type(count) is not int:
            raise ProviderBroken("The provider's count of tokens is none.")
        return count

    def _outgoing(self, path: str, body: dict[str, Any], *headers: tuple[str, str]) -> Outgoing:
        return Outgoing(httpx2.URL(self._root + path), [*self._headers, *headers], orjson.dumps(body))


def _way(spec: ProviderSpec, http: httpx2.AsyncClient) -> tuple[str, list[tuple[str, str]]]:
    """Where all addresses begin, and the headers, as the SDK puts them together.

    It has no public word for that: its requests are private. Everything it would take from the environment of this
    process, where it is told nothing, is said here.
    """
    address = (spec.base_url or GOOGLE_URL).rstrip("/")
    versioned = VERSIONED.fullmatch(address)
    root, version = versioned.groups() if versioned else (address, VERSION)
    client = genai.Client(
        enterprise=False,
        api_key=spec.secret or "none",
        http_options=HttpOptions(base_url=root, api_version=version, httpx_async_client=http),
        debug_config=DebugConfig(client_mode=None, replays_directory=None, replay_id=None),
    )
    request = client._api_client._build_request("post", "", {})
    return request.url, list(request.headers.items())


def _resource(model: str) -> str:
    """A model's name as a part of the address."""
    name = model if model.startswith(RESOURCES) else f"models/{model}"
    return quote(name, safe="/")
