"""Fixtures of the core's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.llm.own_redis import OwnRedis


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., OwnRedis]]:
    """Starts a Redis with the options given, for this test alone."""
    started: list[OwnRedis] = []

    def start(*options: str) -> OwnRedis:
        server = OwnRedis(tmp_path, *options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def own_redis(start_redis: Callable[..., OwnRedis]) -> OwnRedis:
    """A running Redis that nobody else uses: freeze and kill it at will."""
    return start_redis()
