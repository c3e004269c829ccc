"""The parts meet late: a process imports the SDKs of the vendors that it has, and of no others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config import env
from llm import wiring
from llm.active import LocalCalls
from llm.looks import NO_CACHE
from llm.registry import ProviderSpec
from llm.watch import Trouble, Watch
from llm.wiring import KINDS

SDKS = {"openai", "anthropic", "google.genai", "aiohttp"}
SCRIPT = f"""
import asyncio
import sys
import django

django.setup()

from llm import wiring
from llm.registry import ProviderSpec


async def prepare():
    wiring.Providers().prepare(ProviderSpec(id=1, name="one", kind="groq"))


print(sorted({SDKS} & sys.modules.keys()))
asyncio.run(prepare())
print(sorted({SDKS} & sys.modules.keys()))
"""


def test_an_sdk_is_imported_where_its_vendor_is_asked_and_not_before() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=env.ROOT, stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout.splitlines() == ["[]", "['aiohttp', 'openai']"]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_makes_a_provider_of_its_row(kind: str) -> None:
    provider = KINDS[kind](ProviderSpec(id=1, name="one", kind=kind, base_url="https://vendor.example/v1"))

    assert provider.dialect
    await provider.close()


async def test_what_a_process_has_to_do_without_is_told_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = LocalCalls()
    monkeypatch.setattr(wiring, "active", lambda: calls)

    async def look() -> Trouble | None:
        return NO_CACHE

    watch = Watch({"cache": look}, wiring._told)
    await watch.look()
    assert calls.here().troubles == (NO_CACHE,)
    watch.stop()
    assert calls.here().troubles == ()
