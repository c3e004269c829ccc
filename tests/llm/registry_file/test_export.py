from __future__ import annotations

import pytest
import yaml
from pytest_django import DjangoAssertNumQueries

from llm.models import ApiKey, Model, Organisation, Provider, RoutePrice, Tier
from llm.registry_file import export
from tests.llm.registry_file.files import FULL, LIMITED, apply

pytestmark = pytest.mark.django_db

DATED = """
providers: [{name: openai, kind: openai}]
models:
  - {name: m, routes: [{provider: openai, upstream_model: gpt-4o-mini, weight: 3, prices: [
      {valid_from: 2026-01-01T00:00:00Z, input_price: "0.000001", output_price: "0"},
      {valid_from: 2026-06-01T00:00:00Z, input_price: "10000"},
      {valid_from: 2026-09-01T00:00:00Z, input_price: "1", long_prompts: [{above: 272000, input_price: "2"}]}]}]}
"""
LONG_PROMPTS = """
providers: [{name: google, kind: google}]
models:
  - {name: m, routes: [{provider: google, upstream_model: gemini-2.5-pro, input_price: "1.25", output_price: "10",
      cached_price: "0.125", long_prompts: [
        {above: 32000, input_price: "2"},
        {above: 200000, input_price: "2.5", output_price: "15", cached_price: "0"}]}]}
"""
ROUTED = """
providers: [{name: openai, kind: openai}]
models:
  - {name: small, strategy: cheapest, hedging: true, continues: true, fallbacks: [large],
     content_filter_fallbacks: [large], context_window_fallbacks: [huge, large]}
  - {name: large}
  - {name: huge}
tiers:
  - {name: clever, requirements: {capabilities: [tools], min_quality: 8, max_cost: "0.05"}}
  - {name: any}
"""


def empty() -> None:
    for noun in (ApiKey, Tier, Model, Provider, Organisation):
        noun._default_manager.all().delete()


@pytest.mark.parametrize("text", [FULL, DATED, LONG_PROMPTS, ROUTED, LIMITED, ""])
def test_what_is_exported_changes_nothing_when_applied(text: str) -> None:
    apply(text)
    assert apply(export(), prune=True) == []


@pytest.mark.parametrize("text", [FULL, DATED, LONG_PROMPTS, ROUTED, LIMITED])
def test_a_database_made_from_an_export_exports_the_same(text: str) -> None:
    apply(text)
    written = export()
    empty()
    apply(written)
    assert export() == written


def test_no_secret_is_written() -> None:
    apply(FULL)
    written = export()
    assert "sk-0123456789abcdef" not in written
    assert "gh_0123456789abcdef" not in written
    assert str(ApiKey.objects.get().digest) not in written
    assert "api_key" not in written


def test_defaults_and_list_prices_are_left_out() -> None:
    apply("providers: [{name: openai, kind: openai}]")
    apply("models: [{name: m, routes: [{provider: openai, upstream_model: gpt-4o-mini}]}]")
    assert RoutePrice.objects.exists()
    assert yaml.safe_load(export())["models"] == [
        {"name": "m", "routes": [{"provider": "openai", "upstream_model": "gpt-4o-mini"}]}
    ]


def test_long_prompts_are_written_as_they_were_read() -> None:
    apply(LONG_PROMPTS)
    (written,) = yaml.safe_load(export())["models"][0]["routes"]
    assert written["long_prompts"] == [
        {"above": 32000, "input_price": "2"},
        {"above": 200000, "input_price": "2.5", "output_price": "15", "cached_price": "0"},
    ]


def test_the_queries_do_not_grow_with_the_registry(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    longer = "long_prompts: [{above: 9, input_price: 2}]"
    models = ",".join(
        f"{{name: m{n}, routes: [{{provider: e, upstream_model: u, input_price: 1, {longer}}}]}}" for n in range(9)
    )
    apply(f"providers: [{{name: e, kind: echo}}]\nmodels: [{models}]")
    with django_assert_max_num_queries(11):
        export()
