"""An answer heard again: followed while it is being given, from its beginning, and replayed afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from conversations import answers, turns
from conversations.live import LIVE
from conversations.models import Message, MessageStatus
from llm.call import Caller, Record, created_at
from llm.dialects import native
from llm.dialects.native.frames import frame
from llm.store import visit
from llm.types import (
    Choice,
    Event,
    Events,
    ReasoningDelta,
    RefusalDelta,
    Request,
    TextDelta,
    ToolCallDelta,
)
from llm.wiring import clock

LOOK = 1.0
"""Seconds between two looks at an answer that another process gives."""


async def frames(caller: Caller, conversation: str, message: str) -> AsyncGenerator[bytes, None]:
    """The events of the answer to `message`, as `generate` would stream them. Raises NotFound and Unavailable."""
    answer = await visit(turns.answer_to, caller, conversation, message, clock().now())
    generation = answer.generation_id or answer.id
    renderer = native.StreamRenderer(Request([]), Record(generation, created_at(generation)))
    heard = Choice()
    if live := LIVE.get(answer.id):
        async with aclosing(live.follow()) as batches:
            async for events in batches:
                if told := renderer.render_events(events):
                    yield told
        heard = live.choice
        answer = await visit(turns.answer_to, caller, conversation, message, clock().now())
    while True:
        running = answer.status == MessageStatus.RUNNING
        choice = answers.choice_of(answer.said)
        if told := renderer.render_events(news(heard, choice, whole=not running)):
            yield told
        heard = choice
        if not running:
            break
        await asyncio.sleep(LOOK)
        answer = await visit(turns.answer_to, caller, conversation, message, clock().now())
    yield end(answer)


def news(heard: Choice, choice: Choice, *, whole: bool) -> Events:
    """What `choice` says beyond what was heard; calls once they are whole."""
    events: list[Event] = []
    if reasoning := choice.reasoning[len(heard.reasoning) :]:
        events.append(ReasoningDelta(reasoning))
    if text := choice.text[len(heard.text) :]:
        events.append(TextDelta(text))
    if refusal := choice.refusal[len(heard.refusal) :]:
        events.append(RefusalDelta(refusal))
    if whole and not heard.tool_calls:
        events += [
            ToolCallDelta(index, call.id, call.name, call.arguments) for index, call in enumerate(choice.tool_calls)
        ]
    return events


def end(answer: Message) -> bytes:
    if error := answers.error_of(answer):
        return frame(b"error", {"error": error})
    return frame(b"done", {**answers.whole(answer), "done": True})
