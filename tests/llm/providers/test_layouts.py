"""A stream is understood however a vendor lays it out and whatever it calls it."""

from __future__ import annotations

from typing import Any

import pytest

from llm.errors import ProviderError, ProviderOverloaded, ProviderRateLimited
from llm.types import Completion
from tests.llm.providers.asking import ask, openai_provider, upstream_call
from tests.recordings.cases import Case
from tests.recordings.replay import replaying

ONE = b'{"id":"c1","choices":[{"index":0,"delta":{"content":"Gr\xc3\xbc"}}]}'
TWO = b'{"id":"c1","choices":[{"index":0,"delta":{"content":"\xc3\x9fe"},"finish_reason":"stop"}]}'
EVENTS = b"data: " + ONE + b"\n\ndata: " + TWO + b"\n\ndata: [DONE]\n\n"
WHOLE = b'{"id":"c1","choices":[{"index":0,"message":{"content":"Gr\xc3\xbc\xc3\x9fe"},"finish_reason":"stop"}]}'
BUSY = b'{"error":{"message":"Later.","code":429}}'

ANSWERS: dict[str, tuple[str, bytes]] = {
    "as events": ("text/event-stream", EVENTS),
    "as events behind a mark": ("text/event-stream", b"\xef\xbb\xbf" + EVENTS),
    "as events with CRLF": ("text/event-stream", EVENTS.replace(b"\n", b"\r\n")),
    "as events called JSON": ("application/json", EVENTS),
    "as events called nothing": ("application/octet-stream", EVENTS),
    "as JSON lines": ("application/x-ndjson", ONE + b"\n" + TWO + b"\n"),
    "as JSON lines without a last end": ("application/jsonl", ONE + b"\n" + TWO),
    "as one JSON text": ("application/json", WHOLE),
    "as one JSON text called events": ("text/event-stream", WHOLE),
    "as one JSON text behind a mark": ("application/json", b"\xef\xbb\xbf" + WHOLE),
}
ERRORS: dict[str, tuple[str, bytes, type[ProviderError]]] = {
    "in an event": ("text/event-stream", b"data: " + ONE + b"\n\ndata: " + BUSY + b"\n\n", ProviderRateLimited),
    "in an event called so": ("text/event-stream", b"event: error\ndata: " + BUSY + b"\n\n", ProviderRateLimited),
    "bare among events": ("text/event-stream", b"data: " + ONE + b"\n\n" + BUSY + b"\n", ProviderRateLimited),
    "bare and alone": ("text/event-stream", BUSY, ProviderRateLimited),
    "as JSON": ("application/json", BUSY, ProviderRateLimited),
    "in a list": ("application/json", b"[" + BUSY + b"]", ProviderRateLimited),
    "in a line": ("application/x-ndjson", ONE + b'\n{"error":"Full.","error_type":"overloaded"}\n', ProviderOverloaded),
}


async def heard(kind: str, body: bytes) -> Completion:
    told: dict[str, Any] = {"request": {}, "expected": {}, "endpoint": "openai.chat", "vendor": "other"}
    case = Case(id="case", status=200, headers={"content-type": kind}, body=body, is_sse=True, is_stream=True, **told)
    with replaying([case]) as vendor:
        async with openai_provider(f"{vendor}/v1") as provider:
            return await ask(provider, upstream_call("case", stream=True))


@pytest.mark.parametrize(("kind", "body"), ANSWERS.values(), ids=ANSWERS)
async def test_the_answer_comes(kind: str, body: bytes) -> None:
    (choice,) = (await heard(kind, body)).choices
    assert (choice.text, choice.finish_reason) == ("Grüße", "stop")


@pytest.mark.parametrize(("kind", "body", "error"), ERRORS.values(), ids=ERRORS)
async def test_the_error_comes(kind: str, body: bytes, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        await heard(kind, body)
