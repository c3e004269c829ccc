"""`/api/v1/tokens/count/` and `/api/v1/cost/estimate/`: what a request would weigh and cost, before it is made."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from llm import types
from llm.bridge import bridge
from llm.counting import Count, first_route
from llm.dialects.fields import Fields
from llm.dialects.messages import read_messages
from llm.dialects.native.parts import read_part
from llm.dialects.options import MOST_TOKENS
from llm.errors import InvalidField
from llm.prices import cost, dollars
from llm.registry import ModelSpec
from llm.surfaces.auth import caller_of, requires
from llm.surfaces.models import named
from llm.surfaces.openapi import resources
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.views import ResourceView, body_of
from llm.types import Usage
from llm.wiring import clock, house


class TokenCountView(ResourceView):
    permission_classes = [requires("generate")]
    schema = BodySchema()

    @resources.token_count
    def post(self, request: Request) -> Response:
        fields = body_of(request)
        name = fields.required_text("model")
        asked, text = conversation(fields, "text"), fields.text("text", most=None)
        bound = fields.integer("max", 1, MOST_TOKENS)
        fields.rest()
        model = named(name, caller_of(request))
        counted = bridge().run(count(asked or text or "", model))
        window = model.context_window
        fits = None if window is None else counted.tokens + (bound or 0) <= window
        return Response({"count": counted.tokens, "method": counted.method, "fits": fits})


class CostEstimateView(ResourceView):
    permission_classes = [requires("generate")]
    schema = BodySchema()

    @resources.cost_estimate
    def post(self, request: Request) -> Response:
        fields = body_of(request)
        name = fields.required_text("model")
        asked, prompt = conversation(fields, "prompt_tokens"), fields.integer("prompt_tokens", 0, MOST_TOKENS)
        bound = fields.integer("max_tokens", 1, MOST_TOKENS)
        fields.rest()
        model = named(name, caller_of(request))
        answer = answer_bound(bound, model)
        weight = (prompt or 0) if asked is None else bridge().run(count(asked, model)).tokens
        picodollars = estimate(Usage(prompt_tokens=weight, completion_tokens=answer), model)
        return Response(
            {
                "cost": dollars(picodollars),
                "currency": "USD",
                "prompt_tokens": weight,
                "completion_tokens": answer,
            }
        )


def conversation(fields: Fields, other: str) -> types.Request | None:
    """The messages; None where `other` is said in their place. Raises InvalidField for both, and for neither."""
    has_other = fields.left.get(other) is not None
    messages = read_messages(fields, read_part)
    if messages and has_other:
        raise InvalidField(f"{other}: got messages too, wanted one of them.", param=other)
    if not messages and not has_other:
        raise fields.wrong("messages", None, f"at least one message, or {other}")
    return types.Request(messages) if messages else None


async def count(prompt: types.Request | str, model: ModelSpec) -> Count:
    """On the bridge's loop, where counts are remembered."""
    return await house().counter.count(prompt, model)


def answer_bound(bound: int | None, model: ModelSpec) -> int:
    """What is asked for; else what a request gets that asks for nothing, on the native surface."""
    most = model.max_output_tokens
    if bound and most and bound > most:
        raise InvalidField(f"max_tokens is {bound}, but {model.name} writes at most {most} tokens.", param="max_tokens")
    return bound or min(settings.DEFAULT_MAX_TOKENS, most or settings.DEFAULT_MAX_TOKENS)


def estimate(usage: Usage, model: ModelSpec) -> int | None:
    """By the price in force of the route that is tried first, in picodollars; None where that is unknown."""
    route = first_route(model)
    return cost(usage, route.price_at(clock().now())) if route else None
