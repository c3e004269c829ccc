"""Events come whole out of whatever pieces the network makes of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.errors import ProviderBroken
from llm.providers.sse import MAX_FRAME, FrameReader, LineReader

STREAM = (
    b": a comment\n\ndata: one\n\nevent: named\nid: 7\ndata: two\n\ndata:three\n\ndata: four\ndata: lines\n\n"
    b"event: without data\n\ndata: \xc3\xa9t\xc3\xa9\n\n"
)
PAYLOADS = [b"one", b"two", b"three", b"four\nlines", "été".encode()]


def read(pieces: list[bytes]) -> list[bytes]:
    reader = FrameReader()
    return [payload for piece in pieces for payload in reader.feed(piece)] + reader.end()


def test_a_stream_in_one_piece() -> None:
    assert read([STREAM]) == PAYLOADS


@given(st.lists(st.integers(0, len(STREAM) * 2)), st.booleans())
def test_wherever_it_is_cut_the_payloads_are_the_same(cuts: list[int], crlf: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if crlf else STREAM
    places = [0, *sorted(cuts), len(stream)]
    assert read([stream[a:b] for a, b in pairwise(places)]) == PAYLOADS


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_an_event_does_not_wait_for_the_next_one(newline: bytes) -> None:
    reader = FrameReader()
    assert reader.feed(b"data: one" + newline * 2) == [b"one"]
    assert reader.feed(b"data: two" + newline * 2) == [b"two"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"])
def test_the_last_event_may_lack_its_blank_line(end: bytes) -> None:
    assert read([b"data: one\n\ndata: last" + end]) == [b"one", b"last"]


def test_an_event_without_an_end_is_broken_off() -> None:
    reader = FrameReader()
    reader.feed(b"x" * MAX_FRAME)
    with pytest.raises(ProviderBroken):
        reader.feed(b"x")


@pytest.mark.parametrize("cut", range(6))
def test_a_mark_in_front_of_the_stream_is_no_part_of_it(cut: int) -> None:
    marked = b"\xef\xbb\xbf" + STREAM
    assert read([marked[:cut], marked[cut:]]) == PAYLOADS


def test_an_error_that_breaks_into_a_stream_is_read_too() -> None:
    assert read([b'data: one\n\n{"error":\n "no"}\n\n']) == [b"one", b'{"error":\n "no"}']


@given(st.lists(st.integers(0, 40)))
def test_json_lines_come_whole_out_of_any_pieces(cuts: list[int]) -> None:
    stream = b'{"a":1}\r\n\n{"b":"\xc3\xa9"}\n{"c":3}'
    places = [0, *sorted(cuts), len(stream)]
    reader = LineReader()
    lines = [line for a, b in pairwise(places) for line in reader.feed(stream[a:b])] + reader.end()
    assert [line.strip() for line in lines] == [b'{"a":1}', b'{"b":"\xc3\xa9"}', b'{"c":3}']


def test_a_line_without_an_end_is_broken_off() -> None:
    reader = LineReader()
    reader.feed(b"x" * MAX_FRAME)
    with pytest.raises(ProviderBroken):
        reader.feed(b"x")
