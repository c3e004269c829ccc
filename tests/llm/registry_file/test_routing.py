"""How models are routed, as a file says it."""

from __future__ import annotations

import pytest

from llm.models import (
    Model,
    Strategy,
    Tier,
)
from llm.types import Requirements
from tests.llm.registry_file.files import apply, problems

pytestmark = pytest.mark.django_db

ROUTED = """
models:
  - {name: small, strategy: cheapest, hedging: true, continues: true, fallbacks: [large],
     content_filter_fallbacks: [large], context_window_fallbacks: [huge, large]}
  - {name: large}
  - {name: huge}
tiers:
  - {name: clever, requirements: {capabilities: [tools], min_quality: 8, max_cost: "0.05"}}
"""


def test_how_a_model_is_routed_is_written() -> None:
    assert apply(ROUTED) == [
        "create model small",
        "create model large",
        "create model huge",
        "create tier clever",
    ]
    model = Model.objects.get(name="small")
    assert (model.strategy, model.hedging, model.continues) == (Strategy.CHEAPEST, True, True)
    told = [(fallback.occasion, fallback.target.name) for fallback in model.fallbacks.order_by("occasion", "order")]
    assert told == [
        ("content_filter", "large"),
        ("context_window", "huge"),
        ("context_window", "large"),
        ("failure", "large"),
    ]
    assert Tier.objects.get().opened() == Requirements(frozenset({"tools"}), max_cost=50_000_000_000, min_quality=8)
    assert apply(ROUTED) == []


def test_what_changes_of_it_is_said() -> None:
    apply(ROUTED)
    assert apply(
        "models: [{name: small, strategy: fastest, context_window_fallbacks: [large]}]\ntiers: []", prune=False
    ) == [
        "update model small: strategy cheapest -> fastest; hedging true -> false; continues true -> false; "
        'fallbacks ["large"] -> []; content_filter_fallbacks ["large"] -> []; '
        'context_window_fallbacks ["huge", "large"] -> ["large"]'
    ]
    assert apply("tiers: [{name: clever}]") == [
        'update tier clever: requirements {"capabilities": ["tools"], "max_cost": "0.05", "min_quality": 8} -> {}'
    ]
    assert apply("tiers: []", prune=True) == ["delete tier clever"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("models: [{name: m, strategy: luckiest}]", "models[0].strategy: got 'luckiest', wanted one of ordered,"),
        (
            "models: [{name: m, content_filter_fallbacks: [n]}]",
            "models[0].content_filter_fallbacks[0]: got 'n', wanted",
        ),
        ("models: [{name: auto}]", "models[0].name: got 'auto', wanted Who asks for this leaves the choice"),
        ("tiers: [{name: auto}]", "tiers[0].name: got 'auto', wanted A model has this name."),
        (
            "tiers: [{name: t, requirements: {min_quality: 11}}]",
            "tiers[0].requirements: got an object, wanted requirements.min_quality: got 11",
        ),
        (
            "tiers: [{name: t, requirements: {speed: 1}}]",
            "tiers[0].requirements: got an object, wanted requirements.speed: there is no such",
        ),
        ("models: [{name: t}]\ntiers: [{name: t}]", "tiers[0].name: got 't', wanted A model has this name."),
    ],
)
def test_what_routing_cannot_do_is_refused(wrong: str, told: str) -> None:
    (problem,) = problems(wrong)
    assert problem.startswith(told)


def test_fallbacks_keep_their_order() -> None:
    apply("models: [{name: a, fallbacks: [c, b]}, {name: b}, {name: c}]")
    assert [fallback.target.name for fallback in Model.objects.get(name="a").fallbacks.all()] == ["c", "b"]
    apply("models: [{name: a, fallbacks: [b, c]}, {name: b}, {name: c}]")
    assert [fallback.target.name for fallback in Model.objects.get(name="a").fallbacks.all()] == ["b", "c"]
