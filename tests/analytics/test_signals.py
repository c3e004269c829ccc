"""`recorded` reaches every receiver, whatever the others do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analytics.signals import announce, recorded
from llm.call import Record
from tests.analytics.records import record


@pytest.fixture
def heard() -> Iterator[list[Record]]:
    said: list[Record] = []

    def fails(**_: Any) -> None:
        raise ZeroDivisionError

    def listens(records: list[Record], **_: Any) -> None:
        said.extend(records)

    recorded.connect(fails)
    recorded.connect(listens)
    yield said
    recorded.disconnect(fails)
    recorded.disconnect(listens)


def test_a_receiver_that_fails_is_logged_and_stops_nobody(
    heard: list[Record], caplog: pytest.LogCaptureFixture
) -> None:
    told = [record(), record()]
    announce(told)
    assert heard == told
    assert "ZeroDivisionError" in caplog.text


def test_no_records_are_no_news(heard: list[Record], caplog: pytest.LogCaptureFixture) -> None:
    announce([])
    assert caplog.text == ""


def test_without_receivers_nothing_happens() -> None:
    announce([record()])
