"""Words that choose what is said: text, reasoning, calls, refusals, and how it ends."""

from __future__ import annotations

import json

from tests.upstream.answers import call_tools, sample, split_words
from tests.upstream.scene import Scene
from tests.upstream.vocabulary import word

FOREIGN = "Grüße aus Zürich, 世界 und 👩‍🚀 naïve cafés"


@word("after-{n}", "answer")
def after(scene: Scene, n: int) -> None:
    """Moves the faults that strike a stream after its first word to after the `n`th; `after-0`: before all words."""
    scene.middle = n


@word("words-{n}", "answer")
def words(scene: Scene, n: int) -> None:
    """`n` numbered words instead of the echo."""
    for choice in scene.answer.choices:
        choice.words = split_words(" ".join(f"word{number}" for number in range(1, n + 1)))


@word("json", "answer")
def as_json(scene: Scene) -> None:
    """A JSON object after the asked schema, else `{"answer": <the echo>}`. (Any model answers in JSON if
    `response_format` asks.)"""
    schema = scene.question.schema
    value = sample(schema) if schema else {"answer": scene.question.text}
    for choice in scene.answer.choices:
        choice.words = split_words(json.dumps(value))


@word("foreign", "answer")
def foreign(scene: Scene) -> None:
    """Words of two, three and four bytes a letter, not escaped in the JSON."""
    for choice in scene.answer.choices:
        choice.words = split_words(FOREIGN)


@word("huge-{n}mb", "answer")
def huge(scene: Scene, n: int) -> None:
    """`n` megabytes of text, in words of 64 KiB."""
    for choice in scene.answer.choices:
        choice.words = [" " + "x" * 65_535 for _ in range(n * 16)]


@word("line-{n}mb", "answer")
def line(scene: Scene, n: int) -> None:
    """One word of `n` megabytes: one line of the stream."""
    for choice in scene.answer.choices:
        choice.words = ["x" * (n << 20)]


@word("tool", "answer")
def tool(scene: Scene) -> None:
    """One call of the first offered tool (else `get_weather`), its arguments in fragments; a `function_call` where the
    request had `functions`. (Any model calls if `tool_choice` demands it.)"""
    call_tools(scene.answer, scene.question, 1)


@word("tool-first", "answer")
def tool_first(scene: Scene) -> None:
    """One call as `tool` makes it, until what is said last is the result of one: then the echo."""
    if not scene.question.answers:
        call_tools(scene.answer, scene.question, 1)


@word("tools-{n}", "answer")
def tools(scene: Scene, n: int) -> None:
    """`n` calls at once, of the offered tools in turn."""
    call_tools(scene.answer, scene.question, n)


@word("text-and-tool", "answer")
def text_and_tool(scene: Scene) -> None:
    """The echo first, then one call."""
    before = [choice.words for choice in scene.answer.choices]
    call_tools(scene.answer, scene.question, 1)
    for choice, spoken in zip(scene.answer.choices, before, strict=True):
        choice.words = spoken


@word("bad-arguments", "answer")
def bad_arguments(scene: Scene) -> None:
    """One call whose arguments break off: no JSON."""
    call_tools(scene.answer, scene.question, 1)
    for choice in scene.answer.choices:
        choice.calls[0].arguments = '{"city": "Par'


@word("reasoning", "answer")
def reasoning(scene: Scene) -> None:
    """Three words of thought before the echo, counted as reasoning tokens."""
    for choice in scene.answer.choices:
        choice.reasoning = split_words("Let me think.")


@word("reasoning-hidden-{n}", "answer")
def reasoning_hidden(scene: Scene, n: int) -> None:
    """`n` reasoning tokens in the usage alone."""
    scene.answer.hidden_reasoning = n


@word("refusal", "answer")
def refusal(scene: Scene) -> None:
    """A refusal instead of words, finish reason stop."""
    for choice in scene.answer.choices:
        choice.words, choice.refusal = [], split_words("I cannot help with that.")


@word("silent", "answer")
def silent(scene: Scene) -> None:
    """No words at all, but a finish reason: an answer nevertheless."""
    for choice in scene.answer.choices:
        choice.words = []


@word("finish-{text}", "answer")
def finish(scene: Scene, text: str) -> None:
    """That finish reason: `finish-length`, `finish-content_filter`, `finish-invented`. (Any model says length if
    `max_tokens` cuts its words.)"""
    for choice in scene.answer.choices:
        choice.finish = text


@word("cached", "answer")
def cached(scene: Scene) -> None:
    """Half of the prompt's tokens were cached."""
    scene.answer.cached_tokens = scene.answer.prompt_tokens // 2


@word("prompt-{n}", "answer")
def prompt(scene: Scene, n: int) -> None:
    """Usage with `n` prompt tokens, whatever was asked."""
    scene.answer.prompt_tokens = n
