"""Conversations over HTTP. What is said in one is answered as `generate` answers, and can be listened to again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api import LARGEST_PAGE, PAGE, next_page
from analytics.pages import Cursor, newest
from analytics.parameters import Parameters
from conversations import answers, listening, operations, turns
from conversations.exchange import Exchange
from conversations.models import Conversation, Message, MessageStatus
from conversations.names import MESSAGE, public, read
from conversations.requests import kept, parse_opening, parse_turn
from llm.call import Caller, created_at, new_id, public_id
from llm.client_tokens import is_token
from llm.dialects import native
from llm.dialects.base import HEARTBEAT
from llm.dialects.native.frames import frame
from llm.errors import GatewayError, InvalidField
from llm.prepare import resolve
from llm.store import visit
from llm.surfaces.auth import caller_of, check_scope, credential, identify, requires
from llm.surfaces.cors import cors_headers
from llm.surfaces.http import read_body, refusal, serve, tell
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.responses import EventStreamResponse, StreamVoice, identity_headers
from llm.surfaces.views import GenerationView, ResourceView
from llm.types import JsonObject
from llm.types import Request as Wanted
from llm.wiring import catalog, gateway


class ConversationListView(ResourceView):
    permission_classes = [requires("generate")]
    schema = BodySchema()

    @operations.conversation_list
    def get(self, request: Request) -> Response:
        said = Parameters(request.query_params, ("limit", "cursor", "user_id"))
        own = Conversation.objects.of(caller_of(request))
        if (user := said.text("user_id")) is not None:
            own = own.filter(user_id=user)
        cursor = said.text("cursor")
        rows, behind = newest(
            own,
            limit=said.number("limit", most=LARGEST_PAGE) or PAGE,
            after=Cursor.read(cursor) if cursor is not None else None,
        )
        found = [answers.conversation(row) for row in rows]
        return Response({"results": found, "next": behind and next_page(request, behind)})

    @operations.conversation_new
    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        turns.check_keeps(caller)
        opening = parse_opening(read_body(request._request))
        if opening.model is not None:
            resolve(Wanted([], model=opening.model), caller, catalog().snapshot())
        identity = new_id()
        row = Conversation(
            id=identity,
            organisation_id=caller.organisation_id,
            user_id=caller.user_id or opening.metadata.user_id,
            title=opening.title,
            system=opening.system,
            model=opening.model,
            prompt=kept(opening.prompt),
            metadata=kept(opening.metadata),
            created_at=created_at(identity),
            updated_at=timezone.now(),
        )
        row.save(force_insert=True)
        return Response(answers.conversation(row), status=201)


class ConversationView(ResourceView):
    permission_classes = [requires("generate")]

    @operations.conversation
    def get(self, request: Request, id: str) -> Response:
        return Response(answers.conversation(turns.find(caller_of(request), id)))

    @operations.conversation_end
    def delete(self, request: Request, id: str) -> Response:
        turns.delete(caller_of(request), id)
        return Response(status=204)


class ConversationMessagesView(GenerationView):
    dialect = native

    @operations.messages
    async def get(self, request: HttpRequest, id: str) -> HttpResponseBase:
        return await tell(request, native, lambda caller: visit(messages, request, id, caller))

    @operations.message_new
    async def post(self, request: HttpRequest, id: str) -> HttpResponseBase:
        return await serve(request, native, parse=parse_turn, source=lambda call: Exchange(id, gateway()).stream(call))


class StreamView(GenerationView):
    dialect = native

    @operations.stream
    async def get(self, request: HttpRequest, id: str) -> HttpResponseBase:
        name = public_id(new_id())
        caller: Caller | None = None
        try:
            caller = await _listener(request)
            check_scope(caller, "generate")
            message = Parameters(request.GET, ("message", "token")).text("message")
            if message is None:
                raise InvalidField("Which message's answer is wanted?", param="message")
        except GatewayError as error:
            return refusal(error, native, name, cors_headers(request, caller))
        headers = identity_headers(name) | cors_headers(request, caller)
        voice = StreamVoice(
            headers=lambda: headers,
            refuse=lambda error: refusal(error, native, name, headers),
            interrupt=lambda error: frame(b"error", native.render_error(error, name)[1]),
            heartbeat=HEARTBEAT,
        )
        return EventStreamResponse(listening.frames(caller, id, message), voice)


async def _listener(request: HttpRequest) -> Caller:
    """An EventSource sends no headers: a client token, which soon is worth nothing, may stand in the address."""
    token = request.GET.get("token", "")
    if token and not is_token(token):
        raise InvalidField("Must be a client token: a key does not belong in an address.", param="token")
    return await identify(credential(request.META, token))


def messages(request: HttpRequest, id: str, caller: Caller) -> JsonObject:
    """A page of them, oldest first; `cursor` is the id of the message it begins behind."""
    said = Parameters(request.GET, ("limit", "cursor"))
    limit = said.number("limit", most=LARGEST_PAGE) or PAGE
    conversation = turns.find(caller, id)
    rows: Any = conversation.messages.all()
    if (cursor := said.text("cursor")) is not None:
        rows = rows.filter(position__gt=_position(conversation, cursor))
    found: list[Message] = list(rows[: limit + 1])
    if not conversation.is_held(timezone.now()):
        for row in found:
            row.status = MessageStatus.INTERRUPTED if row.status == MessageStatus.RUNNING else row.status
    page = found[:limit]
    behind = _further(request, page[-1]) if len(found) > limit else None
    return {"results": [answers.message(row) for row in page], "next": behind}


def _position(conversation: Conversation, cursor: str) -> int:
    identity = read(MESSAGE, cursor)
    found = conversation.messages.filter(pk=identity).first() if identity else None
    if found is None:
        raise InvalidField("Must be the id of a message of this conversation.", param="cursor")
    return found.position


def _further(request: HttpRequest, last: Message) -> str:
    query = {**request.GET.dict(), "cursor": public(MESSAGE, last.id)}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"
