"""The generation endpoints and their companions as the API's schema tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.serializers import Serializer

from llm.claims import HEADER
from llm.dialects.anthropic.target import BETA, VERSION
from llm.surfaces.openapi.answers import (
    HEALTH,
    READINESS,
    ChatCompletionSerializer,
    GenerationSerializer,
    ModelListSerializer,
    ModelSerializer,
)
from llm.surfaces.openapi.anthropic import (
    COUNT_TOKENS,
    COUNTED,
    EVENT,
    MESSAGES,
    WHOLE,
    MessageModelListSerializer,
    MessageModelSerializer,
    MessageRefusalSerializer,
)
from llm.surfaces.openapi.events import NATIVE_EVENT, OPENAI_EVENT
from llm.surfaces.openapi.requests import CHAT_COMPLETION, GENERATE
from llm.surfaces.openapi.words import said, text
from llm.surfaces.replays import LONGEST
from llm.surfaces.shapes import RefusalSerializer

JSON, EVENTS = "application/json", "text/event-stream"
HELLO = [{"role": "user", "content": "Say hello."}]

NATIVE_EVENTS = """\
With `"stream": true` the answer is a stream: `chunk` events of `{"id", "index", "delta", "reasoning_delta"?,
"refusal_delta"?, "tool_call_delta"?}`, then one `done` with the whole answer and `"done": true`, or one `error` with
the body of a refusal. Comments every 15 seconds of silence keep the connection open."""
OPENAI_EVENTS = """\
With `"stream": true` the answer is a stream of `chat.completion.chunk` objects and `[DONE]`; one that fails ends with
the body of a refusal instead. Comments every 15 seconds of silence keep the connection open."""

ANTHROPIC_EVENTS = """\
With `"stream": true` the answer is a stream as Anthropic's: `message_start`, the blocks one after the other,
`message_delta` and `message_stop`; one that fails ends with an `error` instead. A `ping` every 15 seconds of silence
keeps the connection open."""

ANSWER = "The whole answer, or its events."
REFUSALS = {
    400: "The body is not JSON or no object, or the vendor refuses the request.",
    401: "No key, or one that is unknown, expired or disabled.",
    403: "The key lacks the scope, or may not use the model.",
    404: "There is no such thing; `hint` names the nearest.",
    405: "Another method is wanted.",
    409: "Somebody else was first: what this builds on has changed.",
    413: "The body is larger than 32 MB.",
    415: "The body is compressed.",
    422: "A field is wrong; `param` is its path.",
    429: "A limit is reached, the key's or the vendor's.",
    502: "The vendor failed, refused our credentials or could not be reached.",
    503: "The gateway or the vendor has no room, or the store of keys is away.",
    504: "The vendor, or the call as a whole, took too long.",
    529: "The vendor has no room.",
}


def refusals(*statuses: int, shape: Any = RefusalSerializer) -> dict[Any, Any]:
    return {(status, JSON): OpenApiResponse(shape, REFUSALS[status]) for status in statuses}


def either_of(name: str, *shapes: type[Serializer[Any]]) -> PolymorphicProxySerializer:
    """OpenAI's shape, or Anthropic's where its version is named."""
    return PolymorphicProxySerializer(component_name=name, serializers=shapes, resource_type_field_name=None)


def told(name: str, about: str, statuses: Iterable[int] | None = None) -> OpenApiParameter:
    """A header of the answers with these statuses, by default of all."""
    response: Any = True if statuses is None else list(statuses)
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=about, response=response)


IDENTITY = [
    told("x-request-id", "The id of the call, also of one that was refused."),
    told("request-id", "The same, under the name that Anthropic's SDK reads."),
]
OUTCOME = [
    told("x-gatehouse-provider", "The provider that answered.", [200]),
    told("x-gatehouse-model", "The model that answered.", [200]),
    told("x-gatehouse-attempts", "Tries it took.", [200]),
    told("x-gatehouse-cache", "`hit`, `miss` or `off`.", [200]),
    told("x-gatehouse-cost", "Dollars, where the price is known and the answer whole.", [200]),
    told("x-gatehouse-overhead-ms", "The gateway's own share of the time.", [200]),
    told("x-gatehouse-budget-limit", "Dollars of the hard budget with the least left.", [200, 429]),
    told("x-gatehouse-budget-remaining", "What of it is neither spent nor set aside.", [200, 429]),
    told("x-gatehouse-budget-reset", "When it begins anew, if ever.", [200, 429]),
    told("idempotent-replayed", "`true` where this is the answer of an earlier request.", [200]),
    told("x-gatehouse-warnings", "What of the request could not be honoured.", [200]),
]
PRINTABLE = text(None, pattern="^[ -~]*$")
FORWARDED = [
    OpenApiParameter(name, PRINTABLE, OpenApiParameter.HEADER, description="Goes on to a vendor of this dialect.")
    for name in (VERSION, BETA)
]
REPEATABLE = OpenApiParameter(
    HEADER,
    said(LONGEST, pattern="^[!-~]([ -~]*[!-~])?$"),
    OpenApiParameter.HEADER,
    description="Sent twice, the same request is answered once: the second time with the first answer.",
)
ASKS_AS_ANTHROPIC = OpenApiParameter(VERSION, str, OpenApiParameter.HEADER, description="Any: Anthropic's shape.")
GENERATION_REFUSALS = (400, 401, 403, 404, 405, 413, 415, 429, 502, 503, 504)


class BodySchema(AutoSchema):
    """The body must be there, although none of its fields must."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation and "requestBody" in operation:
            operation["requestBody"]["required"] = True
        return operation


generate = extend_schema(
    operation_id="generate",
    summary="Generate an answer",
    description=(
        "One call to the model you name, or the default one, through the providers that serve it. "
        f"What the gateway does not know is refused with its path.\n\n{NATIVE_EVENTS}"
    ),
    tags=["generation"],
    parameters=[REPEATABLE, *IDENTITY, *OUTCOME],
    request={JSON: GENERATE},
    responses={
        (200, JSON): OpenApiResponse(GenerationSerializer, ANSWER),
        (200, EVENTS): OpenApiResponse(NATIVE_EVENT, ANSWER),
        **refusals(*GENERATION_REFUSALS, 422),
    },
    examples=[OpenApiExample("A question", {"messages": HELLO}, request_only=True)],
)
chat_completions = extend_schema(
    operation_id="chat_completions",
    summary="Generate an answer, for OpenAI's SDKs",
    description=(
        "As the OpenAI API. Fields that are not listed here reach a vendor that speaks this dialect; "
        f"where they cannot, the header `x-gatehouse-warnings` names them.\n\n{OPENAI_EVENTS}"
    ),
    tags=["generation"],
    parameters=[REPEATABLE, *IDENTITY, *OUTCOME],
    request={JSON: CHAT_COMPLETION},
    responses={
        (200, JSON): OpenApiResponse(ChatCompletionSerializer, ANSWER),
        (200, EVENTS): OpenApiResponse(OPENAI_EVENT, ANSWER),
        **refusals(*GENERATION_REFUSALS),
    },
    examples=[OpenApiExample("A question", {"messages": HELLO}, request_only=True)],
)
messages = extend_schema(
    operation_id="messages",
    summary="Generate an answer, for Anthropic's SDKs",
    description=(
        "As the Anthropic API. What came in this dialect reaches a vendor that speaks it word for word, fields that "
        f"are not listed here included; any other is told what it can take.\n\n{ANTHROPIC_EVENTS}"
    ),
    tags=["generation"],
    parameters=[REPEATABLE, *IDENTITY, *OUTCOME, *FORWARDED],
    request={JSON: MESSAGES},
    responses={
        (200, JSON): OpenApiResponse(WHOLE, ANSWER),
        (200, EVENTS): OpenApiResponse(EVENT, ANSWER),
        **refusals(*GENERATION_REFUSALS, 529, shape=MessageRefusalSerializer),
    },
    examples=[OpenApiExample("A question", {"max_tokens": 100, "messages": HELLO}, request_only=True)],
)
count_tokens = extend_schema(
    operation_id="count_tokens",
    summary="Count the tokens of a prompt, for Anthropic's SDKs",
    description="As the vendor of the model's first route counts them where it can, else as the gateway does.",
    tags=["generation"],
    parameters=[*IDENTITY, *FORWARDED],
    request={JSON: COUNT_TOKENS},
    responses={
        (200, JSON): OpenApiResponse(COUNTED, "The number of tokens."),
        **refusals(400, 401, 403, 404, 405, 413, 415, 503, shape=MessageRefusalSerializer),
    },
    examples=[OpenApiExample("A question", {"messages": HELLO}, request_only=True)],
)
LISTED = (RefusalSerializer, MessageRefusalSerializer)
models = extend_schema(
    operation_id="models",
    summary="The models that this key may use",
    description="As the OpenAI API lists them, or as Anthropic's does where its version is named.",
    tags=["models"],
    parameters=[*IDENTITY, ASKS_AS_ANTHROPIC],
    responses={
        200: OpenApiResponse(
            either_of("ModelListing", ModelListSerializer, MessageModelListSerializer), "Their names."
        ),
        **refusals(400, 401, 405, 503, shape=either_of("ListingRefusal", *LISTED)),
    },
)
model = extend_schema(
    operation_id="model",
    summary="One of them, under its name or an alias",
    description="As the OpenAI API tells of it, or as Anthropic's does where its version is named.",
    tags=["models"],
    parameters=[*IDENTITY, ASKS_AS_ANTHROPIC, OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH)],
    responses={
        200: OpenApiResponse(either_of("ListedModel", ModelSerializer, MessageModelSerializer), "The model."),
        **refusals(400, 401, 404, 405, 503, shape=either_of("ListingRefusal", *LISTED)),
    },
)
health = extend_schema(
    operation_id="health",
    summary="Whether this process answers",
    tags=["operation"],
    auth=[],
    responses={200: OpenApiResponse(HEALTH, "It does.")},
)
readiness = extend_schema(
    operation_id="readiness",
    summary="Whether this process may be sent calls",
    tags=["operation"],
    auth=[],
    responses={
        200: OpenApiResponse(READINESS, "It may; degraded, it cannot make full use of a part."),
        503: OpenApiResponse(READINESS, "It is shutting down, or no call can be served."),
    },
)
