"""An alarm counts every time and speaks at most every ten seconds."""

from __future__ import annotations

import logging
import time

import pytest

from analytics.recorder.alarm import Alarm


def test_it_speaks_at_once_then_rarely_and_counts_every_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    alarm = Alarm(logging.getLogger("test"), "Something fails", logging.CRITICAL)
    alarm.ring("because")
    alarm.ring(times=3)
    now[0] += 10
    alarm.ring()
    assert alarm.count == 5
    assert [record.getMessage() for record in caplog.records] == [
        "Something fails (1 so far) because",
        "Something fails (5 so far) ",
    ]
    assert {record.levelname for record in caplog.records} == {"CRITICAL"}
