"""What was asked and what is said in return, in no vendor's words. A token here is a word."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Tool:
    name: str
    schema: JsonObject


@dataclass(slots=True)
class Question:
    """`text` is the last thing the user said, `key` the vendor key it came with, `root` the server's own address.

    `counts`: no answer is wanted, only the prompt's tokens; `answers`: what is said last is the result of a call.
    """

    model: str
    text: str = ""
    prompt_tokens: int = 0
    streamed: bool = False
    wants_usage: bool = False
    choices: int = 1
    max_tokens: int | None = None
    top_logprobs: int | None = None
    tools: list[Tool] = field(default_factory=list)
    must_call: bool = False
    legacy_functions: bool = False
    wants_json: bool = False
    schema: JsonObject | None = None
    key: str = ""
    root: str = ""
    counts: bool = False
    answers: bool = False


@dataclass(slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str

    @property
    def parsed(self) -> Any:
        """The arguments as JSON, where they are some."""
        try:
            return json.loads(self.arguments)
        except ValueError:
            return {}


@dataclass(slots=True)
class Choice:
    """`blocks`, `citations` and `stopped_at` are for shapes that have words for them."""

    words: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish: str = ""
    blocks: list[JsonObject] = field(default_factory=list)
    citations: list[JsonObject] = field(default_factory=list)
    stopped_at: str | None = None

    @property
    def tokens(self) -> int:
        arguments = sum(len(fragments(call.arguments)) for call in self.calls)
        return len(self.words) + len(self.reasoning) + len(self.refusal) + arguments


@dataclass(slots=True)
class Answer:
    """`prompt_tokens` includes `cached_tokens`, but not what was written to a cache; the completion's
    tokens are counted from the choices."""

    choices: list[Choice]
    prompt_tokens: int
    cached_tokens: int = 0
    hidden_reasoning: int = 0
    written_tokens: int = 0
    hour_tokens: int = 0

    @property
    def completion_tokens(self) -> int:
        return self.hidden_reasoning + sum(choice.tokens for choice in self.choices)

    @property
    def reasoning_tokens(self) -> int:
        return self.hidden_reasoning + sum(len(choice.reasoning) for choice in self.choices)


def split_words(text: str) -> list[str]:
    """The words of `text`, each with the white space before it: joined they are the text again."""
    return re.findall(r"\s*\S+(?:\s+$)?", text)


def fragments(arguments: str, size: int = 7) -> list[str]:
    return [arguments[start : start + size] for start in range(0, len(arguments), size)]


def compose(question: Question) -> Answer:
    """The answer of an ordinary model: the echo of what was asked, as JSON where JSON was asked for."""
    said = json.dumps(sample(question.schema or {})) if question.wants_json else question.text
    choices = [Choice(words=split_words(said)) for _ in range(question.choices)]
    for index, choice in enumerate(choices[1:], start=1):
        choice.words.append(f" #{index}")
    answer = Answer(choices, question.prompt_tokens)
    if question.must_call:
        call_tools(answer, question, 1)
    return answer


def call_tools(answer: Answer, question: Question, count: int) -> None:
    """Put `count` calls, to the offered tools in turn, in place of the words."""
    offered = question.tools or [Tool("get_weather", {"properties": {"city": {"const": "Paris"}}})]
    for choice in answer.choices:
        chosen = [offered[index % len(offered)] for index in range(count)]
        choice.words = []
        choice.calls = [
            ToolCall(f"call_{index}", tool.name, json.dumps(sample(tool.schema))) for index, tool in enumerate(chosen)
        ]


def settle(answer: Answer, question: Question) -> None:
    """Cut the words at the bound that was asked for, and name a finish reason where none was chosen."""
    for choice in answer.choices:
        bound = question.max_tokens
        if bound is not None and len(choice.words) > bound:
            choice.words = choice.words[:bound]
            choice.finish = choice.finish or "length"
        choice.finish = choice.finish or ("tool_calls" if choice.calls else "stop")


def sample(schema: JsonObject) -> Any:
    """The smallest thing that `schema` allows, as far as tests need it: no `$ref`, the first of every choice."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        return sample(schema["anyOf"][0])
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: sample(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {"type": "string"}))]
    return {"string": "text", "integer": 1, "number": 1.5, "boolean": True}.get(kind)
