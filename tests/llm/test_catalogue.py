"""The known models are described as their vendors describe them, and none of the old ones leads nowhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot

from llm.registry_file import parse
from llm.vendors import CATALOGUE, KEY_NAMES

PAGES: dict[str, dict[str, Any]] = {vendor: parse((CATALOGUE / f"{vendor}.yaml").read_text()) for vendor in KEY_NAMES}
MODELS = [(vendor, model) for vendor, page in PAGES.items() for model in page["models"]]
WRITTEN = date(2026, 11, 25)
"""When the pages were last compared with what the vendors say."""
NEAR = 0.06
"""Vendors and price lists round a million tokens differently."""
ASKED_FOR = (
    *("gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-5-mini"),
    *("claude-3-opus", "claude-3-sonnet", "claude-3-haiku", "claude-3-5-haiku-20241022"),
    *("gemini-pro", "gemini-1.5-flash", "deepseek-coder", "mixtral-8x7b"),
)
"""Names that applications written for these vendors know."""

each = pytest.mark.parametrize(("vendor", "model"), MODELS, ids=[model["name"] for _, model in MODELS])


@each
def test_a_models_window_is_the_one_in_the_price_list(vendor: str, model: dict[str, Any]) -> None:
    shelf = next(provider for provider in get_snapshot().providers if provider.id == vendor)
    upstream = model["routes"][0]["upstream_model"] if model["routes"] else model["name"]
    listed = next((known for known in shelf.models if known.is_match(upstream)), None)
    if listed is not None and listed.context_window and model["context_window"]:
        assert abs(model["context_window"] / listed.context_window - 1) < NEAR


@each
def test_a_model_without_a_route_is_retired_and_has_a_successor(vendor: str, model: dict[str, Any]) -> None:
    gone = model["retires_on"] is not None and model["retires_on"] <= WRITTEN
    assert gone == (not model["routes"])
    if model["retires_on"]:
        successor = next(known for known in PAGES[vendor]["models"] if known["name"] == model["successor"])
        assert successor["routes"]
        assert successor["retires_on"] is None


@each
def test_a_models_answer_fits_into_its_window(vendor: str, model: dict[str, Any]) -> None:
    if model["context_window"] and model["max_output_tokens"]:
        assert model["max_output_tokens"] <= model["context_window"]


@pytest.mark.parametrize("name", ASKED_FOR)
def test_what_applications_ask_for_is_known(name: str) -> None:
    assert [model["name"] for _, model in MODELS if name in (model["name"], *(model["aliases"] or ()))]


def test_every_name_is_given_once() -> None:
    names = [name for _, model in MODELS for name in (model["name"], *(model["aliases"] or ()))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("vendor", "page"), PAGES.items())
def test_the_default_model_stays(vendor: str, page: dict[str, Any]) -> None:
    default = page["providers"][0]["default_model"]
    model = next(model for model in page["models"] if model["name"] == default)
    assert model["routes"]
    assert model["retires_on"] is None
