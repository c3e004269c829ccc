"""Registry files that tests start from."""

from __future__ import annotations

import pytest

from llm import registry_file
from llm.registry_file import Refused

FULL = """
providers:
  - {name: openai, kind: openai, base_url: "http://127.0.0.1:9100/v1", api_key: "sk-0123456789abcdef", timeout: 60,
     organization: null, default_model: gpt-4o-mini, defaults: {temperature: 0.7}, connect_timeout: 5,
     first_token_timeout: 30, chunk_timeout: 30, retries: 3, retry_delay: 1.0, requests_per_minute: 3500,
     tokens_per_minute: 90000, max_concurrency: 100,
     features: {streaming: true, tools: true, images: true, caching: true}}
  - {name: local, kind: compatible, base_url: "http://127.0.0.1:9200/v1", features: {images: false}}
models:
  - {name: gpt-4o-mini, aliases: [small], context_window: 128000, max_output_tokens: 16384, training_cutoff: 2023-10-01,
     capabilities: [streaming, tools, vision], quality: 7, caching: true, fallbacks: [claude-haiku-4-5],
     routes: [{provider: openai, upstream_model: gpt-4o-mini, order: 1, weight: 1,
               input_price: "0.15", output_price: "0.60", cached_price: "0.075"}]}
  - {name: claude-haiku-4-5, successor: gpt-4o-mini, retires_on: 2027-01-01,
     routes: [{provider: local, upstream_model: haiku}]}
organisations:
  - {name: acme, time_zone: Europe/Paris, teams: [web, data]}
keys:
  - {name: frontend, organisation: acme, team: web, key: "gh_0123456789abcdef0123456789abcdef", models: ["*"],
     scopes: [generate, usage], origins: ["https://app.example"], requests_per_minute: 600, tokens_per_minute: 200000,
     max_concurrency: 50, reserve_max_tokens: 1024}
"""

LIMITED = """
providers: [{name: one, kind: openai, requests_per_minute: 600, interactive_share: 0.25}]
models: [{name: m, max_output_tokens: 4000, routes: [{provider: one, upstream_model: m, tokens_per_minute: 50000}]}]
organisations: [{name: acme, requests_per_minute: 300, teams: [data, {name: web, max_concurrency: 7}]}]
keys: [{name: k, organisation: acme, team: web, key: "gh_0123456789abcdef0123456789abcdef"}]
"""


def apply(text: str, *, prune: bool = False, dry_run: bool = False) -> list[str]:
    """What the file changes, in words."""
    outcome = registry_file.apply(registry_file.parse(text), prune=prune, dry_run=dry_run)
    return [str(change) for change in outcome.changes]


def warnings(text: str) -> list[str]:
    return registry_file.apply(registry_file.parse(text)).warnings


def problems(text: str, *, prune: bool = False) -> list[str]:
    with pytest.raises(Refused) as refused:
        apply(text, prune=prune)
    return [str(problem) for problem in refused.value.problems]
