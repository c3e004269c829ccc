"""Anthropic, and every vendor that speaks its dialect, over the transport of `AsyncAnthropic`."""

from __future__ import annotations

import anthropic
import httpx2
import orjson

from llm.dialects import anthropic as dialect
from llm.dialects.anthropic import render_request, target_of
from llm.dialects.anthropic.target import FORWARDED, VERSION, Target
from llm.errors import ProviderBroken
from llm.providers.base import Probe, UpstreamCall
from llm.providers.dialling import open_client
from llm.providers.transport import Outgoing, Transport
from llm.registry import ProviderSpec
from llm.types import EventStream, JsonObject, Request

ANTHROPIC_URL = "https://api.anthropic.com"
SDK_HEADERS = ("accept", "user-agent", "x-stainless-")
"""Of the SDK's own headers: the others it reads from the environment of this process, where a row is silent."""
NO_BOUND = ("max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier")
"""Fields of a request that the counting of its tokens does not take."""

Headers = list[tuple[str, str]]


class AnthropicProvider:
    """One endpoint that speaks messages. The address is the vendor's root, with or without its `/v1`.

    The SDK brings address, credentials, headers and connections; they are put together once, since doing it anew for
    each request costs twice what sending it does.
    """

    dialect = dialect.name

    def __init__(self, spec: ProviderSpec) -> None:
        http = open_client(spec)
        client = anthropic.AsyncAnthropic(
            api_key=spec.secret or "none",
            base_url=(spec.base_url or ANTHROPIC_URL).rstrip("/").removesuffix("/v1"),
            max_retries=0,
            http_client=http,
        )
        self._transport = Transport(http, spec)
        self._messages, self._tokens, self._models = (
            client.base_url.join(path) for path in ("v1/messages", "v1/messages/count_tokens", "v1/models")
        )
        said = {name: value for name, value in client.default_headers.items() if name.lower().startswith(SDK_HEADERS)}
        said |= {**client.auth_headers, "content-type": "application/json"}
        if spec.organization:
            said["anthropic-workspace-id"] = spec.organization
        self._headers = [(name, value) for name, value in said.items() if isinstance(value, str)]

    async def close(self) -> None:
        await self._transport.close()

    def stream(self, call: UpstreamCall) -> EventStream:
        target = _target(call)
        body = render_request(call.request, target=target, max_tokens=call.max_tokens, dropped=call.dropped)
        headers = [*self._asked_by(call.request, target), ("x-client-request-id", call.id)]
        return self._transport.stream(_outgoing(self._messages, headers, body), call, dialect)

    async def probe(self) -> Probe:
        headers = [*self._headers, (VERSION, dialect.Target("").version)]
        return await self._transport.probe(Outgoing(self._models, headers, method="GET"))

    async def count(self, request: Request, model: str) -> int | None:
        target = target_of(model, _said(request))
        body = render_request(request, target=target, max_tokens=None, dropped=[])
        asked = {name: value for name, value in body.items() if name not in NO_BOUND}
        counted, _ = await self._transport.fetch(_outgoing(self._tokens, self._asked_by(request, target), asked))
        tokens = counted.get("input_tokens") if isinstance(counted, dict) else None
        if type(tokens) is not int:
            raise ProviderBroken("The provider's count of tokens is none.")
        return tokens

    def _asked_by(self, request: Request, target: Target) -> Headers:
        forwarded = [(name, value) for name, value in _said(request).items() if name != VERSION]
        return [*self._headers, (VERSION, target.version), *forwarded]


def _said(request: Request) -> dict[str, str]:
    """The headers of a client of this dialect that go on as they are."""
    if request.dialect != dialect.name:
        return {}
    return {name: value for name, value in request.headers.items() if name in FORWARDED}


def _target(call: UpstreamCall) -> Target:
    model = call.model
    structured = model is None or not model.capabilities or "structured" in model.capabilities
    most = None if model is None else model.max_output_tokens
    return target_of(call.route.upstream_model, _said(call.request), structured=structured, most=most)


def _outgoing(url: httpx2.URL, headers: Headers, body: JsonObject) -> Outgoing:
    return Outgoing(url, headers, orjson.dumps(body))
