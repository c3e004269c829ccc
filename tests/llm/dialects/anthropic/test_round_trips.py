"""What the Anthropic dialect writes, it reads back as the same thing; and what it read, it writes letter for letter."""

from __future__ import annotations

import orjson
from hypothesis import given

from llm.call import Record
from llm.dialects import anthropic
from llm.dialects.anthropic import StreamRenderer, Target
from llm.fold import Fold, replay
from llm.providers.sse import StreamedAnswer
from llm.types import Completion, Events, JsonObject, Request
from tests.llm.dialects.anthropic.generated import completions, requests, streams
from tests.llm.dialects.records import a_record


def folded(*batches: Events) -> Completion:
    fold = Fold()
    for batch in batches:
        fold.add(batch)
    return fold.completion


def as_ours(completion: Completion, record: Record) -> Completion:
    """To its client an answer's id is ours; the vendor's is kept in the record."""
    completion.upstream_id = f"gen_{record.id}"
    return completion


def rendered(request: Request, dropped: list[str]) -> JsonObject:
    target = Target(request.model or "")
    return anthropic.render_request(request, target=target, max_tokens=request.options.max_tokens, dropped=dropped)


@given(request=requests())
def test_a_request_survives(request: Request) -> None:
    dropped: list[str] = []
    body = rendered(request, dropped)

    assert anthropic.parse_request(orjson.loads(orjson.dumps(body))) == request
    assert dropped == []


@given(request=requests())
def test_a_body_goes_on_letter_for_letter(request: Request) -> None:
    body = rendered(request, [])
    dropped: list[str] = []

    again = rendered(anthropic.parse_request(orjson.loads(orjson.dumps(body))), dropped)

    assert orjson.dumps(again) == orjson.dumps(body)
    assert dropped == []


@given(completion=completions)
def test_a_completion_survives(completion: Completion) -> None:
    record = a_record()
    body = anthropic.render_completion(Request([]), record, completion)

    assert folded(anthropic.parse_completion(orjson.loads(orjson.dumps(body)))) == as_ours(completion, record)


@given(batches=streams())
def test_a_stream_survives(batches: list[Events]) -> None:
    record = a_record()
    renderer = StreamRenderer(Request([]), record)
    sent = folded(*batches)

    stream = b"".join([*map(renderer.render_events, batches), renderer.render_done(record, sent)])
    answer = StreamedAnswer(anthropic.StreamParser())

    assert folded(answer.feed(stream), answer.end()) == as_ours(sent, record)
    assert answer.is_done
    assert answer.failure is None


@given(completion=completions)
def test_a_replayed_answer_folds_to_itself(completion: Completion) -> None:
    assert folded(replay(completion)) == completion
