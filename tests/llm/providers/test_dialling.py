"""A vendor's name is judged by what it leads to, at each look-up, before anything is sent."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from llm.errors import ProviderOffLimits
from llm.providers import dialling
from llm.providers.dialling import ForbiddenAddress, GuardedResolver
from tests.llm.providers.asking import ask, failure, openai_provider, upstream_call
from tests.upstream import Upstream


class Names(AbstractResolver):
    """Leads every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        return None


async def test_public_addresses_alone_are_handed_on() -> None:
    resolver = GuardedResolver((), Names("10.0.0.1", "1.1.1.1", "169.254.169.254"))

    assert [found["host"] for found in await resolver.resolve("api.example")] == ["1.1.1.1"]


async def test_a_name_that_leads_inside_alone_is_forbidden() -> None:
    with pytest.raises(ForbiddenAddress):
        await GuardedResolver((), Names("10.0.0.1")).resolve("api.example")


async def test_a_name_that_turned_inward_is_not_called(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "ThreadedResolver", lambda: Names("127.0.0.1"))
    async with openai_provider(f"https://api.example:{upstream.port}/v1") as provider:
        error = await failure(provider, upstream_call("gpt-4o-mini"))

    assert isinstance(error, ProviderOffLimits)
    assert (error.code, error.retryable) == ("provider_address", False)
    assert upstream.peak_sockets == 0


async def test_a_listed_host_is_called_wherever_it_leads(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "ThreadedResolver", lambda: Names("127.0.0.1"))
    base_url = f"http://gpu.internal:{upstream.port}/v1"
    async with openai_provider(base_url, private_hosts=("gpu.internal",)) as provider:
        assert (await ask(provider, upstream_call("gpt-4o-mini"))).choices


@pytest.mark.parametrize("base_url", ["https://169.254.169.254/v1", "http://10.0.0.1:11434/v1", "https://2130706433"])
async def test_an_address_is_judged_again_when_it_is_used(base_url: str) -> None:
    with pytest.raises(ProviderOffLimits) as refused:
        async with openai_provider(base_url):
            pass
    assert refused.value.code == "provider_address"


async def test_redirects_are_not_followed(upstream: Upstream) -> None:
    async with openai_provider(upstream.base_url) as provider:
        await failure(provider, upstream_call("redirect-302"))
    assert upstream.served == 1
    assert not any(path.startswith("/redirected") for path in upstream.paths)
