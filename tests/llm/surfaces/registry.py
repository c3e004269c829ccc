"""What the house sells, and to whom: a model for every behaviour of the fake vendor that these tests ask for."""

from __future__ import annotations

from typing import Any

from llm.vault import new_key

MODELS = (
    "cached",
    "content-filter",
    "context-length",
    "crlf+comments+names",
    "cut",
    "cut+after-0",
    "drip",
    "early-end",
    "empty-200",
    "empty-choices",
    "foreign+utf8-split",
    "gate",
    "gate+after-0",
    "gate-body",
    "gate-first",
    "gpt-4o-mini+dated",
    "huge-16mb",
    "huge-64mb",
    "multiline",
    "no-done",
    "one-write",
    "quota",
    "reasoning",
    "refusal",
    "reset-first",
    "reset-mid",
    "silent",
    "slow-first-200ms",
    "stall-first",
    "stall-mid",
    "status-400",
    "status-401-echo-key",
    "status-404",
    "status-429+retry-after-7",
    "status-500",
    "status-503",
    "text-and-tool",
    "tool",
    "tools-3",
    "tools-3+no-index",
    "tools-3+same-index",
    "until-close",
    "usage-every",
    "usage-finish",
    "usage-none",
    "words-20",
    "words-2000+gap-5ms",
)
"""Public names that are the vendor's too: what each does is told in tests/upstream/README.md."""

CLAUDES = (
    "cached+written-4+written-hour-6",
    "claude-haiku-5-5",
    "cut",
    "error-frame+after-2+gap-50ms",
    "overloaded-frame",
    "pings",
    "reasoning",
    "reasoning+redacted+searched+text-and-tool+cited",
    "reasoning+tool",
    "refusal",
    "silent",
    "status-400",
    "status-401",
    "status-429+retry-after-7",
    "status-500",
    "status-529",
    "stopped-at-END",
    "tool",
    "tools-3",
)
"""Upstream names at the vendor's other door, where Anthropic's dialect is spoken; ours for them begin with native-."""

GEMINI = (
    "blocked-SAFETY",
    "cached",
    "error-frame+after-2",
    "gemini-2.5-flash",
    "gemini-3-flash-preview+tools-2+signed",
    "gemini-3.8-flash",
    "reasoning",
    "retry-info-7s",
    "signed",
    "status-400",
    "words-20",
)
"""Names at the vendor that speaks Gemini; their models are called `gemini/<name>`."""

ORIGIN = "https://app.example"
OTHER_ORIGIN = "https://other.example"
A_WORD_A_MILL = {"input_price": "0", "output_price": "1000", "cached_price": "0"}
"""So that fifty words cost five cents, as they may at most."""
PRICES = {"input_price": "0.15", "output_price": "0.60", "cached_price": "0.075"}


VENDORS = {
    "openai": "/v1",
    "anthropic": "/v1",
    "google": "/v1beta",
    "groq": "/groq/v1",
    "openrouter": "/openrouter/v1",
    "cohere": "/cohere/v1",
    "deepseek": "/deepseek/v1",
    "mistral": "/mistral/v1",
    "ollama": "/ollama/v1",
    "compatible": "/v1",
}
"""One provider of each kind, by where the fake vendor speaks as its vendor does."""

EVERYWHERE = ("cached+reasoning", "tool")
"""What each of them sells, as `kind/model`; in `test_one_path_vendors.py` each is asked in every way there is."""

IN_TURNS = "reasoning+tool-first"
FAULTS = ("status-400", "status-401", "status-429+retry-after-7", "status-500", "status-529")
FOR_CLIENTS = (*EVERYWHERE, IN_TURNS, *FAULTS)
"""What applications ask of each of them beyond that."""


def registry(base_url: str) -> dict[str, Any]:
    root = base_url.removesuffix("/v1")
    providers = [_provider(name, {"base_url": base_url, **more}) for name, more in PROVIDERS.items()]
    providers += [
        _provider(kind, {"kind": kind, "base_url": root + path, "retries": 0}) for kind, path in VENDORS.items()
    ]
    vendors = [_model(f"{kind}/{name}", _route(name, kind)) for kind in VENDORS for name in FOR_CLIENTS]
    claudes = [_model(f"native-{name}", _route(name, "claude")) for name in CLAUDES]
    return {
        "providers": [*providers, ECHO],
        "models": [_model(name, _route(name)) for name in MODELS] + SPECIAL + claudes + vendors,
        "organisations": [{"name": "acme", "teams": ["web"]}],
        "keys": [{"name": name, "organisation": "acme", "key": KEYS[name], **more} for name, more in HOLDERS.items()],
    }


def _provider(name: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "kind": "openai", "api_key": f"sk-{name}", **more}


def _route(upstream_model: str, provider: str = "fake", **more: Any) -> dict[str, Any]:
    return {"provider": provider, "upstream_model": upstream_model, **PRICES, **more}


def _model(name: str, *routes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "routes": list(routes), **more}


PROVIDERS: dict[str, dict[str, Any]] = {
    "fake": {"retries": 0},
    "stubborn": {"retries": 2, "retry_delay": 0.01},
    "impatient": {"retries": 0, "first_token_timeout": 0.3, "chunk_timeout": 0.3, "timeout": 1.0},
    "spare": {"retries": 0},
    "claude": {"kind": "anthropic", "retries": 0},
    "gone": {"retries": 0, "base_url": "http://127.0.0.1:1/v1"},
    "gemini": {"kind": "google", "retries": 0},
    "wordy": {"retries": 0, "features": {"tools": False, "images": False}},
}
ECHO = {"name": "echo", "kind": "echo"}

SPECIAL = [
    _model(
        "gpt-4o-mini",
        _route("gpt-4o-mini"),
        aliases=["small"],
        context_window=128_000,
        max_output_tokens=16_384,
        capabilities=["streaming", "tools", "vision"],
    ),
    _model(
        "claude",
        _route("claude-haiku-4-5", "claude", cache_write_price="1.25"),
        context_window=200_000,
        max_output_tokens=64_000,
    ),
    _model("claude-falls-back", _route("status-529", "claude"), fallbacks=["words-20"]),
    *(_model(f"gemini/{name}", _route(name, "gemini")) for name in GEMINI),
    _model("gemini-locked", _route("bad-key", "gemini"), fallbacks=["words-20"]),
    _model("two-eyes", _route("gemini-2.5-flash", "gemini"), _route("gpt-4o-mini", order=2)),
    _model("narrow", _route("gpt-4o-mini"), context_window=200, max_output_tokens=50),
    _model("text-only", _route("gpt-4o-mini"), capabilities=["streaming"]),
    _model("unstreamed", _route("gpt-4o-mini"), capabilities=["tools", "vision"]),
    _model("toolless-route", _route("gpt-4o-mini", "wordy")),
    _model("words", {"provider": "echo", "upstream_model": "echo", "input_price": "1", "output_price": "2"}),
    _model("unpriced", {"provider": "fake", "upstream_model": "words-20"}),
    _model("nickel", _route("words-50", **A_WORD_A_MILL)),
    _model("nickel-in-vain", _route("status-500"), _route("words-50", "spare", order=2, **A_WORD_A_MILL)),
    _model("again", _route("flaky-2-status-500", "stubborn")),
    _model("again-and-again", _route("flaky-3-status-500", "stubborn")),
    _model("later", _route("flaky-1-status-429+retry-after-0.05", "stubborn")),
    _model("much-later", _route("status-429+retry-after-7", "stubborn")),
    _model("hopeless", _route("status-500", "stubborn")),
    _model("two-words+error-frame", _route("error-frame+after-2+gap-50ms")),
    _model("two-words+bad-json", _route("bad-json+after-2+gap-50ms")),
    _model("tardy", _route("stall-first", "impatient")),
    _model("halting", _route("stall-mid", "impatient")),
    _model("two-doors", _route("status-503"), _route("words-20", "spare", order=2)),
    _model("two-doors-cut", _route("cut+after-0"), _route("words-20", "spare", order=2)),
    _model("cut-inside", _route("cut+after-3"), _route("words-20", "spare", order=2)),
    _model("falls-back", _route("status-500"), fallbacks=["words-20"]),
    _model("falls-nowhere", _route("status-500"), fallbacks=["status-400"]),
    _model("full", _route("status-429+retry-after-30", "wordy")),
    _model("gone", _route("gpt-4o-mini", "gone"), fallbacks=["words-20"]),
    _model("refused", _route("status-400"), fallbacks=["words-20"]),
    _model("locked", _route("status-401"), fallbacks=["words-20"]),
]

PURSES = ("purse-native", "purse-openai-sync", "purse-openai-async", "purse-anthropic", "purse-stream", "purse-socket")
"""Keys with five cents a month."""
HOLDERS: dict[str, dict[str, Any]] = {
    "main": {"team": "web"},
    "browser": {"origins": [ORIGIN]},
    "other": {"origins": [OTHER_ORIGIN]},
    "unscoped": {"scopes": ["usage"]},
    "disabled": {"disabled": True},
    "expired": {"expires_at": "2020-01-01T00:00:00Z"},
    "limited": {"requests_per_minute": 2},
    "limited-talk": {"requests_per_minute": 2},
    "roomy-sync": {"requests_per_minute": 60},
    "roomy-async": {"requests_per_minute": 60},
    "airy-sync": {"requests_per_minute": 60},
    "airy-async": {"requests_per_minute": 60},
    "watched": {},
    "unwatched": {},
    **{name: {"budgets": [{"scope": "key", "amount": "0.05"}]} for name in PURSES},
    "purse-told": {"budgets": [{"scope": "key", "amount": "0.08", "alert_at": [50]}]},
    "purse-for-good": {"budgets": [{"scope": "key", "amount": "0.01", "period": "total"}]},
    "wealthy": {"budgets": [{"scope": "key", "amount": "1000", "period": "day"}]},
    "frugal": {"reserve_max_tokens": 7, "budgets": [{"scope": "key", "amount": "1000", "period": "week"}]},
    "warned": {"budgets": [{"scope": "key", "amount": "0.05", "hard": False}]},
    "crowded": {"max_concurrency": 40, "budgets": [{"scope": "key", "amount": "1000"}]},
    "picky": {"models": ["gpt-4o*", "words-2?"]},
}
KEYS = {name: new_key() for name in HOLDERS}
