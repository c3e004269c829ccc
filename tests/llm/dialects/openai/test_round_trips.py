"""What the OpenAI dialect writes, it reads back as the same thing."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given

from llm.call import Record
from llm.dialects import openai
from llm.dialects.openai import ChunkParser, Profile, StreamRenderer
from llm.fold import Fold
from llm.types import Completion, Events, Request
from tests.llm.dialects.generated import completions, requests, streams
from tests.llm.dialects.records import a_record

EVERYTHING = Profile(output_bound="max_completion_tokens", reasoning_field="reasoning_content", developer_role=True)


def folded(*batches: Events) -> Completion:
    fold = Fold()
    for batch in batches:
        fold.add(batch)
    return fold.completion


def as_ours(completion: Completion, record: Record) -> Completion:
    """To its client an answer's id is ours; the vendor's is kept in the record."""
    completion.upstream_id = f"gen_{record.id}"
    return completion


def frames(stream: bytes) -> list[Any]:
    blocks = stream.decode().split("\n\n")
    assert blocks.pop() == ""
    assert blocks.pop() == "data: [DONE]"
    return [orjson.loads(block.removeprefix("data: ")) for block in blocks]


@given(request=requests())
def test_a_request_survives(request: Request) -> None:
    dropped: list[str] = []
    body = openai.render_request(
        request,
        model=request.model or "",
        max_tokens=request.options.max_tokens,
        profile=EVERYTHING,
        dropped=dropped,
    )

    assert openai.parse_request(orjson.loads(orjson.dumps(body))) == request
    assert dropped == []


@given(completion=completions)
def test_a_completion_survives(completion: Completion) -> None:
    record = a_record()
    body = openai.render_completion(Request([]), record, completion)

    assert folded(openai.parse_completion(orjson.loads(orjson.dumps(body)))) == as_ours(completion, record)


@given(batches=streams())
def test_a_stream_survives(batches: list[Events]) -> None:
    record = a_record()
    renderer = StreamRenderer(Request([], include_usage=True), record)
    sent = folded(*batches)

    stream = b"".join([*map(renderer.render_events, batches), renderer.render_done(record, sent)])
    parser = ChunkParser()

    assert folded(*map(parser.parse_chunk, frames(stream))) == as_ours(sent, record)
