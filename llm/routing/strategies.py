"""In which order the routes of a model are tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Protocol

from llm.prepare import Candidate
from llm.registry import Strategy


class Outlook(Protocol):
    """What is known of a candidate before it is asked."""

    def cost(self, candidate: Candidate) -> int | None:
        """Picodollars that this request will probably cost there; None where the price is unknown."""

    def speed(self, candidate: Candidate) -> float | None:
        """Seconds it took of late to answer such a request; None where nothing was seen."""

    def in_flight(self, candidate: Candidate) -> int:
        """Calls of this process that are being answered there."""


def order(candidates: Iterable[Candidate], outlook: Outlook) -> list[Candidate]:
    """Models as they came; inside a model its routes by its strategy."""
    ranked: list[Candidate] = []
    for model, of_model in groupby(candidates, key=lambda candidate: candidate.model):
        routes = list(of_model)
        ranked += STRATEGIES[model.strategy](routes, outlook) if len(routes) > 1 else routes
    return ranked


def ordered(routes: list[Candidate], outlook: Outlook) -> list[Candidate]:
    """By `order`, those of the same order at random by weight."""
    return sorted(shuffled(routes), key=lambda candidate: candidate.route.order)


def weighted(routes: list[Candidate], outlook: Outlook) -> list[Candidate]:
    return shuffled(routes)


def cheapest(routes: list[Candidate], outlook: Outlook) -> list[Candidate]:
    """An unknown price comes last: it is never free."""

    def key(candidate: Candidate) -> tuple[bool, int]:
        cost = outlook.cost(candidate)
        return cost is None, cost or 0

    return sorted(ordered(routes, outlook), key=key)


def fastest(routes: list[Candidate], outlook: Outlook) -> list[Candidate]:
    """Of what is not known one call at a time finds out; meanwhile the others go where it is known."""

    def key(candidate: Candidate) -> tuple[int, float]:
        speed = outlook.speed(candidate)
        if speed is not None:
            return 1, speed
        return (2 if outlook.in_flight(candidate) else 0), 0.0

    return sorted(ordered(routes, outlook), key=key)


def least_busy(routes: list[Candidate], outlook: Outlook) -> list[Candidate]:
    return sorted(ordered(routes, outlook), key=outlook.in_flight)


def shuffled(routes: list[Candidate]) -> list[Candidate]:
    """Weighted and without replacement: the smallest of exponential draws comes first."""
    return sorted(routes, key=lambda candidate: random.expovariate(max(candidate.route.weight, 1e-9)))


STRATEGIES: dict[Strategy, Callable[[list[Candidate], Outlook], list[Candidate]]] = {
    "ordered": ordered,
    "weighted": weighted,
    "cheapest": cheapest,
    "fastest": fastest,
    "least_busy": least_busy,
}


def why_first(candidate: Candidate) -> str:
    """The strategy's word for its first choice."""
    match candidate.model.strategy:
        case "ordered":
            return f"order {candidate.route.order}"
        case "weighted":
            return "by weight"
        case word:
            return word.replace("_", " ")
