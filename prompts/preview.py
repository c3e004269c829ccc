"""What a prompt comes to before it is asked: its messages as a provider would get them, their tokens, their price."""

from __future__ import annotations

from dataclasses import dataclass

from llm.bridge import bridge
from llm.dialects.native import render_request
from llm.registry import ModelSpec
from llm.surfaces.counting import answer_bound, count, estimate
from llm.types import JsonObject, Message, Options, Request, Usage


@dataclass(slots=True, frozen=True)
class Weight:
    """`method` says who counted; `cost` in picodollars, with the longest answer asked for, None where unknown."""

    prompt_tokens: int
    method: str
    completion_tokens: int
    cost: int | None


def weighed(messages: list[Message], options: Options, model: ModelSpec) -> Weight:
    """Raises InvalidField for an answer longer than the model writes."""
    counted = bridge().run(count(Request(messages), model))
    answer = answer_bound(options.max_tokens, model)
    cost = estimate(Usage(prompt_tokens=counted.tokens, completion_tokens=answer), model)
    return Weight(counted.tokens, counted.method, answer, cost)


def as_sent(messages: list[Message]) -> list[JsonObject]:
    """In the native dialect."""
    said: list[JsonObject] = render_request(Request(messages))["messages"]
    return said
