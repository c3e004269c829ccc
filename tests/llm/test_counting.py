"""Counting prompts: which way is taken, and that it is taken once."""

from __future__ import annotations

import pytest

from llm import counting
from llm.counting import Count, Counter, first_route
from llm.errors import ProviderUnreachable
from llm.providers.base import Provider
from llm.registry import ProviderSpec
from llm.types import Image, Message, Request, Text
from tests.llm.doubles import ScriptedProvider, model, request, route


class Scales(ScriptedProvider):
    """A vendor that counts, or fails to."""

    def __init__(self, told: int | ProviderUnreachable | None) -> None:
        super().__init__([])
        self.told = told
        self.weighed: list[tuple[Request, str]] = []

    async def count(self, request: Request, model: str) -> int | None:
        self.weighed.append((request, model))
        if isinstance(self.told, ProviderUnreachable):
            raise self.told
        return self.told


def counter(vendor: Scales) -> Counter:
    def provider(spec: ProviderSpec) -> Provider:
        return vendor

    return Counter(provider)


OPENAI = model(routes=(route(upstream_model="gpt-4o-mini"),))
OTHER = model(routes=(route(upstream_model="claude-x"),))


async def test_openais_text_is_counted_exactly_and_offline() -> None:
    vendor = Scales(99)

    assert await counter(vendor).count("Hello, world!", OPENAI) == Count(4, "exact")
    assert await counter(vendor).count(request("Hello, world!"), OPENAI) == Count(11, "exact")
    assert vendor.weighed == []


async def test_what_no_vocabulary_counts_makes_it_an_estimate() -> None:
    pictured = Request([Message("user", [Text("Hello"), Image("https://a.example/b.png")])])

    assert (await counter(Scales(99)).count(pictured, OPENAI)).method == "estimate"


async def test_a_vendor_that_counts_is_asked_by_its_own_name_for_the_model() -> None:
    vendor = Scales(7)

    assert await counter(vendor).count("Hello", OTHER) == Count(7, "provider")
    asked, name = vendor.weighed[0]
    assert (asked.messages, name) == ([Message("user", [Text("Hello")])], "claude-x")


@pytest.mark.parametrize("told", [None, ProviderUnreachable("gone")])
async def test_without_its_word_the_count_is_an_estimate_and_says_so(told: ProviderUnreachable | None) -> None:
    assert await counter(Scales(told)).count("three little words", OTHER) == Count(3, "estimate")


async def test_a_model_without_a_route_is_estimated() -> None:
    assert await counter(Scales(7)).count("Hello", model(routes=())) == Count(1, "estimate")


async def test_the_same_is_asked_once_and_an_estimate_again() -> None:
    sure, unsure = Scales(7), Scales(None)
    for vendor in (sure, unsure):
        scales = counter(vendor)
        for text in ("a", "a", "b"):
            await scales.count(text, OTHER)

    assert (len(sure.weighed), len(unsure.weighed)) == (2, 3)


async def test_a_text_is_not_taken_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = counter(Scales(None))

    assert (await scales.count("Hello", OPENAI)).tokens != (await scales.count(request("Hello"), OPENAI)).tokens


async def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_KEPT", 3)
    scales = counter(Scales(7))

    for text in "abcdefgh":
        await scales.count(text, OTHER)

    assert len(scales._kept) <= 3


def test_the_first_route_is_the_one_that_is_tried_first_most_often() -> None:
    spare, light, heavy = route("a", order=2, weight=9), route("b", weight=1), route("c", weight=3)

    assert first_route(model(routes=(spare, light, heavy))) is heavy
    assert first_route(model(routes=())) is None
