"""What of a conversation goes along with its next question: as much of its end as the model's window holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from llm.call import Weigh
from llm.types import Message, Part, Reasoning, Refusal, Request, Text, ToolCall

Turn = list[Message]


def shortened(request: Request, window: int, weigh: Weigh, *, said: int) -> Request:
    """Without those of its last `said` messages, from the old end, that have no room in `window` beside the answer's
    bound.

    What leads (prompt, system message) and the newest turn always stay. A turn goes as a whole: a question with its
    answer, a call with its result.
    """
    lead = request.messages[:-said]
    *older, newest = turns(request.messages[-said:])
    room = window - (request.options.max_tokens or 0) - weigh(replace(request, messages=[*lead, *newest]))
    frame = weigh(Request([]))
    while older and (room := room - weigh(Request(older[-1])) + frame) >= 0:
        older.pop()
    kept = request.messages[len(lead) + sum(map(len, older)) :]
    return replace(request, messages=[*lead, *kept])


def turns(messages: Iterable[Message]) -> list[Turn]:
    """Each begins with a user's message; the results of tools and the answers to them belong to it."""
    found: list[Turn] = []
    for message in messages:
        if message.role == "user" or not found:
            found.append([])
        found[-1].append(message)
    return found


def replayable(messages: Iterable[Message]) -> list[Message]:
    """Without what no vendor wants to hear again: empty answers, calls without a result, thoughts.

    Signed thoughts before a call that has its result stay, because their vendor asks for them.
    """
    messages = list(messages)
    answered = {message.tool_call_id for message in messages if message.role == "tool"}
    told = (_told(message, answered) if message.role == "assistant" else message for message in messages)
    return [message for message in told if message.parts]


def last_calls(messages: list[Message]) -> set[str]:
    """The ids of the calls that the newest message makes: results of these alone may follow."""
    parts = messages[-1].parts if messages else []
    return {part.id for part in parts if isinstance(part, ToolCall)}


def _told(message: Message, answered: set[str | None]) -> Message:
    calls = any(isinstance(part, ToolCall) and part.id in answered for part in message.parts)
    return replace(message, parts=[part for part in message.parts if _is_told(part, answered, calls)])


def _is_told(part: Part, answered: set[str | None], calls: bool) -> bool:
    match part:
        case ToolCall():
            return part.id in answered
        case Reasoning():
            return calls and part.signature is not None
        case Text() | Refusal():
            return bool(part.text)
        case _:
            return True
