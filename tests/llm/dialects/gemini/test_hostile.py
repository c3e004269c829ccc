"""Whatever Gemini sends, and whatever it is to be sent, ends in an answer or in one of our errors."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from llm.dialects import gemini
from llm.errors import ProviderError
from llm.fold import Fold
from llm.types import Request
from tests.llm.dialects.generated import json_values, requests

PART_FIELDS = ["text", "thought", "thoughtSignature", "functionCall", "inlineData", "executableCode", "x"]
CALL_FIELDS = ["id", "name", "args", "willContinue"]
CANDIDATE_FIELDS = ["content", "finishReason", "index", "groundingMetadata", "safetyRatings"]
COUNTS = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount", "trafficType"]
CHUNK_FIELDS = ["candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback", "error"]


def objects(names: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return json_values | st.dictionaries(st.sampled_from(names), values, max_size=4)


parts = objects(PART_FIELDS, json_values | objects(CALL_FIELDS, json_values))
contents = json_values | st.fixed_dictionaries({"parts": json_values | st.lists(parts, max_size=3)})
candidates = objects(CANDIDATE_FIELDS, json_values | contents | st.sampled_from(["STOP", "SAFETY", 0, 1]))
chunks = objects(
    CHUNK_FIELDS,
    json_values
    | st.lists(candidates, max_size=3)
    | objects(COUNTS, json_values)
    | objects(["blockReason"], json_values),
)


@given(answer=st.lists(chunks, max_size=3))
@example(answer=[{"candidates": [{"content": {"parts": [{"functionCall": {"args": 5, "name": [1]}}]}}]}])
def test_an_answer_is_read_or_becomes_a_provider_error(answer: list[Any]) -> None:
    parser = gemini.ChunkParser()
    with contextlib.suppress(ProviderError):
        for chunk in answer:
            Fold().add(parser.parse_chunk(chunk))
    with contextlib.suppress(ProviderError):
        gemini.parse_completion(answer)


@given(request=requests(), model=st.sampled_from(["gemini-2.5-pro", "gemini-3.8-flash", "x"]))
def test_a_request_is_written_or_refused(request: Request, model: str) -> None:
    with contextlib.suppress(ProviderError):
        body = gemini.render_request(request, model=model, max_tokens=1, dropped=[])

        assert body["contents"]
        assert all(content["parts"] for content in body["contents"])
        roles = [content["role"] for content in body["contents"]]
        assert all(one != other for one, other in pairwise(roles))
