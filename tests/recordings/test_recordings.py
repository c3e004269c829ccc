"""What real vendors said comes through as they said it, in the caller's dialect and in OpenAI's."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.recordings.asking import Outcome, outcomes
from tests.recordings.cases import Case, load
from tests.recordings.known import KNOWN

CASES = load()
RECORDED = Counter({"openai.chat": 74, "anthropic.messages": 20, "gemini.generate": 38})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return {outcome.case.id: outcome for outcome in outcomes(CASES, tmp_path_factory.mktemp("recordings"))}


def test_no_fewer_recordings_agree_than_did(found: dict[str, Outcome]) -> None:
    """A larger set may hold more."""
    agreed = Counter(outcome.case.endpoint for outcome in found.values() if not outcome.reasons)
    assert agreed >= RECORDED


@pytest.mark.parametrize("case", [case for case in CASES if case.id not in KNOWN], ids=lambda case: case.id)
def test_the_answer_is_the_recorded_one(found: dict[str, Outcome], case: Case) -> None:
    assert found[case.id].reasons == []


def test_what_is_explained_still_needs_an_explanation(found: dict[str, Outcome]) -> None:
    assert [name for name in KNOWN if name in found and not found[name].reasons] == []
