"""Every dialect that callers speak fits the one seam."""

from __future__ import annotations

import pytest

from llm.dialects import native, openai
from llm.dialects.base import HEARTBEAT, Dialect
from llm.types import Choice, Completion, Request, TextDelta
from tests.llm.dialects.records import a_record

DIALECTS: tuple[Dialect, ...] = (native, openai)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_request_names_the_dialect_it_came_in(dialect: Dialect) -> None:
    assert dialect.parse_request({"messages": [{"role": "user", "content": "a"}]}).dialect == dialect.name


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_frame_is_whole(dialect: Dialect) -> None:
    record = a_record()
    renderer = dialect.StreamRenderer(Request([]), record)
    for frame in (
        renderer.render_events([TextDelta("a\n\nb")]),
        renderer.render_done(record, Completion([Choice("a\n\nb")])),
        HEARTBEAT,
    ):
        lines = frame.decode().split("\n")
        assert frame.endswith(b"\n\n")
        assert all(line.startswith(("data: ", "event: ", ":")) or not line for line in lines)
