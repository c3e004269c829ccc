"""What real vendors said comes through as they said it, in the caller's dialect and in OpenAI's."""

from __future__ import annotations

from collections import Counter

import pytest

from llm.wiring import KINDS
from tests.recordings.asking import Outcome, outcomes
from tests.recordings.cases import Case, load
from tests.recordings.known import KNOWN

CASES = [case for case in load() if case.kind in KINDS]
RECORDED = {"openai.chat": 74, "anthropic.messages": 20, "gemini.generate": 38}
SPOKEN = {"openai.chat": "openai", "anthropic.messages": "anthropic", "gemini.generate": "google"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return {outcome.case.id: outcome for outcome in outcomes(CASES, tmp_path_factory.mktemp("recordings"))}


def test_every_recording_of_a_dialect_we_speak_is_asked(found: dict[str, Outcome]) -> None:
    asked = Counter(outcome.case.endpoint for outcome in found.values())
    assert asked >= Counter({name: count for name, count in RECORDED.items() if SPOKEN[name] in KINDS})


@pytest.mark.parametrize("case", [case for case in CASES if case.id not in KNOWN], ids=lambda case: case.id)
def test_the_answer_is_the_recorded_one(found: dict[str, Outcome], case: Case) -> None:
    assert found[case.id].reasons == []


def test_what_is_explained_still_needs_an_explanation(found: dict[str, Outcome]) -> None:
    assert [name for name in KNOWN if name in found and not found[name].reasons] == []
