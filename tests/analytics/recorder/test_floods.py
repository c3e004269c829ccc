"""Over ten refusals a second and key share one row for each error; the journal always knows how many there were."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from analytics.recorder.floods import OWN_ROWS, Floods
from analytics.recorder.journal import Journal, homes, segments
from llm.call import Attempt, Record
from tests.analytics.records import departed, record, refused


class Flow:
    """Refusals at times of the test's choosing."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = 100.0, folder
        self.floods = Floods(Journal(folder), lambda: self.now)

    def refuse(self, times: int, **said: object) -> list[bool]:
        return [self.floods.gathers(refused(**said)) for _ in range(times)]

    def over(self) -> list[Record]:
        self.now += 1
        return self.floods.over()


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return Flow(tmp_path)


def test_the_first_ten_have_rows_of_their_own(flow: Flow) -> None:
    assert flow.refuse(12) == [False] * OWN_ROWS + [True] * 2


def test_the_rest_share_a_row_that_counts_them(flow: Flow) -> None:
    flow.refuse(OWN_ROWS + 7)
    assert [row.requests for row in flow.over()] == [7]
    assert flow.over() == []


def test_a_row_is_not_handed_out_before_its_second_is_over(flow: Flow) -> None:
    flow.refuse(OWN_ROWS + 1)
    assert flow.floods.over() == []
    assert flow.floods.open
    assert len(flow.over()) == 1
    assert not flow.floods.open


def test_the_second_ends_with_the_next_refusal_too(flow: Flow) -> None:
    flow.refuse(OWN_ROWS + 2)
    flow.now += 1
    assert flow.refuse(1) == [False]
    assert flow.floods.open
    assert [row.requests for row in flow.floods.over()] == [2]


def test_each_key_and_each_error_has_its_own_row(flow: Flow) -> None:
    flow.refuse(OWN_ROWS, key_id=1)
    flow.refuse(OWN_ROWS, key_id=2)
    flow.refuse(2, key_id=1, error_code="rate_limited")
    flow.refuse(3, key_id=1, error_code="not_found")
    flow.refuse(4, key_id=2, error_code="rate_limited")
    said = {(row.key_id, row.error_code): row.requests for row in flow.over()}
    assert said == {(1, "rate_limited"): 2, (1, "not_found"): 3, (2, "rate_limited"): 4}


def test_only_refusals_that_reached_no_provider_are_gathered(flow: Flow) -> None:
    flow.refuse(OWN_ROWS)
    assert not flow.floods.gathers(record(status="ok"))
    assert not flow.floods.gathers(refused(attempts=[Attempt("openai", "m")]))
    assert not flow.floods.gathers(departed(status="refused"))


def test_all_of_them_are_handed_out_at_the_end(flow: Flow) -> None:
    flow.refuse(OWN_ROWS + 1)
    assert len(flow.floods.over(all_of_them=True)) == 1


def test_the_journal_has_the_row_with_the_count_so_far(flow: Flow) -> None:
    flow.refuse(OWN_ROWS + 3)
    (home,) = homes(flow.folder)
    lines = [orjson.loads(line[1:]) for path in segments(home) for line in path.read_bytes().splitlines()]
    assert [line["requests"] for line in lines] == [1, 2, 3]
    assert len({line["id"] for line in lines}) == 1
