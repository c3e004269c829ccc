"""What a record says survives the journal; what a database cannot store is written out instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models import RequestBody, RequestLog
from analytics.recorder import rows
from llm.call import Attempt, Body, Record
from llm.types import Completion, Message, Text
from tests.analytics.records import departed, record, spoken


def decoded(data: bytes) -> Record:
    return rows.decode(orjson.loads(data))


def test_the_columns_are_those_of_the_table() -> None:
    assert {field.name for field in RequestLog._meta.fields} == set(rows.COLUMNS)
    assert {field.name for field in RequestBody._meta.fields} == set(rows.BODY_COLUMNS)


def test_the_row_holds_the_whole_record_but_its_body_and_what_the_ledger_knows() -> None:
    assert {field.name for field in fields(Record)} - set(rows.COLUMNS) == {"body", "reserved", "charges"}


def test_a_record_survives_the_way_into_the_journal_and_back() -> None:
    said = departed(tags={"team": "a"}, sources=[{"id": "doc"}], warnings=["w"], cost=None, price={"input": 1})
    assert decoded(rows.encode(said)) == said


def test_bodies_never_get_into_a_row() -> None:
    assert b"Hello" not in rows.encode(record(body=spoken()))
    assert b"Hello" not in rows.encode_departure(record(body=spoken()))


def test_a_body_is_kept_as_plain_json() -> None:
    body = Body({"messages": [Message("user", [Text("Hi")])]}, Completion())
    kept = orjson.loads(rows.encode_body(record(organisation_id=7), body))
    assert kept["organisation_id"] == 7
    assert kept["request"]["messages"][0]["parts"][0]["text"] == "Hi"
    assert kept["answer"]["choices"] == []


def test_the_departure_says_what_an_interrupted_call_may_have_cost() -> None:
    said = departed(reserved=5_000, user_id="ada", prompt="greeting", prompt_version=3)
    found = rows.interrupted(decoded(rows.encode_departure(said)))
    assert (found.status, found.cost, found.user_id, found.prompt_version) == ("interrupted", 5_000, "ada", 3)
    assert (found.provider, found.attempts[-1].outcome) == ("openai", "interrupted")


def test_an_unknown_reservation_is_an_unknown_cost_and_not_nothing() -> None:
    assert rows.interrupted(decoded(rows.encode_departure(record()))).cost is None


def test_a_line_of_another_version_is_understood() -> None:
    line = orjson.loads(rows.encode(departed()))
    line["invented_later"] = 1
    line["attempts"][0]["invented_later"] = 1
    del line["retries"], line["saved"]
    found = rows.decode(line)
    assert (found.retries, found.saved, found.attempts[0].provider) == (0, None, "openai")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a\0b", "a\\u0000b"),
        ("a\ud800b", "a\\ud800b"),
        ("a\\u0000b", "a\\u0000b"),
        (2**80, str(2**80)),
        (-(2**80), str(-(2**80))),
        ({1: "x\0"}, {"1": "x\\u0000"}),
        (("a", {"b"}, "\0"), ["a", "<set>", "\\u0000"]),
        ([None, True, 1.5, "\0"], [None, True, 1.5, "\\u0000"]),
        ([datetime(2026, 11, 20, tzinfo=UTC), "\0"], ["2026-11-20T00:00:00+00:00", "\\u0000"]),
        ([object(), date(2026, 1, 1)], ["<object>", "<date>"]),
    ],
)
def test_what_json_or_a_database_cannot_hold_is_written_out(said: Any, written: Any) -> None:
    assert orjson.loads(rows.dump(said)) == written


def test_dataclasses_are_escaped_field_by_field() -> None:
    assert orjson.loads(rows.dump(Text("a\0")))["text"] == "a\\u0000"


def test_an_id_stays_an_id_beside_what_must_be_escaped() -> None:
    said = record(user_id="a\0", attempts=[Attempt("o\ud800", "m")])
    found = decoded(rows.encode(said))
    assert (found.id, found.user_id, found.attempts[0].provider) == (said.id, "a\\u0000", "o\\ud800")


def test_what_is_nested_without_end_is_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert b"\xe2\x80\xa6" in rows.dump(endless)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_whatever_it_is_given_json_without_nul_and_surrogates_comes_out(said: Any) -> None:
    for text in texts(orjson.loads(rows.dump(said))):
        assert "\0" not in text
        text.encode()


def texts(said: Any) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, list | dict):
        for item in said if isinstance(said, list) else (*said.keys(), *said.values()):
            yield from texts(item)
