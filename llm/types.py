"""What is asked and what comes back, in no vendor's words: requests, events, usage, completions.

Everything a dialect cannot say in these words travels in `extra`, beside the thing it belongs to, and reaches an
upstream of the same dialect unchanged.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]

Role = Literal["system", "developer", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
BlockKind = Literal["text", "reasoning", "tool_call", "opaque"]
Purpose = Literal["chat", "documentation", "code", "analysis", "translation"]
Priority = Literal["low", "normal", "high"]


@dataclass(slots=True)
class Text:
    text: str
    extra: JsonObject | None = None


@dataclass(slots=True)
class Image:
    """`url` is an `https:` address or a `data:` URL; the gateway never fetches it."""

    url: str
    detail: str | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class Audio:
    """`data` is base64."""

    data: str
    format: str
    extra: JsonObject | None = None


@dataclass(slots=True)
class File:
    """A document: by address or `data:` URL, or by the vendor's own file id."""

    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class Reasoning:
    """What a model thought; `signature` is the vendor's proof, to be handed back unchanged on the next turn."""

    text: str
    signature: str | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class Refusal:
    text: str


@dataclass(slots=True)
class ToolCall:
    """`arguments` is the text the model wrote, mostly JSON; `kind` is `function` or the vendor's other word."""

    id: str
    name: str
    arguments: str
    kind: str = "function"
    extra: JsonObject | None = None


@dataclass(slots=True)
class Opaque:
    """A block only its own dialect knows (a server tool's result, say), passed on as it came."""

    data: JsonObject


Part = Text | Image | Audio | File | Reasoning | Refusal | ToolCall | Opaque


@dataclass(slots=True)
class Message:
    role: Role
    parts: list[Part]
    name: str | None = None
    tool_call_id: str | None = None
    is_error: bool = False
    extra: JsonObject | None = None


@dataclass(slots=True)
class Tool:
    """`parameters` is a JSON schema; None where the tool takes none or is not a function.

    A tool of another `kind` than `function` is the vendor's own; `extra` holds all of it.
    """

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    extra: JsonObject | None = None
    kind: str = "function"


@dataclass(slots=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class ResponseFormat:
    kind: Literal["text", "json_object", "json_schema"]
    schema: JsonObject | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class Options:
    """Sampling and shape of the answer; None is "not said"."""

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: list[str] | None = None
    seed: int | None = None
    n: int | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None


@dataclass(slots=True)
class PromptReference:
    """A published prompt asked for by name; rendered to messages before anything else happens."""

    name: str
    label: str | None = None
    version: int | None = None
    variables: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """What a retrieval step assembled; becomes part of the system message, its sources are recorded."""

    assembled_context: str = ""
    sources: list[JsonObject] = field(default_factory=list)
    metadata: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class CachePolicy:
    """`ttl` in seconds. Mode auto caches at temperature 0 only."""

    mode: Literal["auto", "on", "off", "refresh"] = "auto"
    ttl: int | None = None


@dataclass(slots=True)
class Metadata:
    user_id: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    purpose: Purpose = "chat"
    priority: Priority = "normal"
    tags: dict[str, str] = field(default_factory=dict)


CAPABILITIES = ("streaming", "tools", "vision", "audio", "files", "structured", "reasoning")
"""What a model can do beside reading and writing text."""


@dataclass(slots=True, frozen=True)
class Requirements:
    """What a model must meet to be chosen for a request: `context_window` in tokens, `max_cost` in picodollars for the
    request, `min_quality` 1 to 10, `max_latency_ms` until its answers begin."""

    capabilities: frozenset[str] = frozenset()
    context_window: int | None = None
    max_cost: int | None = None
    min_quality: int | None = None
    max_latency_ms: float | None = None


@dataclass(slots=True, frozen=True, eq=False)
class Original:
    """A request as it came over the wire, and what was read from it: as long as that is still what is wanted, an
    upstream of the same dialect is sent these very words."""

    body: JsonObject
    messages: list[Message]
    options: Options


@dataclass(slots=True)
class Request:
    """What is wanted. `dialect` names the wire format it came in, whose words all the `extra`s are.

    `headers` are those of its client that go on to an upstream of the same dialect, by their lower-case names.
    """

    messages: list[Message]
    model: str | None = None
    provider: str | None = None
    prompt: PromptReference | None = None
    context: Context | None = None
    options: Options = field(default_factory=Options)
    fallbacks: list[str] | None = None
    requirements: Requirements | None = None
    cache: CachePolicy = field(default_factory=CachePolicy)
    metadata: Metadata = field(default_factory=Metadata)
    stream: bool = False
    include_usage: bool = False
    legacy_functions: bool = False
    dialect: str = "native"
    headers: dict[str, str] = field(default_factory=dict)
    extra: JsonObject | None = None
    original: Original | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Usage:
    """Token counts. Prompt tokens include cached and cache-written ones, completion tokens include reasoning.

    `estimated`: counted by us, or by the vendor so far, in a stream that has not come to its end.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    extra: JsonObject | None = None
    hour_write_tokens: int = 0
    """Of the cache-written ones, those to be kept for an hour, which cost more than the usual five minutes."""


@dataclass(slots=True)
class Started:
    """The vendor has begun; no content yet. `dialect` names whose words all the `extra`s of this answer are.

    It comes again, with what is new alone, when the vendor says more about the answer as a whole.
    """

    upstream_id: str | None = None
    upstream_model: str | None = None
    extra: JsonObject | None = None
    dialect: str | None = None


@dataclass(slots=True)
class TextDelta:
    text: str
    choice: int = 0


@dataclass(slots=True)
class ReasoningDelta:
    text: str
    signature: str | None = None
    choice: int = 0


@dataclass(slots=True)
class RefusalDelta:
    text: str
    choice: int = 0


@dataclass(slots=True)
class ToolCallDelta:
    """`index` counts a choice's calls from 0 without gaps; id, name and kind come once, arguments in pieces."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    kind: str = "function"
    choice: int = 0
    extra: JsonObject | None = None


@dataclass(slots=True)
class ExtraDelta:
    """Fields of a choice that only its own dialect knows (logprobs); those of its message (audio) are in `message`."""

    fields: JsonObject
    choice: int = 0


@dataclass(slots=True)
class BlockDelta:
    """A block of the answer begins, or, without a `kind`, its dialect says more of the one at hand.

    Only dialects whose answers are made of blocks say this, before what the block holds. `extra` is in their words: of
    an opaque block all of it.
    """

    kind: BlockKind | None = None
    extra: JsonObject | None = None
    choice: int = 0


@dataclass(slots=True)
class Finished:
    """The end of one choice. `native` is the vendor's own word for the reason."""

    reason: FinishReason
    choice: int = 0
    native: str | None = None


@dataclass(slots=True)
class UsageReport:
    """Cumulative: the last one counts."""

    usage: Usage


Content = TextDelta | ReasoningDelta | RefusalDelta | ToolCallDelta | BlockDelta | ExtraDelta
Event = Started | Content | Finished | UsageReport
CONTENT = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta, BlockDelta)

Events = list[Event]
"""The events that one read from the network brought. Streams are handed on in these batches, so that a hop between
two layers is paid once for a burst of chunks and a burst leaves as one write."""

EventStream = AsyncGenerator[Events, None]


@dataclass(slots=True)
class Block:
    """A stretch of a choice: `length` characters of its text or reasoning, or one of its calls, in order of kind.

    An opaque block is in no text of ours: `extra` is all of it.
    """

    kind: BlockKind
    length: int = 0
    signature: str | None = None
    extra: JsonObject | None = None


@dataclass(slots=True)
class Choice:
    """What was said, gathered by kind; `blocks` tells in which order, where the vendor's dialect has one."""

    text: str = ""
    reasoning: str = ""
    reasoning_signature: str | None = None
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    native_finish_reason: str | None = None
    extra: JsonObject | None = None
    blocks: list[Block] | None = None


@dataclass(slots=True)
class Completion:
    """The folded answer; `usage` is None where the vendor never said."""

    choices: list[Choice] = field(default_factory=list)
    usage: Usage | None = None
    upstream_id: str | None = None
    upstream_model: str | None = None
    extra: JsonObject | None = None
    dialect: str | None = None
