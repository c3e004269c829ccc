"""How many tokens a request has: bounded from above, estimated, or counted with the vendor's own vocabulary.

No tokenizer in use makes more tokens of a text than it has bytes in UTF-8; each vendor adds a frame around messages
and tools. What an image, a recording or a file costs is known to its vendor alone: those are constants.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from types import ModuleType

from llm.canonical import canonical
from llm.types import Audio, File, Image, Message, Opaque, Part, Reasoning, Refusal, Request, Text, ToolCall


@dataclass(slots=True, frozen=True)
class Scale:
    """What each thing weighs, in tokens; `audio` is characters of base64 to a token, `frame` what is around it all."""

    text: Callable[[str], int]
    message: int
    tools: int
    tool: int
    image: int
    file: int
    audio: int
    frame: int


def bound(request: Request) -> int:
    """Never under the truth, and cheap: no vocabulary is needed."""
    return _weigh(request, MOST)


def estimate_request(request: Request) -> int:
    """What the prompt probably has, for any vendor's model."""
    return _weigh(request, TYPICAL)


def count(request: Request, model_name: str) -> int:
    """Exact for the text of OpenAI's models, with tools and media at their usual weight; for others the estimate.

    Loads a vocabulary when first asked (0.1 s, up to 65 MB) and takes 20 ms a megabyte: call it off the event loop.
    """
    vocabulary = vocabulary_of(model_name)
    if vocabulary is None:
        return estimate_request(request)
    return _weigh(request, _exactly(vocabulary, model_name))


def count_text(text: str, model_name: str) -> int:
    """As `count`, for a bare text without a message around it."""
    vocabulary = vocabulary_of(model_name)
    return estimate(text) if vocabulary is None else _counter(vocabulary)(text)


def byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


PIECES = re.compile(
    r"[A-Za-z]{1,8}|\d{1,3}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_A-Za-z]{1,4}|_"
    r"|[!-/:-@\[-^`{-~]{1,4}|[^\w\s]|\n+| {3,}"
)
"""Roughly what vocabularies keep together: a word, three digits, one sign of a dense script, a run of punctuation."""
SAMPLE = 2_000


def estimate(text: str) -> int:
    """Within a fifth for prose, code, JSON and most scripts; too low for random letters, too high for Indic scripts.

    Of a long text three stretches speak for the whole, so that none costs more than half a millisecond.
    """
    length = len(text)
    if length <= 3 * SAMPLE:
        return len(PIECES.findall(text))
    middle = (length - SAMPLE) // 2
    sample = text[:SAMPLE] + text[middle : middle + SAMPLE] + text[-SAMPLE:]
    return len(PIECES.findall(sample)) * length // len(sample)


MOST = Scale(
    text=byte_length,
    message=16,
    tools=1_000,  # the longest preamble that a vendor puts before tools has about 700
    tool=32,
    image=48_169,  # gpt-4o-mini: 2,833 and eight tiles of 5,667; nobody else comes near
    file=450_000,  # a hundred pages, the most a vendor reads, each as text and as a picture
    audio=16,  # 32 tokens a second at the least bit rate that still is speech
    frame=128,  # open models' templates open with a date and a creed of up to 70
)
PLAIN = re.compile("data:(text/|application/json)")
REFERENCES = ("url", "file_id", "file_uri")
TYPICAL = Scale(text=estimate, message=4, tools=100, tool=8, image=1_445, file=5_000, audio=330, frame=3)
"""Typical: gpt-4o's eight tiles; a file of a few pages; 64 kbit/s."""

VOCABULARIES = (
    (re.compile(r"gpt-3\.?5|gpt-4$|gpt-4-|text-embedding-"), "cl100k_base"),
    (re.compile(r"gpt-|chatgpt-|o\d(-|$)|codex-"), "o200k_base"),
)
REASONING = re.compile(r"gpt-5|o\d")
"""Families whose frame is a token shorter."""


def vocabulary_of(model_name: str) -> str | None:
    """The name of the vocabulary that counts exactly for this model, if it is one of OpenAI's."""
    name = _family(model_name)
    return next((vocabulary for pattern, vocabulary in VOCABULARIES if pattern.match(name)), None)


def _family(model_name: str) -> str:
    return model_name.lower().rpartition("/")[2].removeprefix("ft:")


def _exactly(vocabulary: str, model_name: str) -> Scale:
    return replace(TYPICAL, text=_counter(vocabulary), tools=12, frame=2 if REASONING.match(_family(model_name)) else 3)


_loading = Lock()


@cache
def _bindings() -> ModuleType:
    """The tokenizer's extension alone: importing its package first reads every vocabulary into Python, 70 MB more."""
    package = importlib.util.find_spec("bpe_openai")
    assert package is not None
    name = "bpe_openai._bindings"
    spec = importlib.machinery.PathFinder.find_spec(name, package.submodule_search_locations)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _counter(vocabulary: str) -> Callable[[str], int]:
    with _loading:
        tokenizer = _bindings().tokenizer_for_encoding(vocabulary)

    def counter(text: str) -> int:
        tokens: int = tokenizer.count(text.encode("utf-8", "replace").decode())
        return tokens

    return counter


def _weigh(request: Request, scale: Scale) -> int:
    total = scale.frame
    for message in request.messages:
        total += _message(message, scale)
    options = request.options
    if options.tools:
        total += scale.tools + sum(scale.tool + scale.text(_json(tool)) for tool in options.tools)
    if options.response_format and options.response_format.schema:
        total += scale.tool + scale.text(_json(options.response_format.schema))
    if request.extra:
        total += scale.text(_json(request.extra))
    return total


def _message(message: Message, scale: Scale) -> int:
    total = scale.message
    if message.name:
        total += 1 + scale.text(message.name)
    for part in message.parts:
        total += scale.text(part.text) if isinstance(part, Text) else _part(part, scale)
        if isinstance(part, Opaque) and message.role != "assistant":
            total += scale.file * _references(part.data)
    return total


def _part(part: Part, scale: Scale) -> int:
    match part:
        case Text() | Refusal() | Reasoning():
            return scale.text(part.text)
        case ToolCall():
            return scale.tool + scale.text(part.name) + scale.text(part.arguments)
        case Image():
            return scale.image
        case Audio():
            return 1 + len(part.data) // scale.audio
        case File():
            return _file(part, scale)
        case Opaque():
            return scale.text(_json(part.data))


def _file(part: File, scale: Scale) -> int:
    """A plain text has no more tokens than bytes. Of any other file, as of one that lies elsewhere, nobody knows how
    many pages it unfolds to: a hundred empty ones need no more than five kilobytes."""
    url = part.url or ""
    if scale is not MOST or not url.startswith("data:"):
        return scale.file
    return len(url) if PLAIN.match(url) else max(len(url), scale.file)


def _references(value: object) -> int:
    """How much a vendor is to fetch that is no part of a request: by an address, or by an id of its own."""
    match value:
        case dict():
            named = (value.get(name) for name in REFERENCES)
            own = any(isinstance(name, str) and not name.startswith("data:") for name in named)
            return own + sum(map(_references, value.values()))
        case list():
            return sum(map(_references, value))
    return 0


def _json(value: object) -> str:
    return canonical(value).decode()
