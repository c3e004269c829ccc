"""Asking providers how they are: rarely, and for all who want to know."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from llm.errors import ProviderAuth
from llm.probing import KEPT, Prober
from llm.providers.base import Probe, Provider
from llm.registry import ProviderSpec
from tests.llm.doubles import HandClock, ScriptedProvider

SPEC = ProviderSpec(id=1, name="fake", kind="openai")


class Patient(ScriptedProvider):
    """Answers a probe when it is let to."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: ProviderAuth | None = None

    async def probe(self) -> Probe:
        self.asked += 1
        await self.gate.wait()
        if self.error:
            raise self.error
        return Probe((f"m-{self.asked}",))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def vendor() -> Patient:
    return Patient()


@pytest.fixture
def prober(vendor: Patient, clock: HandClock) -> Prober:
    def provider(spec: ProviderSpec) -> Provider:
        return vendor

    return Prober(provider, clock)


async def test_many_who_ask_at_once_share_one_probe(prober: Prober, vendor: Patient) -> None:
    vendor.gate.clear()
    asking = [asyncio.create_task(prober.find(SPEC)) for _ in range(20)]
    await asyncio.sleep(0)
    asking.pop().cancel()
    vendor.gate.set()

    found = await asyncio.gather(*asking)

    assert vendor.asked == 1
    assert {finding.probe for finding in found} == {Probe(("m-1",))}


async def test_a_finding_is_news_for_a_minute(prober: Prober, vendor: Patient, clock: HandClock) -> None:
    first = await prober.find(SPEC)
    clock.seconds += KEPT - 0.1
    assert await prober.find(SPEC) is first

    clock.seconds += 0.1
    assert (await prober.find(SPEC)).probe == Probe(("m-2",))


async def test_an_edited_provider_is_asked_anew(prober: Prober, vendor: Patient) -> None:
    await prober.find(SPEC)
    await prober.find(replace(SPEC, version=2))

    assert vendor.asked == 2


async def test_a_refusal_is_a_finding_too(prober: Prober, vendor: Patient, clock: HandClock) -> None:
    vendor.error = ProviderAuth("no")

    finding = await prober.find(SPEC)

    assert (finding.error, finding.probe, finding.checked_at) == (vendor.error, None, clock.now())
    assert await prober.find(SPEC) is finding
