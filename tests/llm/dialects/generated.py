"""Requests, completions and streams as hypothesis makes them up, within what the OpenAI dialect can say."""

from __future__ import annotations

from typing import Any, Literal, get_args

from hypothesis import strategies as st

from llm.dialects.gatehouse import CACHE_MODES, PRIORITIES, PURPOSES
from llm.fold import replay
from llm.types import (
    CAPABILITIES,
    Audio,
    CachePolicy,
    Choice,
    Completion,
    Context,
    Event,
    Events,
    ExtraDelta,
    File,
    FinishReason,
    Image,
    Message,
    Metadata,
    Opaque,
    Options,
    Part,
    PromptReference,
    Reasoning,
    ReasoningDelta,
    Refusal,
    RefusalDelta,
    Request,
    Requirements,
    ResponseFormat,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolChoice,
    Usage,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(max_size=8), json_values, max_size=3)

MODES: tuple[Literal["auto", "none", "required"], ...] = ("auto", "none", "required")
REASONS: tuple[FinishReason, ...] = get_args(FinishReason)

words = st.text(min_size=1, max_size=20)
texts = st.text(max_size=30)
capabilities = st.frozensets(st.sampled_from(CAPABILITIES), max_size=3)
requirements = st.builds(
    Requirements, capabilities, st.none() | st.integers(1, 9), st.none() | st.integers(0, 10**12)
).filter(lambda them: them != Requirements())
"""Empty ones are none."""
said = st.text(min_size=1, max_size=30)
flags = st.none() | st.booleans()
base64 = st.sampled_from(["QQ==", "iVBORw0KGgo=", "AAAA"])
addresses = st.sampled_from(["https://example.org/cat.png", "http://localhost:1/x?y=z"])
pictures = addresses | base64.map("data:image/png;base64,{}".format)
documents = base64.map("data:application/pdf;base64,{}".format)


def extras(name: str) -> st.SearchStrategy[dict[str, Any] | None]:
    """Unknown fields beside a thing, and inside of it where it is wrapped as `name` on the wire."""
    unknown = st.fixed_dictionaries({"x_beside": said})
    inside = st.fixed_dictionaries({name: st.fixed_dictionaries({"x_inside": st.integers(0, 9)})})
    return st.none() | unknown | inside | st.builds(lambda a, b: a | b, unknown, inside)


beside = st.none() | st.fixed_dictionaries({"x_beside": json_values.filter(lambda value: value is not None)})

contents: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, texts, beside),
    st.builds(Image, pictures, st.none() | words, extras("image_url")),
    st.builds(Audio, base64, words, extras("input_audio")),
    st.builds(File, documents, st.none() | words, st.none() | words, extras("file")),
    st.builds(Opaque, st.fixed_dictionaries({"type": st.just("video_url"), "video_url": json_objects})),
)


@st.composite
def tool_calls(draw: st.DrawFn) -> list[ToolCall]:
    ids = draw(st.lists(words, max_size=3, unique=True))
    calls = []
    for identity in ids:
        kind = draw(st.sampled_from(["function", "custom"]))
        calls.append(ToolCall(identity, draw(words), draw(texts), kind, draw(extras(kind))))
    return calls


@st.composite
def assistant_messages(draw: st.DrawFn) -> Message:
    parts: list[Part] = []
    parts += draw(st.lists(st.builds(Reasoning, said, st.none() | words), max_size=1))
    parts += draw(st.lists(st.builds(Text, texts, beside), max_size=2))
    parts += draw(st.lists(st.builds(Refusal, said), max_size=1))
    parts += draw(tool_calls())
    return Message("assistant", parts, draw(st.none() | words), extra=draw(beside))


messages = st.one_of(
    st.builds(
        Message,
        st.sampled_from(["system", "developer", "user"]),
        st.lists(contents, min_size=1, max_size=3),
        name=st.none() | words,
        extra=beside,
    ),
    st.builds(
        Message,
        st.just("tool"),
        st.lists(st.builds(Text, texts, beside), min_size=1, max_size=2),
        tool_call_id=words,
        extra=beside,
    ),
    assistant_messages(),
)

tools = st.one_of(
    st.builds(Tool, words, st.none() | texts, st.none() | json_objects, flags, extras("function")),
    words.map(lambda name: Tool(name, kind="custom", extra={"custom": {"name": name, "format": {"type": "text"}}})),
)
choices_of_tool = st.one_of(
    st.builds(ToolChoice, st.sampled_from(MODES)),
    words.map(lambda name: ToolChoice("tool", name)),
)
formats = st.one_of(
    st.builds(ResponseFormat, st.sampled_from(["text", "json_object"]), extra=beside),
    st.builds(
        ResponseFormat,
        st.just("json_schema"),
        json_objects,
        words,
        st.none() | texts,
        flags,
        extra=extras("json_schema"),
    ),
)


def _numbers(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high)


options = st.builds(
    Options,
    temperature=_numbers(0, 2),
    max_tokens=st.none() | st.integers(1, 10**6),
    top_p=_numbers(0, 1),
    top_k=st.none() | st.integers(0, 100),
    frequency_penalty=_numbers(-2, 2),
    presence_penalty=_numbers(-2, 2),
    stop=st.none() | st.lists(said, min_size=1, max_size=3),
    seed=st.none() | st.integers(-(2**63), 2**63 - 1),
    n=st.none() | st.integers(1, 8),
    response_format=st.none() | formats,
    reasoning_effort=st.none() | words,
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """What an OpenAI client can ask of a vendor; the gateway's own wishes never leave the house."""
    wanted = draw(options)
    if draw(st.booleans()):
        wanted.tools = draw(st.lists(tools, min_size=1, max_size=3))
        wanted.tool_choice = draw(st.none() | choices_of_tool)
        wanted.parallel_tool_calls = draw(flags)
    stream, user = draw(st.booleans()), draw(st.none() | words)
    extra = draw(st.none() | st.fixed_dictionaries({"logit_bias": json_objects, "x_unknown": json_values}))
    return Request(
        messages=draw(st.lists(messages, min_size=1, max_size=4)),
        model=draw(words),
        options=wanted,
        metadata=Metadata(user_id=user),
        stream=stream,
        include_usage=stream,
        dialect="openai",
        extra=extra if user is None else {**(extra or {}), "user": user},
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    prompt, completion = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
    details = st.fixed_dictionaries({"audio_tokens": st.integers(0, 9)})
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=draw(st.integers(0, prompt)),
        cache_write_tokens=draw(st.integers(0, prompt)),
        reasoning_tokens=draw(st.integers(0, completion)),
        extra=draw(st.none() | st.fixed_dictionaries({"completion_tokens_details": details, "cost": st.floats(0, 1)})),
    )


logprobs = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": []}]}
citation = {"start_index": 0, "end_index": 1, "title": "Cats", "url": "https://example.org/"}
audio = {"id": "a", "data": "QQ==", "expires_at": 1, "transcript": "A"}
choice_extras = st.sampled_from(
    [
        None,
        {"logprobs": logprobs},
        {"message": {"annotations": [{"type": "url_citation", "url_citation": citation}]}},
        {"content_filter_results": {"hate": {"filtered": False}}, "message": {"audio": audio}},
    ]
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    reason = draw(st.sampled_from(REASONS))
    return Choice(
        text=draw(texts),
        reasoning=draw(texts),
        reasoning_signature=draw(st.none() | words),
        refusal=draw(texts),
        tool_calls=draw(tool_calls()),
        finish_reason=reason,
        native_finish_reason=reason,
        extra=draw(choice_extras),
    )


completions = st.builds(
    Completion,
    choices=st.lists(choices(), min_size=1, max_size=3),
    usage=usages(),
    upstream_id=words,
    upstream_model=words,
    extra=st.none() | st.fixed_dictionaries({"service_tier": st.sampled_from(["default", "flex"])}),
    dialect=st.just("openai"),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Events]:
    """A completion's events, its texts cut into pieces, dealt out into batches."""
    events = [piece for event in replay(draw(completions)) for piece in draw(_pieces(event))]
    batches: list[Events] = [[]]
    for event in events:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return batches


@st.composite
def _pieces(draw: st.DrawFn, event: Event) -> list[Event]:
    match event:
        case TextDelta(text, choice):
            return [TextDelta(piece, choice) for piece in draw(_cut(text))]
        case RefusalDelta(text, choice):
            return [RefusalDelta(piece, choice) for piece in draw(_cut(text))]
        case ReasoningDelta(text, signature, choice):
            pieces: list[Event] = [ReasoningDelta(piece, None, choice) for piece in draw(_cut(text))]
            return [*pieces, ReasoningDelta("", signature, choice)] if signature else pieces
        case ToolCallDelta(index, arguments=arguments, kind=kind, choice=choice):
            event.arguments = ""
            rest = draw(_cut(arguments))
            return [event, *(ToolCallDelta(index, arguments=piece, kind=kind, choice=choice) for piece in rest)]
        case ExtraDelta() | _:
            return [event]


@st.composite
def _cut(draw: st.DrawFn, text: str) -> list[str]:
    """`text` in up to four pieces, none of them empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    return [piece for piece in pieces if piece]


@st.composite
def native_requests(draw: st.DrawFn) -> Request:
    """The same wishes without what only the OpenAI dialect has words for, and with those only we have."""
    request = draw(requests())
    for message in request.messages:
        message.extra = None
        message.parts = [part for part in message.parts if not isinstance(part, Opaque)] or [Text("")]
        for part in message.parts:
            _make_native(part)
    wanted = request.options
    wanted.n = None
    wanted.tools = wanted.tools and [tool for tool in wanted.tools if tool.kind == "function"]
    for thing in (*(wanted.tools or ()), wanted.response_format):
        if thing is not None:
            thing.extra = None
    return Request(
        messages=request.messages,
        model=request.model,
        options=wanted,
        stream=request.stream,
        provider=draw(st.none() | words),
        fallbacks=draw(st.none() | st.lists(words, max_size=2)),
        requirements=draw(st.none() | requirements),
        prompt=draw(st.none() | st.builds(PromptReference, words, words, st.none() | st.integers(1, 9), json_objects)),
        context=draw(st.none() | st.builds(Context, texts, st.lists(json_objects, max_size=2), json_objects)),
        cache=draw(st.builds(CachePolicy, st.sampled_from(CACHE_MODES), st.none() | st.integers(1, 3600))),
        metadata=draw(
            st.builds(
                Metadata,
                st.none() | words,
                st.none() | words,
                st.none() | words,
                st.sampled_from(PURPOSES),
                st.sampled_from(PRIORITIES),
                st.dictionaries(words, said, max_size=2),
            )
        ),
    )


def _make_native(part: Part) -> None:
    if isinstance(part, ToolCall):
        part.kind = "function"
    if isinstance(part, Text | Image | Audio | File | ToolCall):
        part.extra = None
