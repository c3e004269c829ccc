"""Requests, completions and streams as hypothesis makes them up, within what the Anthropic dialect can say."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from llm.dialects.anthropic.stops import FINISH
from llm.fold import replay
from llm.types import (
    Block,
    Choice,
    Completion,
    Event,
    Events,
    File,
    Image,
    Message,
    Opaque,
    Options,
    Part,
    Reasoning,
    ReasoningDelta,
    Request,
    ResponseFormat,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolChoice,
    Usage,
)
from tests.llm.dialects.generated import beside, flags, json_objects, json_values, said, texts, words

pictures = st.sampled_from(["https://example.org/cat.png", "data:image/png;base64,iVBORw0KGgo="])
documents = st.sampled_from(
    ["https://example.org/a.pdf", "data:application/pdf;base64,QQ==", "data:text/plain;base64,QUI="]
)
arguments = json_objects.map(lambda value: orjson.dumps(value).decode())
foreign = st.builds(
    Opaque,
    st.fixed_dictionaries({"type": st.sampled_from(["redacted_thinking", "web_search_tool_result"]), "x": json_values}),
)

contents: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, texts, beside),
    st.builds(Image, pictures, extra=beside),
    st.builds(File, documents, name=st.none() | words, extra=beside),
    st.builds(File, file_id=words, extra=beside),
    foreign,
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Turns of the user and the model, each call answered in the next."""
    system = draw(st.lists(st.builds(Text, said, beside), max_size=2))
    messages = [Message("system", [*system])] if system else []
    for _ in range(draw(st.integers(1, 2))):
        messages.append(Message("user", draw(st.lists(contents, min_size=1, max_size=2)), extra=draw(beside)))
        thoughts = draw(st.lists(st.builds(Reasoning, texts, said, beside), max_size=1))
        calls = draw(st.lists(words, max_size=2, unique=True))
        parts: list[Part] = [*thoughts, *draw(st.lists(st.builds(Text, texts, beside) | foreign, max_size=2))]
        parts += [ToolCall(identity, draw(words), draw(arguments), extra=draw(beside)) for identity in calls]
        messages.append(Message("assistant", parts or [Text("")], extra=draw(beside)))
        messages += [draw(results(identity)) for identity in calls]
    return messages


def results(identity: str) -> st.SearchStrategy[Message]:
    given = st.lists(contents, max_size=2)
    return st.builds(
        Message, st.just("tool"), given, tool_call_id=st.just(identity), is_error=st.booleans(), extra=beside
    )


tools = st.one_of(
    st.builds(Tool, words, st.none() | texts, st.none() | json_objects, flags, beside),
    words.map(lambda name: Tool(name, kind="bash_20250124", extra={"name": name, "max_uses": 3})),
)
choices_of_tool = st.one_of(
    st.builds(ToolChoice, st.sampled_from(["auto", "required"])), words.map(lambda name: ToolChoice("tool", name))
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    options = Options(
        temperature=draw(st.none() | st.floats(0, 1)),
        max_tokens=draw(st.integers(0, 10**6)),
        top_p=draw(st.none() | st.floats(0, 1)),
        top_k=draw(st.none() | st.integers(0, 100)),
        stop=draw(st.none() | st.lists(said, min_size=1, max_size=3)),
        reasoning_effort=draw(st.none() | words),
        response_format=draw(st.none() | st.builds(ResponseFormat, st.just("json_schema"), json_objects, extra=beside)),
    )
    if draw(st.booleans()):
        options.tools = draw(st.lists(tools, min_size=1, max_size=3))
        options.tool_choice = draw(st.none() | choices_of_tool)
        options.parallel_tool_calls = draw(flags) if options.tool_choice else None
    return Request(
        messages=draw(conversations()),
        model=draw(words),
        options=options,
        stream=draw(st.booleans()),
        dialect="anthropic",
        extra=draw(st.none() | st.fixed_dictionaries({"service_tier": words, "x_unknown": json_values})),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    plain, read, written = (draw(st.integers(0, 10**6)) for _ in range(3))
    completion = draw(st.integers(0, 10**6))
    return Usage(
        prompt_tokens=plain + read + written,
        completion_tokens=completion,
        total_tokens=plain + read + written + completion,
        cached_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=draw(st.integers(0, completion)),
        extra=draw(st.none() | st.fixed_dictionaries({"service_tier": words, "server_tool_use": json_objects})),
        hour_write_tokens=draw(st.integers(0, written)),
    )


cited = st.none() | st.fixed_dictionaries({"citations": st.lists(json_objects, min_size=1, max_size=2)})
own_blocks: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": words}),
    st.fixed_dictionaries(
        {
            "type": st.just("server_tool_use"),
            "id": words,
            "input": st.just({}),
            "partial_json": json_objects.filter(bool).map(lambda value: orjson.dumps(value).decode()),
        }
    ),
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    choice, blocks = Choice(), []
    for kind in draw(st.lists(st.sampled_from(["text", "reasoning", "tool_call", "opaque"]), max_size=5)):
        text = draw(texts)
        match kind:
            case "text":
                choice.text += text
                blocks.append(Block("text", len(text), extra=draw(cited)))
            case "reasoning":
                choice.reasoning += text
                blocks.append(Block("reasoning", len(text), draw(st.none() | words), draw(beside)))
                choice.reasoning_signature = blocks[-1].signature or choice.reasoning_signature
            case "tool_call":
                choice.tool_calls.append(ToolCall(draw(words), draw(words), draw(arguments), extra=draw(beside)))
                blocks.append(Block("tool_call"))
            case _:
                blocks.append(Block("opaque", extra=draw(own_blocks)))
    choice.blocks = blocks or None
    choice.native_finish_reason = draw(st.sampled_from(list(FINISH)))
    choice.finish_reason = FINISH[choice.native_finish_reason]
    return choice


extras = st.none() | st.fixed_dictionaries({"stop_sequence": words, "context_management": json_objects})
completions = st.builds(
    Completion,
    choices=choices().map(lambda choice: [choice]),
    usage=usages(),
    upstream_id=words,
    upstream_model=words,
    extra=extras,
    dialect=st.just("anthropic"),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Events]:
    """A completion's events, its texts cut in two, dealt out into batches."""
    batches: list[Events] = [[]]
    for event in replay(draw(completions)):
        for piece in _cut(event, draw(st.integers(0, 9))):
            if draw(st.booleans()):
                batches.append([])
            batches[-1].append(piece)
    return batches


def _cut(event: Event, at: int) -> list[Event]:
    match event:
        case TextDelta(text) if text[:at] and text[at:]:
            return [TextDelta(text[:at]), TextDelta(text[at:])]
        case ReasoningDelta(text, signature) if text[:at] and text[at:]:
            return [ReasoningDelta(text[:at]), ReasoningDelta(text[at:], signature)]
        case ToolCallDelta(index, arguments=arguments) if arguments[at:]:
            event.arguments = arguments[:at]
            return [event, ToolCallDelta(index, arguments=arguments[at:])]
        case _:
            return [event]
