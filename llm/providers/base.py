"""The seam to a vendor: a provider yields events, and maps its SDK's errors to ours in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from llm.registry import ProviderSpec, RouteSpec
from llm.types import EventStream, Request


@dataclass(slots=True)
class UpstreamCall:
    """One try: what to ask of which route. Times in seconds.

    `id` goes upstream as `x-client-request-id`. The provider fills in `dropped`, the parameters this vendor does not
    take, and `waited`, the time spent waiting for it.
    """

    id: str
    request: Request
    route: RouteSpec
    max_tokens: int | None
    timeout: float
    first_token_timeout: float
    chunk_timeout: float
    dropped: list[str] = field(default_factory=list)
    waited: float = 0.0


class Provider(Protocol):
    """One vendor endpoint on one event loop, holding one pooled client.

    `stream` raises `ProviderError`s only; a stream that ends without `Finished` is the caller's to judge. The upstream
    call is streamed exactly when `call.request.stream` is set; a whole answer becomes its events in one step.
    """

    dialect: str

    def stream(self, call: UpstreamCall) -> EventStream: ...

    async def close(self) -> None: ...


class ProviderFactory(Protocol):
    def __call__(self, spec: ProviderSpec) -> Provider: ...
