"""OpenAI, and every vendor that speaks its dialect, over the transport of `AsyncOpenAI`."""

from __future__ import annotations

import openai
import orjson

from llm.dialects import openai as dialect
from llm.dialects.openai import OPENAI, Profile, render_request
from llm.errors import ProviderOffLimits
from llm.providers.base import Probe, UpstreamCall
from llm.providers.dialling import open_client
from llm.providers.transport import Outgoing, Transport
from llm.registry import ProviderSpec
from llm.types import EventStream, Request

SDK_HEADERS = ("accept", "user-agent", "x-stainless-")
"""Of the SDK's own headers: the others it reads from the environment of this process, where a row is silent."""


class OpenAIProvider:
    """One endpoint that speaks chat completions. `profile` says how this vendor differs from OpenAI itself.

    The SDK brings address, credentials, headers and connections; they are put together once, since doing it anew for
    each request costs twice what sending it does. Raises ProviderOffLimits where neither row nor vendor has an address.
    """

    dialect = dialect.name

    def __init__(self, spec: ProviderSpec, profile: Profile = OPENAI) -> None:
        self._profile = profile
        address = spec.base_url or profile.base_url
        if not address:
            raise ProviderOffLimits(f"The provider {spec.name} has no address.")
        http = open_client(spec)
        client = openai.AsyncOpenAI(
            api_key=spec.secret or "none",
            base_url=address,
            max_retries=0,
            http_client=http,
        )
        self._transport = Transport(http, spec)
        self._completions, self._models = (client.base_url.join(path) for path in ("chat/completions", profile.models))
        self._proof = client.base_url.join(profile.proof) if profile.proof else None
        said = {name: value for name, value in client.default_headers.items() if name.lower().startswith(SDK_HEADERS)}
        said |= {**client.auth_headers, "content-type": "application/json"}
        if spec.organization:
            said["openai-organization"] = spec.organization
        self._headers = [(name, value) for name, value in said.items() if isinstance(value, str)]

    async def close(self) -> None:
        await self._transport.close()

    def stream(self, call: UpstreamCall) -> EventStream:
        body = render_request(
            call.request,
            model=call.route.upstream_model,
            max_tokens=call.max_tokens,
            profile=self._profile,
            dropped=call.dropped,
        )
        headers = [*self._headers, ("x-client-request-id", call.id)]
        return self._transport.stream(Outgoing(self._completions, headers, orjson.dumps(body)), call, dialect)

    async def probe(self) -> Probe:
        if self._proof is not None:
            await self._transport.fetch(Outgoing(self._proof, self._headers, method="GET"))
        return await self._transport.probe(Outgoing(self._models, self._headers, method="GET"))

    async def count(self, request: Request, model: str) -> int | None:
        return None
