"""The generation endpoints and their companions as the API's schema tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from llm.surfaces.openapi.answers import (
    HEALTH,
    READINESS,
    ChatCompletionSerializer,
    GenerationSerializer,
    ModelListSerializer,
    ModelSerializer,
)
from llm.surfaces.openapi.events import NATIVE_EVENT, OPENAI_EVENT
from llm.surfaces.openapi.requests import CHAT_COMPLETION, GENERATE
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

ANSWER = "The whole answer, or its events."
REFUSALS = {
    400: "The body is not JSON or no object, or the vendor refuses the request.",
    401: "No key, or one that is unknown, expired or disabled.",
    403: "The key lacks the scope, or may not use the model.",
    404: "There is no such thing; `hint` names the nearest.",
    405: "Another method is wanted.",
    413: "The body is larger than 32 MB.",
    415: "The body is compressed.",
    422: "A field is wrong; `param` is its path.",
    429: "A limit is reached, the key's or the vendor's.",
    502: "The vendor failed, refused our credentials or could not be reached.",
    503: "The gateway or the vendor has no room, or the store of keys is away.",
    504: "The vendor, or the call as a whole, took too long.",
}


def refusals(*statuses: int) -> dict[Any, Any]:
    return {(status, JSON): OpenApiResponse(RefusalSerializer, REFUSALS[status]) for status in statuses}


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
    told("x-gatehouse-warnings", "What of the request could not be honoured.", [200]),
]
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
    parameters=[*IDENTITY, *OUTCOME],
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
    parameters=[*IDENTITY, *OUTCOME],
    request={JSON: CHAT_COMPLETION},
    responses={
        (200, JSON): OpenApiResponse(ChatCompletionSerializer, ANSWER),
        (200, EVENTS): OpenApiResponse(OPENAI_EVENT, ANSWER),
        **refusals(*GENERATION_REFUSALS),
    },
    examples=[OpenApiExample("A question", {"messages": HELLO}, request_only=True)],
)
models = extend_schema(
    operation_id="models",
    summary="The models that this key may use",
    description="As the OpenAI API lists them.",
    tags=["models"],
    parameters=IDENTITY,
    responses={200: OpenApiResponse(ModelListSerializer, "Their names."), **refusals(400, 401, 405, 503)},
)
model = extend_schema(
    operation_id="model",
    summary="One of them, under its name or an alias",
    description="As the OpenAI API tells of it.",
    tags=["models"],
    parameters=[*IDENTITY, OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH)],
    responses={200: OpenApiResponse(ModelSerializer, "The model."), **refusals(400, 401, 404, 405, 503)},
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
        200: OpenApiResponse(READINESS, "It may; degraded, records wait for the database."),
        503: OpenApiResponse(READINESS, "It is shutting down."),
    },
)
