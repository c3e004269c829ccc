"""What the API's schema says of conversations: which parameters, which answers, which refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from analytics.pages import CURSOR
from analytics.schema import parameter
from conversations.shapes import (
    OPENING,
    TURN,
    ConversationPageSerializer,
    ConversationSerializer,
    MessagePageSerializer,
)
from llm.surfaces.openapi.answers import GenerationSerializer
from llm.surfaces.openapi.events import NATIVE_EVENT
from llm.surfaces.openapi.operations import (
    ANSWER,
    EVENTS,
    GENERATION_REFUSALS,
    IDENTITY,
    JSON,
    NATIVE_EVENTS,
    OUTCOME,
    REPEATABLE,
    refusals,
    told,
)

View = TypeVar("View", bound=Callable[..., Any])

REFUSED = (400, 401, 403, 405, 503)
TAGS = ["conversations"]
PAGE = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50})
NAME = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`conv_` and a UUID.")
PLACE = [
    told("x-gatehouse-conversation", "The conversation's id.", [200]),
    told("x-gatehouse-message", "The id that the answer has among its messages.", [200]),
]


def described(name: str, summary: str, responses: dict[Any, Any], **more: Any) -> Callable[[View], View]:
    parameters = [*IDENTITY, *more.pop("parameters", ())]
    return extend_schema(
        operation_id=name, summary=summary, tags=TAGS, parameters=parameters, responses=responses, **more
    )


conversation_list = described(
    "conversations",
    "The conversations, newest first",
    {200: OpenApiResponse(ConversationPageSerializer, "A page, and the way to the next."), **refusals(*REFUSED, 422)},
    description="The organisation's; where the credential speaks for one user, that user's.",
    parameters=[
        PAGE,
        OpenApiParameter("cursor", {"type": "string", "pattern": CURSOR.pattern}, description="Out of `next`."),
        parameter("user_id", "Only this user's."),
    ],
)
conversation_new = described(
    "conversation_new",
    "Begin a conversation",
    {
        201: OpenApiResponse(ConversationSerializer, "The conversation, without a message yet."),
        **refusals(*REFUSED, 404, 413, 415, 422),
    },
    description="What it says of system message, model, prompt and metadata holds for each of its turns.",
    request={JSON: OPENING},
    examples=[OpenApiExample("A conversation", {"title": "Pets", "system": "Be terse."}, request_only=True)],
)
conversation = described(
    "conversation",
    "One conversation",
    {200: OpenApiResponse(ConversationSerializer, "The conversation."), **refusals(*REFUSED, 404)},
    parameters=[NAME],
)
conversation_end = described(
    "conversation_end",
    "Delete a conversation with all its messages",
    {204: OpenApiResponse(description="It is gone."), **refusals(*REFUSED, 404)},
    description="The records of its calls stay in the books.",
    parameters=[NAME],
)
messages = described(
    "conversation_messages",
    "The messages of a conversation, in order",
    {200: OpenApiResponse(MessagePageSerializer, "A page, and the way to the next."), **refusals(*REFUSED, 404, 422)},
    parameters=[NAME, PAGE, parameter("cursor", "Out of `next`: the id of a message; the page begins behind it.")],
)
message_new = described(
    "message_new",
    "Say something in a conversation",
    {
        (200, JSON): OpenApiResponse(GenerationSerializer, ANSWER),
        (200, EVENTS): OpenApiResponse(NATIVE_EVENT, ANSWER),
        **refusals(*GENERATION_REFUSALS, 422),
    },
    description=(
        "Answered as `generate` answers, with what was said before in front. Messages to one conversation wait for "
        f"each other. What has no room in the model's window is left out from the old end.\n\n{NATIVE_EVENTS}"
    ),
    parameters=[NAME, REPEATABLE, *OUTCOME, *PLACE],
    request={JSON: TURN},
    examples=[OpenApiExample("A question", {"content": "Name two pets."}, request_only=True)],
)
stream = described(
    "conversation_stream",
    "Listen to an answer",
    {(200, EVENTS): OpenApiResponse(NATIVE_EVENT, "Its events from the beginning."), **refusals(*REFUSED, 404, 422)},
    description="While it is being given it is followed; afterwards it is replayed. Nothing is generated for it. An "
    "EventSource, which sends no headers, may say a client token as `token` instead.",
    parameters=[
        NAME,
        OpenApiParameter(
            "message",
            {"type": "string", "maxLength": 300},
            required=True,
            description="The id of the answer, or of what it answers.",
        ),
    ],
)
