"""Models, providers, token counts and cost estimates as the API's schema tells of them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from llm.dialects.messages import MAX_MESSAGES
from llm.dialects.options import MOST_TOKENS
from llm.surfaces.openapi.messages import NATIVE_MESSAGE
from llm.surfaces.openapi.offers import (
    CostEstimateSerializer,
    OfferListSerializer,
    OfferSerializer,
    ProviderListSerializer,
    ProviderSerializer,
    ProviderStatusSerializer,
    TokenCountSerializer,
)
from llm.surfaces.openapi.operations import HELLO, IDENTITY, JSON, refusals
from llm.surfaces.openapi.words import (
    NULL,
    Named,
    Schema,
    either,
    integer,
    listing,
    maybe,
    optional,
    said,
    text,
    thing,
)

NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH)
READ = (400, 401, 405, 503)
ASKED = (400, 401, 403, 404, 405, 413, 415, 422, 503)
TOKENS = integer(1, MOST_TOKENS)
MESSAGES = maybe(listing(NATIVE_MESSAGE, MAX_MESSAGES))
NO_MESSAGES = either(NULL, {"type": "array", "maxItems": 0})


def messages_or(name: str, schema: Schema) -> list[Schema]:
    """The condition that a prompt is said in one of two ways."""
    some = {"type": "array", "minItems": 1}
    return [
        {"required": ["messages"], "properties": {"messages": some, name: NULL}},
        {"required": [name], "properties": {name: schema, "messages": NO_MESSAGES}},
    ]


TOKEN_COUNT = Named(
    "TokenCountRequest",
    thing(
        {
            "model": said(),
            "messages": MESSAGES,
            **optional({"text": text(None), "max": integer(1, MOST_TOKENS, description="Of the answer.")}),
        },
        "model",
        anyOf=messages_or("text", {"type": "string"}),
    ),
)
COST_ESTIMATE = Named(
    "CostEstimateRequest",
    thing(
        {
            "model": said(),
            "messages": MESSAGES,
            **optional({"prompt_tokens": integer(0, MOST_TOKENS), "max_tokens": TOKENS}),
        },
        "model",
        anyOf=messages_or("prompt_tokens", {"type": "integer"}),
    ),
)

models = extend_schema(
    operation_id="model_offers",
    summary="The models that this key may use, with all that is known of them",
    description="Latencies are those of the requests that this key may see, of the last day.",
    tags=["models"],
    parameters=IDENTITY,
    responses={200: OpenApiResponse(OfferListSerializer, "The models, by name."), **refusals(*READ)},
)
model = extend_schema(
    operation_id="model_offer",
    summary="One of them, under its name or an alias",
    tags=["models"],
    parameters=[*IDENTITY, NAME],
    responses={200: OpenApiResponse(OfferSerializer, "The model."), **refusals(*READ, 404)},
)
providers = extend_schema(
    operation_id="providers",
    summary="Who serves the models",
    tags=["providers"],
    parameters=IDENTITY,
    responses={200: OpenApiResponse(ProviderListSerializer, "The providers, by name."), **refusals(*READ)},
)
provider = extend_schema(
    operation_id="provider",
    summary="One of them",
    tags=["providers"],
    parameters=[*IDENTITY, NAME],
    responses={200: OpenApiResponse(ProviderSerializer, "The provider."), **refusals(*READ, 404)},
)
provider_status = extend_schema(
    operation_id="provider_status",
    summary="Whether it answers and takes our credentials",
    description="Asked of the vendor at most once a minute.",
    tags=["providers"],
    parameters=[*IDENTITY, NAME],
    responses={200: OpenApiResponse(ProviderStatusSerializer, "How it was."), **refusals(*READ, 404)},
)
token_count = extend_schema(
    operation_id="token_count",
    summary="How many tokens a prompt has",
    description="A text alone, or messages with what the vendor puts around them.",
    tags=["models"],
    parameters=IDENTITY,
    request={JSON: TOKEN_COUNT},
    responses={200: OpenApiResponse(TokenCountSerializer, "How many, and how that is known."), **refusals(*ASKED)},
    examples=[OpenApiExample("A conversation", {"model": "gpt-4o-mini", "messages": HELLO}, request_only=True)],
)
cost_estimate = extend_schema(
    operation_id="cost_estimate",
    summary="What a request would cost at most",
    description="At the price in force of the route that is tried first.",
    tags=["models"],
    parameters=IDENTITY,
    request={JSON: COST_ESTIMATE},
    responses={200: OpenApiResponse(CostEstimateSerializer, "The cost, or null."), **refusals(*ASKED)},
    examples=[OpenApiExample("Counted already", {"model": "gpt-4o-mini", "prompt_tokens": 1000}, request_only=True)],
)
