"""Connections to vendors and webhooks: pooled, without redirects or proxies, and only to where an address may lead."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_address

import httpx2
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp.httpx2 import AiohttpTransport

from llm.addresses import BadAddress, check_base_url, may_connect
from llm.errors import ProviderOffLimits
from llm.registry import ProviderSpec

CONNECTIONS = 10_000
KEEP_ALIVE = 5.0
"""Seconds that an idle connection is kept for the next request."""


class ForbiddenAddress(OSError):
    """A name leads to where we do not call."""


class GuardedResolver(AbstractResolver):
    """Looks names up, and hands on those of their addresses alone that a call may go to."""

    def __init__(self, allowed: Sequence[str], within: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._within = within or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._within.resolve(host, port, family)
        fit = [result for result in found if may_connect(host, ip_address(result["host"]), self._allowed)]
        if found and not fit:
            raise ForbiddenAddress(f"{host} leads to a private network")
        return fit

    async def close(self) -> None:
        await self._within.close()


def open_client(spec: ProviderSpec) -> httpx2.AsyncClient:
    """The client that an SDK is handed. Raises ProviderError where the provider's address is none that we call."""
    try:
        if spec.base_url:
            check_base_url(spec.base_url, spec.private_hosts)
    except BadAddress as refused:
        raise ProviderOffLimits(f"The provider's address {refused}.") from None
    return guarded_client(spec.private_hosts)


def guarded_client(allowed: Sequence[str]) -> httpx2.AsyncClient:
    """One that connects where a name may lead, `allowed` hosts and networks included; whoever uses it judges the
    address itself.

    Proxies of the environment are not used: what they connect to nobody here could judge.
    """
    tls = _tls()

    def session() -> ClientSession:
        guard = GuardedResolver(allowed)
        connector = TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ssl=tls, resolver=guard)
        return ClientSession(connector=connector, cookie_jar=DummyCookieJar())

    return httpx2.AsyncClient(transport=AiohttpTransport(client=session), follow_redirects=False)


def root_of(error: BaseException) -> BaseException:
    """What really happened: the transport reports a dropped connection as a time-out. Behind a real one stands the
    cancelling of the wait, which tells nothing."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


@cache
def _tls() -> ssl.SSLContext:
    """One for all vendors: reading the authorities takes as long as ten requests."""
    return httpx2.create_ssl_context()
