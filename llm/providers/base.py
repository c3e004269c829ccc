"""The seam to a vendor: a provider yields events, and maps its SDK's errors to ours in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llm.dialects.listings import Allowance
from llm.registry import ModelSpec, ProviderSpec, RouteSpec
from llm.types import Events, EventStream, Request


@dataclass(slots=True)
class UpstreamCall:
    """One try: what to ask of which route. Times in seconds.

    `id` goes upstream as `x-client-request-id`. The provider fills in `dropped`, the parameters this vendor does not
    take, and `waited`, the time spent waiting for it; `hear` gets the headers of its answer.
    """

    id: str
    request: Request
    route: RouteSpec
    max_tokens: int | None
    timeout: float
    first_token_timeout: float
    chunk_timeout: float
    model: ModelSpec | None = None
    dropped: list[str] = field(default_factory=list)
    waited: float = 0.0
    hear: Callable[[Mapping[str, str]], None] | None = None


@dataclass(slots=True, frozen=True)
class Probe:
    """What a vendor says of itself: the models this account may ask, and its limit on requests where it names one."""

    models: tuple[str, ...]
    requests: Allowance | None = None


class Provider(Protocol):
    """One vendor endpoint on one event loop, holding one pooled client.

    All of it raises `ProviderError`s only; a stream that ends without `Finished` is the caller's to judge. The upstream
    call is streamed exactly when `call.request.stream` is set; a whole answer becomes its events in one step.
    """

    dialect: str

    def stream(self, call: UpstreamCall) -> EventStream: ...

    async def probe(self) -> Probe:
        """Ask for what costs nothing; an answer proves the address and the credentials."""

    async def count(self, request: Request, model: str) -> int | None:
        """The prompt's tokens as the vendor counts them for its `model`; None where it has no endpoint for that."""

    async def close(self) -> None: ...


class ProviderFactory(Protocol):
    def __call__(self, spec: ProviderSpec) -> Provider: ...


class StreamParser(Protocol):
    """One streamed answer, frame by frame. `is_done` once the dialect's own mark of the end has come."""

    is_done: bool

    def parse(self, payload: bytes) -> Events:
        """The events of one frame's data. Raises ProviderError where it tells of one."""


class VendorDialect(Protocol):
    """Modules are dialects: what a transport needs of the one its vendor answers in."""

    name: str

    def parse_completion(self, body: object) -> Events:
        """A whole answer. Raises ProviderError for one that is none."""

    def StreamParser(self) -> StreamParser: ...  # noqa: N802  # a class is its own factory
